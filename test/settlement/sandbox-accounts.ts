/** Accounts of a bare sandbox, whose state a test can read. Looking one up never creates it. */
import type { Address } from '@ton/core'
import { type Blockchain, type BlockchainStorage, SmartContract } from '@ton/sandbox'

export class SandboxAccounts implements BlockchainStorage {
  readonly #accounts = new Map<string, SmartContract>()

  /** Called by the sandbox for the destination of a message. */
  async getContract(blockchain: Blockchain, address: Address): Promise<SmartContract> {
    const key = address.toRawString()
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const created = SmartContract.empty(blockchain, address)
    this.#accounts.set(key, created)
    return created
  }

  find(address: Address): SmartContract | undefined {
    return this.#accounts.get(address.toRawString())
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
