/** Our own index of transactions: the sandbox keeps a list that grows for ever and looks up wrongly. */
import { Address, type Cell, loadTransaction, type Transaction } from '@ton/core'
import { TRANSACTIONS_MAX } from './constants.ts'

export interface TransactionRecord {
  /** Raw address of the account. */
  readonly account: string
  readonly lt: bigint
  /** In base64, as is the boc: text lies on the heap, where the collector leaves no holes. */
  readonly hash: string
  /** Number of the block that holds it. */
  readonly seqno: number
  /** A Transaction of TON's block.tlb; unparsed it is a tenth as large. */
  readonly boc: string
  /** Logical time of the internal message that caused it. */
  readonly causeLt: bigint | undefined
}

/** A transaction with what identifies and holds it. */
export interface ReadTransaction {
  readonly transaction: Transaction
  readonly hash: Buffer
  /** A bag of cells in base64. */
  readonly boc: string
}

export class Transactions {
  /** Oldest first. */
  readonly #all: TransactionRecord[] = []
  readonly #byAccount = new Map<string, TransactionRecord[]>()
  readonly #max: number
  #added = 0

  /** @param max kept over all accounts, oldest dropped first */
  constructor(max = TRANSACTIONS_MAX) {
    this.#max = max
  }

  /** Accounts that have any. */
  get accounts(): number {
    return this.#byAccount.size
  }

  /** All that were ever added, those dropped since included. */
  get added(): number {
    return this.#added
  }

  add({ transaction, hash, boc }: ReadTransaction, seqno: number): TransactionRecord {
    const account = accountOf(transaction)
    const info = transaction.inMessage?.info
    const causeLt = info?.type === 'internal' ? info.createdLt : undefined
    const { lt } = transaction
    const record = { account, lt, hash: hash.toString('base64'), seqno, boc, causeLt }
    this.#all.push(record)
    this.#added++
    const list = this.#byAccount.get(account)
    if (list === undefined) this.#byAccount.set(account, [record])
    else list.push(record)
    if (this.#all.length > this.#max) this.#dropOldest()
    return record
  }

  all(): readonly TransactionRecord[] {
    return this.#all
  }

  /** Newest first, from `fromLt` (inclusive) down to `toLt` (exclusive), in blocks up to `seqnoMax`. */
  of(
    address: Address,
    limit: number,
    fromLt?: bigint,
    toLt?: bigint,
    seqnoMax = Number.POSITIVE_INFINITY,
  ): TransactionRecord[] {
    const found: TransactionRecord[] = []
    const list = this.#byAccount.get(address.toRawString()) ?? []
    for (let at = list.length - 1; at >= 0 && found.length < limit; at--) {
      const record = list[at]!
      if (toLt !== undefined && record.lt <= toLt) break
      if (record.seqno > seqnoMax) continue
      if (fromLt === undefined || record.lt <= fromLt) found.push(record)
    }
    return found
  }

  inBlock(seqno: number): TransactionRecord[] {
    return this.#all.filter((record) => record.seqno === seqno)
  }

  /** The transaction that an internal message of this logical time caused at `destination`. */
  causedBy(destination: Address, createdLt: bigint): TransactionRecord | undefined {
    const list = this.#byAccount.get(destination.toRawString())
    return list?.find((record) => record.causeLt === createdLt)
  }

  #dropOldest(): void {
    const oldest = this.#all.shift()
    if (oldest === undefined) return
    const list = this.#byAccount.get(oldest.account)
    list?.shift()
    if (list?.length === 0) this.#byAccount.delete(oldest.account)
  }
}

export function readTransaction(cell: Cell): ReadTransaction {
  const boc = cell.toBoc().toString('base64')
  return { transaction: loadTransaction(cell.beginParse()), hash: cell.hash(), boc }
}

function accountOf(transaction: Transaction): string {
  const hash = Buffer.from(transaction.address.toString(16).padStart(64, '0'), 'hex')
  return new Address(0, hash).toRawString()
}

/** What validators keep: the transaction's fees and what was left of its message's forward fee. */
export function feesNanoOf({ inMessage, totalFees }: Transaction): bigint {
  return totalFees.coins + (inMessage?.info.type === 'internal' ? inMessage.info.forwardFee : 0n)
}
