/** What the model of a registry remembers, and which changes it refuses. */
import { toHex } from '#protocol/bytes.ts'
import {
  type Addition,
  additionCell,
  type Decision,
  type PolicyRoot,
} from '#settlement/registry/actions.ts'
import type { RegistryEntry, RegistryOnChain } from '#settlement/registry/registry.ts'
import { firstOf } from './fuzz.ts'

const PROPOSALS_MAX = 32

export class RegistryModel {
  sequence = 0
  #version = 0
  policy: PolicyRoot | undefined
  readonly #entries = new Map<string, RegistryEntry>()
  readonly proposals = new Map<string, { readyAt: number; addition: Addition }>()

  /** Why the contract refuses what a decision asks, by exit code; 0: it does not. */
  refusal(decision: Decision): number {
    switch (decision.kind) {
      case 'propose':
        return firstOf([
          [this.refusalOf(decision.addition) !== 0, this.refusalOf(decision.addition)],
          [this.proposals.size >= PROPOSALS_MAX, 430],
          [this.proposals.has(hashOf(decision.addition)), 404],
        ])
      case 'revoke':
        return this.#entries.get(toHex(decision.key))?.status === 'revoked' ? 404 : 0
      case 'cancel':
        return this.proposals.has(toHex(decision.proposal)) ? 0 : 429
    }
  }

  refusalOf(addition: Addition): number {
    if (addition.kind !== 'policy') {
      return this.#entries.get(toHex(addition.key))?.status === 'revoked' ? 433 : 0
    }
    const next = addition.policy
    const last = this.policy
    const inLine =
      last === undefined
        ? next.epoch === 1 && next.previousHash.every((byte) => byte === 0)
        : next.epoch === last.epoch + 1 &&
          toHex(next.previousHash) === toHex(last.policyHash) &&
          next.logSize >= last.logSize &&
          next.floors.tdxEvaluationNumber >= last.floors.tdxEvaluationNumber &&
          next.floors.snpTcbGenoa >= last.floors.snpTcbGenoa &&
          next.floors.snpTcbTurin >= last.floors.snpTcbTurin
    return inLine ? 0 : 432
  }

  /** By how many entries and proposals the registry grows. */
  growthOf(decision: Decision): number {
    if (decision.kind === 'propose') return 1
    if (decision.kind === 'cancel') return -1
    return this.#entries.has(toHex(decision.key)) ? 0 : 1
  }

  decide(decision: Decision, now: number, timelockS: number): void {
    this.sequence++
    if (decision.kind === 'propose') {
      const { addition } = decision
      this.proposals.set(hashOf(addition), { readyAt: now + timelockS, addition })
    } else if (decision.kind === 'cancel') {
      this.proposals.delete(toHex(decision.proposal))
    } else {
      this.#version++
      const key = toHex(decision.key)
      const { kind, meta } = this.#entries.get(key) ?? { kind: undefined, meta: new Uint8Array(32) }
      this.#entries.set(key, { kind, status: 'revoked', since: now, meta })
    }
  }

  apply(hash: string, lapsed: boolean, now: number): void {
    const addition = this.proposals.get(hash)?.addition
    this.proposals.delete(hash)
    if (lapsed || addition === undefined) return
    this.#version++
    if (addition.kind === 'policy') {
      const activationTime = Math.max(addition.policy.activationTime, now)
      this.policy = { ...addition.policy, activationTime }
    } else {
      const { kind, key, meta } = addition
      this.#entries.set(toHex(key), { kind, status: 'active', since: now, meta })
    }
  }

  /** All of it as one text, to be compared. */
  facts(): string {
    const proposals = new Map([...this.proposals].map(([hash, { readyAt }]) => [hash, readyAt]))
    const { sequence, policy } = this
    return describe({ sequence, version: this.#version, policy, entries: this.#entries, proposals })
  }

  static factsOf(found: RegistryOnChain): string {
    return describe(found)
  }
}

function describe(state: Omit<RegistryOnChain, 'terms'>): string {
  const { sequence, version, policy, entries, proposals } = state
  const byKey = (map: ReadonlyMap<string, unknown>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, value])
  const facts = { sequence, version, policy, entries: byKey(entries), proposals: byKey(proposals) }
  return JSON.stringify(facts, (_, value) => {
    if (value instanceof Uint8Array) return toHex(value)
    return typeof value === 'bigint' ? String(value) : value
  })
}

function hashOf(addition: Addition): string {
  return toHex(new Uint8Array(additionCell(addition).hash()))
}
