/** The methods of toncenter v2 that `TonClient` calls, and four of our own that begin with `dev_`. */
import { Address, Cell } from '@ton/core'
import { GetMethodError } from '@ton/sandbox'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { TRANSACTIONS_PAGE_MAX } from '../constants.ts'
import { FAUCET_NANO_MAX, TIME_STEP_S_MAX } from './constants.ts'
import type { Ledger } from './ledger.ts'
import { encodeSnapshot } from './snapshot.ts'
import {
  decodeStackItem,
  encodeAccount,
  encodeBlockHeader,
  encodeBlockId,
  encodeShortTransaction,
  encodeStackItem,
  encodeTransaction,
} from './toncenter.ts'

const address = z
  .string()
  .max(80)
  .transform((text) => Address.parse(text))
const seqno = z.coerce.number().int().min(0).max(0xffff_ffff)
const workchain = z.coerce.number().int().min(-1).max(0)
const logicalTime = z.coerce.bigint().min(0n)
const boc = z
  .base64()
  .max(256 * 1024)
  .transform((text) => Cell.fromBase64(text))
const stackItem = z.tuple([
  z.enum(['num', 'tvm.Cell', 'tvm.Slice', 'tvm.Builder']),
  z.string().max(64 * 1024),
])

type Method = (ledger: Ledger, params: unknown) => Promise<unknown>

/** Validates the parameters, then answers. */
function method<T>(
  schema: z.ZodType<T>,
  answer: (ledger: Ledger, params: T) => Promise<unknown> | unknown,
): Method {
  return async (ledger, params) => answer(ledger, schema.parse(params ?? {}))
}

function blockAt(ledger: Ledger, number: number) {
  const block = ledger.blocks.find(number)
  if (block !== undefined) return block
  throw new ConfigError('BLOCK_UNKNOWN', 'this chain has no such block, or no longer')
}

const blockPlace = z.object({ workchain, seqno })

const sendBoc = method(z.object({ boc }), async (ledger, params) => ({
  '@type': 'ok',
  hash: (await ledger.submit(params.boc)).toString('base64'),
}))

const causedTransaction = method(
  z.object({ destination: address, created_lt: logicalTime }),
  (ledger, params) => {
    const found = ledger.transactions.causedBy(params.destination, params.created_lt)
    if (found !== undefined) return encodeTransaction(found)
    throw new ConfigError('TRANSACTION_UNKNOWN', 'no such transaction')
  },
)

const CHAIN_METHODS: Record<string, Method> = {
  getMasterchainInfo: method(z.object({}), (ledger) => {
    ledger.tick()
    const last = encodeBlockId(ledger.blocks.latest, -1)
    const init = encodeBlockId(ledger.blocks.all()[0]!, -1)
    const state_root_hash = last['root_hash']
    return { '@type': 'blocks.masterchainInfo', last, init, state_root_hash }
  }),
  lookupBlock: method(blockPlace, (ledger, params) =>
    encodeBlockId(blockAt(ledger, params.seqno), params.workchain),
  ),
  getBlockHeader: method(blockPlace, (ledger, params) =>
    encodeBlockHeader(blockAt(ledger, params.seqno), params.workchain, ledger.globalId),
  ),
  shards: method(z.object({ seqno }), (ledger, params) => ({
    '@type': 'blocks.shards',
    shards: [encodeBlockId(blockAt(ledger, params.seqno), 0)],
  })),
  getBlockTransactions: method(blockPlace, (ledger, params) => ({
    '@type': 'blocks.transactions',
    id: encodeBlockId(blockAt(ledger, params.seqno), params.workchain),
    req_count: 1024,
    incomplete: false,
    transactions:
      params.workchain === 0
        ? ledger.transactions.inBlock(params.seqno).map(encodeShortTransaction)
        : [],
  })),
  getAddressInformation: method(z.object({ address }), (ledger, params) => {
    ledger.tick()
    return encodeAccount(ledger.accounts.find(params.address), ledger.blocks.latest)
  }),
  getTransactions: method(
    z.object({
      address,
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(TRANSACTIONS_PAGE_MAX + 1)
        .default(10),
      lt: logicalTime.optional(),
      to_lt: logicalTime.optional(),
    }),
    (ledger, { address: account, limit, lt, to_lt }) =>
      ledger.transactions.of(account, limit, lt, to_lt).map(encodeTransaction),
  ),
  runGetMethod: method(
    z.object({
      address,
      method: z.union([z.string().min(1).max(64), z.number().int()]),
      stack: z.array(stackItem).max(16).default([]),
    }),
    runGetMethod,
  ),
  sendBoc,
  sendBocReturnHash: sendBoc,
  tryLocateTx: causedTransaction,
  tryLocateResultTx: causedTransaction,
}

interface GetterCall {
  readonly address: Address
  readonly method: string | number
  readonly stack: readonly (readonly [string, string])[]
}

/** TVM's code for an account that has no code. */
const EXIT_NO_CODE = -13

async function runGetMethod(ledger: Ledger, call: GetterCall): Promise<unknown> {
  const answer = (exit_code: number, gas_used: number, stack: unknown[]) => ({
    '@type': 'smc.runResult',
    gas_used,
    exit_code,
    stack,
  })
  if (ledger.accounts.find(call.address)?.accountState?.type !== 'active') {
    return answer(EXIT_NO_CODE, 0, [])
  }
  try {
    const stack = call.stack.map(decodeStackItem)
    const result = await ledger.runGetMethod(call.address, call.method, stack)
    const exitCode = result.exitCode === 1 ? 0 : result.exitCode
    return answer(exitCode, Number(result.gasUsed), result.stack.map(encodeStackItem))
  } catch (thrown) {
    if (thrown instanceof GetMethodError) return answer(thrown.exitCode, Number(thrown.gasUsed), [])
    throw thrown
  }
}

const DEV_METHODS: Record<string, Method> = {
  dev_faucet: method(
    z.object({ address, nano: z.coerce.bigint().min(1n).max(FAUCET_NANO_MAX) }),
    async (ledger, params) => {
      await ledger.faucet(params.address, params.nano)
      return { '@type': 'ok' }
    },
  ),
  dev_totals: method(z.object({}), (ledger) => {
    const totals = ledger.totals()
    return {
      genesisNano: String(totals.genesisNano),
      balancesNano: String(totals.balancesNano),
      feesNano: String(totals.feesNano),
    }
  }),
  dev_time: method(
    z.object({ addSeconds: z.number().int().min(0).max(TIME_STEP_S_MAX) }),
    (ledger, params) => ({ now: ledger.advanceTime(params.addSeconds) }),
  ),
  dev_snapshot: method(z.object({}), async (ledger) =>
    JSON.parse(encodeSnapshot(await ledger.save())),
  ),
}

const METHODS = new Map(Object.entries({ ...CHAIN_METHODS, ...DEV_METHODS }))

/** @throws ConfigError METHOD_UNKNOWN, and whatever the method or its validation throws */
export async function callMethod(ledger: Ledger, name: string, params: unknown): Promise<unknown> {
  const known = METHODS.get(name)
  if (known !== undefined) return known(ledger, params)
  throw new ConfigError('METHOD_UNKNOWN', 'the embedded chain does not offer this method')
}
