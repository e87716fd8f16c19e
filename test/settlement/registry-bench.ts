/** One registry on a bare sandbox, with three owners. */
import type { PriceTable } from '#settlement/devchain/prices.ts'
import {
  type Action,
  type Addition,
  additionCell,
  type Decision,
  type PolicyRoot,
  signAction,
} from '#settlement/registry/actions.ts'
import {
  applyMessage,
  decideMessage,
  type RegistryTerms,
  readRegistry,
  registryAddress,
} from '#settlement/registry/registry.ts'
import { crypto, NOW_S } from './channel-fixture.ts'
import { SandboxBench } from './sandbox-bench.ts'

const DAY_S = 86_400
export const TIMELOCK_S = 3 * DAY_S
export const owners = [1, 2, 3].map((byte) =>
  crypto.ed25519FromSeed(new Uint8Array(32).fill(0x40 + byte)),
)
export const bytes = (value: number) => new Uint8Array(32).fill(value)

export const POLICY: PolicyRoot = {
  epoch: 1,
  policyHash: bytes(1),
  previousHash: bytes(0),
  activationTime: NOW_S,
  logSize: 10n,
  logRoot: bytes(2),
  floors: { tdxEvaluationNumber: 17, snpTcbGenoa: 5n, snpTcbTurin: 6n },
}
export const model = (key: number): Addition => ({
  kind: 'model',
  key: bytes(key),
  meta: bytes(0x77),
})

export class RegistryBench {
  readonly bench: SandboxBench
  readonly terms: RegistryTerms
  #sequence = 0

  constructor(bench: SandboxBench, terms: RegistryTerms) {
    this.bench = bench
    this.terms = terms
  }

  static async open(prices: PriceTable, changes: Partial<RegistryTerms> = {}) {
    const bench = await SandboxBench.create(prices)
    bench.chain.now = NOW_S
    return new RegistryBench(bench, {
      globalId: -3,
      threshold: 2,
      revokeThreshold: 1,
      timelock: TIMELOCK_S,
      salt: 1n,
      owners: owners.map((owner) => owner.publicKey),
      ...changes,
    })
  }

  get address() {
    return registryAddress(this.terms)
  }

  async state() {
    const found = readRegistry(this.address, await this.bench.state(this.address))
    if (found === undefined) throw new Error('the registry cannot be read')
    return found
  }

  action(decision: Decision, changes: Partial<Action> = {}): Action {
    const sequence = this.#sequence + 1
    const validUntil = (this.bench.chain.now ?? 0) + 3_600
    return { registry: this.address, sequence, validUntil, decision, ...changes }
  }

  /** Signed by these owners; counted as taken when it succeeds. */
  async decide(decision: Decision, signers = [0, 1], changes: Partial<Action> = {}) {
    const action = this.action(decision, changes)
    const signatures = new Map(
      signers.map((index) => [index, signAction(crypto, owners[index % 3]!, action)]),
    )
    const message = decideMessage(this.terms, action, signatures)
    const sent = await this.bench.send(this.bench.stranger, message)
    if (sent.success) this.#sequence++
    return sent
  }

  propose(addition: Addition, signers = [0, 1]) {
    return this.decide({ kind: 'propose', addition }, signers)
  }

  apply(addition: Addition) {
    const hash = new Uint8Array(additionCell(addition).hash())
    return this.bench.send(this.bench.stranger, applyMessage(this.terms, hash))
  }

  async add(addition: Addition) {
    const proposed = await this.propose(addition)
    if (!proposed.success) throw new Error(`propose failed with ${proposed.exitCode}`)
    this.wait(TIMELOCK_S)
    return this.apply(addition)
  }

  wait(seconds: number) {
    this.bench.chain.now = (this.bench.chain.now ?? 0) + seconds
  }
}
