/** Where an embedded chain writes what it did, so that it survives the end of its process. */
import type { Cell } from '@ton/core'
import type { ChainBlock } from '../types.ts'
import type { DevchainSnapshot } from './snapshot.ts'
import type { TransactionRecord } from './transactions.ts'

/** Everything that changed with one block. */
export interface BlockChange {
  readonly block: ChainBlock
  readonly transactions: readonly TransactionRecord[]
  /** New states: ShardAccount as a bag of cells in base64, by raw address. */
  readonly accounts: ReadonlyMap<string, string>
  /** All messages that wait for a later block, in order. */
  readonly pending: readonly Cell[]
  readonly genesisNano: bigint
  readonly feesNano: bigint
  readonly timeOffsetS: number
  readonly logicalTime: bigint
}

/** Both must be durable when they return: a sender hears of its transaction only afterwards. */
export interface DevchainJournal {
  append(change: BlockChange): void
  /** The chain was restored: everything from before is void. */
  replace(snapshot: DevchainSnapshot): void
}
