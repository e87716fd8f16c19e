/** Reads a chain that was saved before its process ended, with no chain running. */
import { type AccountState, type Address, loadShardAccount, loadTransaction } from '@ton/core'
import { TRANSACTIONS_PAGE_MAX } from '../constants.ts'
import { type DevchainSnapshot, decodeSnapshot } from '../devchain/snapshot.ts'
import type { ChainReader, ContractAccount, TransactionPlace } from '../types.ts'
import { readChannelAccount } from './storage.ts'
import { describeTransaction } from './transaction.ts'

/** @throws ConfigError SNAPSHOT_INVALID */
export function snapshotReader(snapshotJson: string): ChainReader {
  const saved = decodeSnapshot(snapshotJson)
  const accounts = new Map(saved.accounts.map((one) => [one.address.toRawString(), one.cell]))
  const account = (address: Address) => {
    const cell = accounts.get(address.toRawString())
    return cell === undefined ? undefined : loadShardAccount(cell.beginParse()).account
  }
  return {
    globalId: saved.globalId,
    latestBlock: async () => saved.blocks[saved.blocks.length - 1]!,
    block: async (seqno) => saved.blocks.find((block) => block.seqno === seqno),
    balance: async (address) => account(address)?.storage.balance.coins ?? 0n,
    channel: async (address) => {
      const found = contractOf(account(address)?.storage.state)
      return found && readChannelAccount(address, found.code, found.data)
    },
    account: async (address) => contractOf(account(address)?.storage.state),
    transactions: async (address, limit, before) => transactionsOf(saved, address, limit, before),
  }
}

function contractOf(state: AccountState | undefined): ContractAccount | undefined {
  if (state?.type !== 'active' || !state.state.code || !state.state.data) return undefined
  return { code: state.state.code.toBoc(), data: state.state.data.toBoc() }
}

function transactionsOf(
  saved: DevchainSnapshot,
  address: Address,
  limit: number,
  before: TransactionPlace | undefined,
) {
  const key = BigInt(`0x${address.hash.toString('hex')}`)
  return saved.transactions
    .map((one) => loadTransaction(one.cell.beginParse()))
    .filter((transaction) => transaction.address === key)
    .filter(({ lt }) => before === undefined || lt < before.lt)
    .reverse()
    .slice(0, Math.min(limit, TRANSACTIONS_PAGE_MAX))
    .map(describeTransaction)
}
