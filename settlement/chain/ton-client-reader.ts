/** Reads a live TON network through one endpoint. It trusts that endpoint. */
import type { Address } from '@ton/core'
import type { TonClient } from '@ton/ton'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { TRANSACTIONS_PAGE_MAX } from '../constants.ts'
import type { ChainBlock, DeepChainReader, TransactionPlace } from '../types.ts'
import { type ChainAccess, callChain, createTonClient, reach, unreachable } from './access.ts'
import { readChannelAccount } from './storage.ts'
import { describeTransaction } from './transaction.ts'

/** The masterchain is never split. */
const MASTERCHAIN = { workchain: -1, shard: '-9223372036854775808' }

const rootHash = z
  .base64()
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
  .refine((bytes) => bytes.length === 32)
const blockId = z.object({ seqno: z.number().int().min(0), root_hash: rootHash })
const masterchainInfo = z.object({ last: blockId })
const blockHeader = z.object({
  id: blockId,
  global_id: z.number().int(),
  gen_utime: z.number().int().min(0),
})

export function tonClientReader(access: ChainAccess): DeepChainReader {
  const client = createTonClient(access)
  return {
    globalId: access.globalId,
    latestBlock: () => latestBlock(access),
    block: (seqno) => blockBySeqno(access, seqno),
    balance: (address) => reach(() => client.getBalance(address)),
    channel: (address) => readChannel(client, address),
    channelAt: (address, seqno) => readChannelAt(access, address, seqno),
    account: (address) => readAccount(client, address),
    transactions: (address, limit, before) =>
      reach(async () => {
        const page = { limit: Math.min(limit, TRANSACTIONS_PAGE_MAX), ...placeOf(before) }
        return (await client.getTransactions(address, page)).map(describeTransaction)
      }),
  }
}

/** The client asks for one more and drops the first, which is the transaction named here. */
function placeOf(before: TransactionPlace | undefined) {
  if (before === undefined) return {}
  return { lt: `${before.lt}`, hash: Buffer.from(before.hash).toString('base64') }
}

async function readAccount(client: TonClient, address: Address) {
  const { state, code, data } = await reach(() => client.getContractState(address))
  return state !== 'active' || code === null || data === null ? undefined : { code, data }
}

async function readChannel(client: TonClient, address: Address) {
  const account = await readAccount(client, address)
  return account && readChannelAccount(address, account.code, account.data)
}

const accountAt = z.object({
  state: z.string(),
  code: z.base64(),
  data: z.base64(),
  block_id: z.object({ workchain: z.number().int(), seqno: z.number().int() }),
})

async function readChannelAt(access: ChainAccess, address: Address, seqno: number) {
  const params = { address: address.toString(), seqno }
  const answer = await callChain(access, 'getAddressInformation', params, accountAt)
  if (!answer.ok) throw unreachable('the endpoint does not know the account at that block')
  const { state, code, data, block_id } = answer.result
  // An endpoint that ignores `seqno` would pass off its newest state as an old one.
  if (block_id.workchain === -1 && block_id.seqno !== seqno) {
    throw unreachable('the endpoint read the account at another block')
  }
  if (state !== 'active') return undefined
  return readChannelAccount(address, Buffer.from(code, 'base64'), Buffer.from(data, 'base64'))
}

async function latestBlock(access: ChainAccess): Promise<ChainBlock> {
  const answer = await callChain(access, 'getMasterchainInfo', {}, masterchainInfo)
  if (!answer.ok) throw unreachable('the endpoint does not know the latest block')
  const { seqno } = answer.result.last
  const block = await blockBySeqno(access, seqno)
  if (block === undefined) throw unreachable('the endpoint does not know its own latest block')
  return block
}

/** How toncenter and the embedded chain say that a block is not there. */
const NO_SUCH_BLOCK = /not found|not applied|not in db|BLOCK_UNKNOWN/i

async function blockBySeqno(access: ChainAccess, seqno: number): Promise<ChainBlock | undefined> {
  const place = { ...MASTERCHAIN, seqno }
  const answer = await callChain(access, 'getBlockHeader', place, blockHeader)
  if (!answer.ok) {
    if (NO_SUCH_BLOCK.test(answer.error)) return undefined
    throw unreachable('the endpoint refused to look up a block')
  }
  const header = answer.result
  if (header.global_id !== access.globalId) throw wrongNetwork(access.globalId, header.global_id)
  if (header.id.seqno !== seqno) throw unreachable('the endpoint answered with another block')
  return { seqno, rootHash: header.id.root_hash, time: header.gen_utime }
}

function wrongNetwork(wanted: number, found: number): ConfigError {
  return new ConfigError('CHAIN_WRONG_NETWORK', `the endpoint serves network ${found}`, {
    remedy: `Configure an endpoint of network ${wanted}.`,
    data: { wanted, found },
  })
}
