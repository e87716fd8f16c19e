/** The accounts of the embedded chain. Looking one up never creates it: readers cannot fill memory. */
import type { Address } from '@ton/core'
import { type Blockchain, type BlockchainStorage, SmartContract } from '@ton/sandbox'
import { ACCOUNTS_MAX } from './constants.ts'

export class Accounts implements BlockchainStorage {
  readonly #accounts = new Map<string, SmartContract>()

  /** Called by the sandbox for the destination of a message. */
  async getContract(blockchain: Blockchain, address: Address): Promise<SmartContract> {
    const key = address.toRawString()
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    if (this.#accounts.size >= ACCOUNTS_MAX) throw new Error('the embedded chain is full')
    const created = SmartContract.empty(blockchain, address)
    this.#accounts.set(key, created)
    return created
  }

  find(address: Address): SmartContract | undefined {
    return this.#accounts.get(address.toRawString())
  }

  /** A ShardAccount of TON's block.tlb as a bag of cells in base64; undefined: no such account. */
  stateOf(rawAddress: string): string | undefined {
    const account = this.#accounts.get(rawAddress)
    // The sandbox keeps it in exactly this form and offers only the parsed one.
    return (account as unknown as { _account: string } | undefined)?._account
  }

  get size(): number {
    return this.#accounts.size
  }

  knownContracts(): SmartContract[] {
    return [...this.#accounts.values()]
  }

  clearKnownContracts(): void {
    this.#accounts.clear()
  }

  balancesNano(): bigint {
    return this.knownContracts().reduce((sum, account) => sum + account.balance, 0n)
  }
}
