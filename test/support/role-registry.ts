/** A registry on the embedded chain of a role network, with one owner who decides alone. */
import type { Address } from '@ton/core'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  type Addition,
  additionCell,
  type Decision,
  signAction,
} from '#settlement/registry/actions.ts'
import {
  applyMessage,
  decideMessage,
  type RegistryTerms,
  registryAddress,
} from '#settlement/registry/registry.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { keyOf, type RoleNetwork } from './role-harness.ts'

const registrar = keyOf('registrar')
const DAY_S = 86_400

export class RoleRegistry {
  readonly terms: RegistryTerms
  readonly address: Address
  readonly #network: RoleNetwork
  #sequence = 0

  constructor(network: RoleNetwork, salt: bigint) {
    this.#network = network
    this.terms = {
      globalId: network.file.globalId,
      threshold: 1,
      revokeThreshold: 1,
      timelock: DAY_S,
      salt,
      owners: [registrar.publicKey],
    }
    this.address = registryAddress(this.terms)
  }

  /** Deployed by a first decision, which revokes a key that nobody uses. */
  static async open(network: RoleNetwork, salt = 1n): Promise<RoleRegistry> {
    const registry = new RoleRegistry(network, salt)
    await registry.decide({ kind: 'revoke', key: new Uint8Array(32).fill(0xee) })
    return registry
  }

  async decide(decision: Decision): Promise<void> {
    const { time } = await this.#network.chain.latestBlock()
    const sequence = ++this.#sequence
    const validUntil = Math.max(time, Math.floor(this.#network.clock.nowMs() / 1000)) + 3_600
    const action = { registry: this.address, sequence, validUntil, decision }
    const signatures = new Map([[0, signAction(crypto, registrar, action)]])
    await this.#send(decideMessage(this.terms, action, signatures))
  }

  /** Waits the timelock out. */
  async add(addition: Addition): Promise<void> {
    await this.decide({ kind: 'propose', addition })
    this.#network.advance(DAY_S + 60)
    await this.#send(applyMessage(this.terms, new Uint8Array(additionCell(addition).hash())))
  }

  async #send(message: WalletMessage): Promise<void> {
    await (await this.#network.wallet('registrar')).send([message])
  }
}
