/** The reference model of the registry: docs/spec/settlement.md, "Registry". */
import { beginCell } from '@ton/core'
import { toHex } from '#protocol/bytes.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import {
  type Action,
  type Addition,
  additionCell,
  type Decision,
  type EntryKind,
  signAction,
} from '#settlement/registry/actions.ts'
import {
  applyMessage,
  decideMessage,
  payRentMessage,
  registryAddress,
} from '#settlement/registry/registry.ts'
import { crypto } from '../channel-fixture.ts'
import { bytes, owners, POLICY, RegistryBench, TIMELOCK_S } from '../registry-bench.ts'
import type { Dice } from './dice.ts'
import { maxOf, storageRent } from './effects.ts'
import { firstOf, type Life, type Step, same } from './fuzz.ts'
import { RegistryModel } from './registry-model.ts'

const DAY_S = 86_400
const PROPOSAL_LIFE_S = 90 * DAY_S
const RENT_S = 5 * 365 * DAY_S
const OWN_SIZE = { bits: 16_000n, cells: 64n }
const ENTRY_SIZE = { bits: 1_023n, cells: 4n }
const EXCESSES = 0xd53276db
const RETURNED = 0x52464553
const DECISIONS_PER_LIFE = 60
/** Small, so that keys come up again. */
const KEYS = 8

export class RegistryLife implements Life {
  readonly #bench: RegistryBench
  readonly #prices: PriceTable
  readonly #model = new RegistryModel()
  #active = false

  private constructor(bench: RegistryBench, prices: PriceTable) {
    this.#bench = bench
    this.#prices = prices
  }

  static async begin(prices: PriceTable, life: number): Promise<RegistryLife> {
    return new RegistryLife(await RegistryBench.open(prices, { salt: BigInt(life) }), prices)
  }

  get isOver(): boolean {
    return this.#model.sequence === DECISIONS_PER_LIFE
  }

  get address() {
    return this.#bench.address
  }

  get #now(): number {
    return this.#bench.bench.chain.now ?? 0
  }

  balance(): Promise<bigint> {
    return this.#bench.bench.balance(this.address)
  }

  next(dice: Dice): Step {
    if (!this.#active) return this.#decide(dice, this.#proposal(dice))
    return dice.weighted<() => Step>([
      [12, () => this.#decide(dice, this.#proposal(dice))],
      [2, () => this.#decide(dice, { kind: 'revoke', key: bytes(1 + dice.below(KEYS)) })],
      [4, () => this.#decide(dice, { kind: 'cancel', proposal: this.#pending(dice) })],
      [12, () => this.#apply(dice)],
      [2, () => this.#payRent(dice)],
      [2, () => this.#nonsense(dice)],
      [6, () => this.#wait(dice)],
    ])()
  }

  /** A decision to propose something: mostly what could be added. */
  #proposal(dice: Dice): Decision {
    if (!dice.oneIn(3)) {
      const kind = dice.pick<EntryKind>(['model', 'measurement'])
      const addition: Addition = {
        kind,
        key: bytes(1 + dice.below(KEYS)),
        meta: bytes(dice.below(3)),
      }
      return { kind: 'propose', addition }
    }
    const last = this.#model.policy
    const floors = last?.floors ?? POLICY.floors
    const addition: Addition = {
      kind: 'policy',
      policy: {
        ...POLICY,
        epoch: (last?.epoch ?? 0) + dice.pick([1, 1, 1, 1, 1, 0, 2]),
        policyHash: bytes(dice.below(256)),
        previousHash: dice.oneIn(10) ? bytes(99) : (last?.policyHash ?? bytes(0)),
        activationTime: this.#now + dice.pick([-DAY_S, 40 * DAY_S]),
        logSize: maxOf(0n, (last?.logSize ?? 0n) + dice.pick([0n, 1n, 5n, 5n, 5n, -1n])),
        floors: {
          tdxEvaluationNumber: floors.tdxEvaluationNumber + dice.pick([0, 0, 0, 0, 1, -1]),
          snpTcbGenoa: floors.snpTcbGenoa + dice.pick([0n, 0n, 0n, 0n, 1n, -1n]),
          snpTcbTurin: floors.snpTcbTurin + dice.pick([0n, 0n, 0n, 0n, 1n, -1n]),
        },
      },
    }
    return { kind: 'propose', addition }
  }

  /** The hash of a proposal that waits; now and then of none. */
  #pending(dice: Dice): Uint8Array {
    const pending = [...this.#model.proposals.values()]
    const chosen = pending[dice.below(Math.max(1, pending.length))]
    if (chosen === undefined || dice.oneIn(10)) return bytes(0xaa)
    return new Uint8Array(additionCell(chosen.addition).hash())
  }

  #decide(dice: Dice, decision: Decision): Step {
    const { bench, terms } = this.#bench
    const model = this.#model
    const wrong = {
      registry: dice.oneIn(25),
      sequence: dice.oneIn(25),
      late: dice.oneIn(25),
      signature: dice.oneIn(25),
      few: dice.oneIn(12),
    }
    const action: Action = {
      registry: wrong.registry ? registryAddress({ ...terms, salt: 99_999n }) : this.address,
      sequence: model.sequence + (wrong.sequence ? dice.pick([0, 2]) : 1),
      validUntil: this.#now + (wrong.late ? -1 : dice.pick([0, 3_600])),
      decision,
    }
    const needed = decision.kind === 'propose' ? terms.threshold : terms.revokeThreshold
    const signers = [0, 1, 2].slice(0, wrong.few ? needed - 1 : dice.pick([needed, 3]))
    const signatures = new Map(
      signers.map((index) => [index, signAction(crypto, owners[index]!, action)]),
    )
    if (wrong.signature) signatures.set(0, signAction(crypto, owners[1]!, action))
    const refused = model.refusal(decision)
    const effect = this.#effect(model.growthOf(decision))
    return {
      kind: decision.kind,
      expected: firstOf([
        [wrong.registry, 403],
        [wrong.sequence, 427],
        [wrong.late, 406],
        [wrong.signature, 401],
        [signatures.size < needed, 428],
        [refused !== 0, refused],
      ]),
      send: () => {
        this.#active = true
        return bench.send(bench.stranger, decideMessage(terms, action, signatures))
      },
      effect,
      apply: () => model.decide(decision, this.#now, TIMELOCK_S),
    }
  }

  /** What `grown` more entries and proposals leave for rent, and, once, the registry itself. */
  #effect(grown: number) {
    const rentOf = (size: typeof OWN_SIZE) => storageRent(this.#prices, RENT_S, size)
    return (held: bigint) => ({
      out: [{ opcode: EXCESSES, to: this.#bench.bench.stranger.address }],
      keptNano:
        BigInt(Math.max(0, grown)) * rentOf(ENTRY_SIZE) + maxOf(0n, rentOf(OWN_SIZE) - held),
    })
  }

  #apply(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const model = this.#model
    const hash = this.#pending(dice)
    const proposal = model.proposals.get(toHex(hash))
    const lapsed = proposal !== undefined && this.#now > proposal.readyAt + PROPOSAL_LIFE_S
    const refused = proposal === undefined || lapsed ? 0 : model.refusalOf(proposal.addition)
    return {
      kind: 'apply',
      expected: firstOf([
        [proposal === undefined, 429],
        [this.#now < (proposal?.readyAt ?? 0), 414],
        [refused !== 0, refused],
      ]),
      send: () => bench.send(bench.stranger, applyMessage(terms, hash)),
      // A proposal less, an entry more, or less than that.
      effect: this.#effect(0),
      apply: () => model.apply(toHex(hash), lapsed, this.#now),
    }
  }

  #payRent(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const amount = BigInt(1 + dice.below(1_000_000))
    return {
      kind: 'pay_rent',
      expected: 0,
      send: () => bench.send(bench.stranger, payRentMessage(terms, amount)),
      effect: () => ({
        out: [{ opcode: EXCESSES, to: bench.stranger.address }],
        keptNano: amount,
      }),
      apply: () => undefined,
    }
  }

  #nonsense(dice: Dice): Step {
    const { bench } = this.#bench
    const bounce = !dice.oneIn(3)
    const body = beginCell().storeUint(EXCESSES, 32).storeUint(0, 64).endCell()
    const message = { to: this.address, valueNano: 1_000_000_000n, body }
    return {
      kind: 'nonsense',
      expected: bounce ? 0xffff : 0,
      send: () => bench.send(bench.client, message, { bounce }),
      effect: () => ({ out: [{ opcode: RETURNED, to: bench.client.address }], keptNano: 0n }),
      apply: () => undefined,
    }
  }

  #wait(dice: Dice): Step {
    const seconds = dice.weighted([
      [4, DAY_S],
      [4, TIMELOCK_S],
      [2, TIMELOCK_S - 1],
      [1, PROPOSAL_LIFE_S],
      [1, 1],
    ])
    return {
      kind: 'wait',
      expected: 0,
      send: undefined,
      apply: () => this.#bench.wait(seconds),
    }
  }

  async check(): Promise<void> {
    if (!this.#active) return
    same('the registry', this.#model.facts(), RegistryModel.factsOf(await this.#bench.state()))
  }
}
