/**
 * The accounts of the embedded chain, each as the text that the TVM takes and gives: a parsed account is ten times
 * as large, and buffers of their own would leave holes in memory. Looking one up never creates it.
 */
import { Address, Cell, loadShardAccount } from '@ton/core'
import { ACCOUNTS_MAX } from './constants.ts'

export interface SavedAccount {
  readonly address: Address
  /** A ShardAccount of TON's block.tlb. */
  readonly cell: Cell
}

interface Account {
  readonly state: string
  /** Parsed when somebody asks for it. */
  balanceNano?: bigint
}

export class Accounts {
  /** By raw address. */
  readonly #accounts = new Map<string, Account>()

  /** A ShardAccount as a bag of cells in base64; undefined: no such account. */
  stateOf(rawAddress: string): string | undefined {
    return this.#accounts.get(rawAddress)?.state
  }

  has(rawAddress: string): boolean {
    return this.#accounts.has(rawAddress)
  }

  /** Whether it cannot take one more. */
  get isFull(): boolean {
    return this.#accounts.size >= ACCOUNTS_MAX
  }

  get size(): number {
    return this.#accounts.size
  }

  put(rawAddress: string, state: string): void {
    this.#accounts.set(rawAddress, { state })
  }

  toSave(): SavedAccount[] {
    return [...this.#accounts].map(([rawAddress, { state }]) => ({
      address: Address.parseRaw(rawAddress),
      cell: Cell.fromBase64(state),
    }))
  }

  replace(saved: readonly SavedAccount[]): void {
    this.#accounts.clear()
    for (const { address, cell } of saved) {
      this.put(address.toRawString(), cell.toBoc().toString('base64'))
    }
  }

  balancesNano(): bigint {
    let sum = 0n
    for (const account of this.#accounts.values()) {
      account.balanceNano ??= balanceOf(account.state)
      sum += account.balanceNano
    }
    return sum
  }
}

function balanceOf(state: string): bigint {
  const { account } = loadShardAccount(Cell.fromBase64(state).beginParse())
  return account?.storage.balance.coins ?? 0n
}
