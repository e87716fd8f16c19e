/**
 * A client's registries: looked at before each request, refused when they cannot be read. A revocation
 * reaches a client within REGISTRY_AGE_MS_MAX; between two looks it may still use what was revoked.
 */
import type { Address } from '@ton/core'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { StatementCore } from '#attestation/statement.ts'
import type { EmitEvent } from '#node/roles/events.ts'
import type { MetaStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { RegistryOnChain } from '#settlement/registry/registry.ts'
import type { ChainReader } from '#settlement/types.ts'
import { REGISTRY_AGE_MS_MAX } from './constants.ts'
import { comparePolicy, requireNotRevoked, usedBySession } from './in-use.ts'
import { keepHighest, registryOnChain } from './read.ts'

export interface RegistryWatchComponents {
  readonly chain: ChainReader
  readonly clock: Clock
  readonly crypto: CryptoPort
  /** Where the highest state seen is kept. */
  readonly store: MetaStore
  readonly policy: AttestationPolicy
  readonly emit: EmitEvent
  readonly addresses: readonly Address[]
}

/** What the sessions of a client ask of it. */
export interface RevocationCheck {
  /**
   * @throws AttestationError REGISTRY_REVOKED, REGISTRY_ROLLED_BACK
   * @throws UnavailableError CHAIN_UNREACHABLE, REGISTRY_UNREADABLE
   */
  require(core: Pick<StatementCore, 'modelRoot' | 'runtimeDigest'>): Promise<void>
}

export class RegistryWatch implements RevocationCheck {
  readonly #parts: RegistryWatchComponents
  /** Epochs whose policy was said to be another one. */
  readonly #told = new Map<string, number>()
  #seen: { readonly atMs: number; readonly registries: readonly RegistryOnChain[] } | undefined
  #reading: Promise<readonly RegistryOnChain[]> | undefined

  constructor(parts: RegistryWatchComponents) {
    this.#parts = parts
  }

  async require(core: Pick<StatementCore, 'modelRoot' | 'runtimeDigest'>): Promise<void> {
    const { crypto, policy, addresses } = this.#parts
    if (addresses.length === 0) return
    const used = usedBySession(crypto, policy, core)
    for (const registry of await this.#registries()) requireNotRevoked(registry, used)
  }

  async #registries(): Promise<readonly RegistryOnChain[]> {
    const { clock } = this.#parts
    const ageMs = clock.nowMs() - (this.#seen?.atMs ?? Number.NEGATIVE_INFINITY)
    if (this.#seen !== undefined && ageMs >= 0 && ageMs <= REGISTRY_AGE_MS_MAX) {
      return this.#seen.registries
    }
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<readonly RegistryOnChain[]> {
    const { chain, clock, store, addresses } = this.#parts
    const atMs = clock.nowMs()
    const registries = await Promise.all(addresses.map((one) => registryOnChain(chain, one)))
    for (const [at, registry] of registries.entries()) {
      keepHighest(store, addresses[at]!, registry)
      this.#tellPolicy(addresses[at]!, registry)
    }
    this.#seen = { atMs, registries }
    return registries
  }

  /** Once for each epoch. */
  #tellPolicy(address: Address, registry: RegistryOnChain): void {
    const { crypto, policy, emit } = this.#parts
    const epoch = registry.policy?.epoch ?? 0
    const name = address.toRawString()
    if (this.#told.get(name) === epoch) return
    this.#told.set(name, epoch)
    if (comparePolicy(crypto, registry, policy) !== 'other') return
    const message = `the registry ${name} has another policy, epoch ${epoch}: see cocoon registry show`
    emit({ kind: 'warning', code: 'REGISTRY_POLICY_DIFFERS', message })
  }
}
