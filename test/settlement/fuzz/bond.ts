/** The reference model of the bond: docs/spec/settlement.md, "Bond". */
import { Address, beginCell } from '@ton/core'
import {
  bondDepositMessage,
  bondWithdrawMessage,
  slashMessage,
  startUnbondingMessage,
} from '#settlement/bond/bond.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { FAIR, openBond, overBilling } from '../bond-bench.ts'
import { NOW_S, strangerKey } from '../channel-fixture.ts'
import type { Party } from '../sandbox-bench.ts'
import type { Dice } from './dice.ts'
import { MESSAGE_PRICE_NANO, maxOf, type Out, sizeOf, storageRent } from './effects.ts'
import { firstOf, type Life, type Step, same } from './fuzz.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
const RENT_S = 400 * DAY_S
const REWARD = 0x534c5245
const SLASHED = 0x534c4244
const WITHDRAWN = 0x57445231
const EXCESSES = 0xd53276db
const RETURNED = 0x52464553
const BURN = new Address(0, Buffer.alloc(32))

type Bench = Awaited<ReturnType<typeof openBond>>

export class BondLife implements Life {
  readonly #bond: Bench
  readonly #prices: PriceTable
  readonly #model = { active: false, bonded: 0n, slashed: 0n, unbondAt: 0 }
  isOver = false

  private constructor(bond: Bench, prices: PriceTable) {
    this.#bond = bond
    this.#prices = prices
  }

  static async begin(prices: PriceTable, life: number): Promise<BondLife> {
    return new BondLife(await openBond(prices, { salt: BigInt(life) }), prices)
  }

  get address() {
    return this.#bond.address
  }

  get #now(): number {
    return this.#bond.bench.chain.now ?? NOW_S
  }

  balance(): Promise<bigint> {
    return this.#bond.bench.balance(this.address)
  }

  next(dice: Dice): Step | Promise<Step> {
    if (!this.#model.active) return this.#deposit(dice)
    const leaving = this.#model.unbondAt !== 0
    return dice.weighted<() => Step | Promise<Step>>([
      [leaving ? 3 : 14, () => this.#deposit(dice)],
      [leaving ? 3 : 5, () => this.#startUnbonding(dice)],
      [leaving ? 12 : 3, () => this.#withdraw(dice)],
      [20, () => this.#slash(dice)],
      [3, () => this.#nonsense(dice)],
      [leaving ? 12 : 3, () => this.#wait(dice)],
    ])()
  }

  #party(dice: Dice, likely: Party): Party {
    const { client, provider, stranger } = this.#bond.bench
    return dice.oneIn(6) ? dice.pick([client, provider, stranger]) : likely
  }

  /** Sends it, now and then with a random value that is perhaps too little. */
  #send(dice: Dice, from: Party, message: WalletMessage) {
    const { bench } = this.#bond
    if (!dice.oneIn(10)) return { send: () => bench.send(from, message) }
    const poorNano = BigInt(1 + dice.below(12_000_000))
    return { poorNano, send: () => bench.send(from, { ...message, valueNano: poorNano }) }
  }

  #excess(to: Party): Out {
    return { opcode: EXCESSES, to: to.address }
  }

  async #deposit(dice: Dice): Promise<Step> {
    const { bench, terms } = this.#bond
    const model = this.#model
    const from = this.#party(dice, bench.provider)
    const amount = dice.oneIn(12) ? 0n : BigInt(1 + dice.below(9)) * TON
    const rentMissing = await this.#rentMissing()
    const sound = bondDepositMessage(terms, amount)
    const short = amount > 0n && dice.oneIn(8)
    const least = amount + rentMissing(await this.balance())
    return {
      kind: 'deposit',
      expected: firstOf([
        [from !== bench.provider, 413],
        [model.unbondAt !== 0, 416],
        [amount === 0n, 405],
        [short, 412],
      ]),
      send: () => {
        model.active = true
        return bench.send(from, short ? { ...sound, valueNano: least } : sound)
      },
      effect: (held) => ({
        out: [this.#excess(from)],
        keptNano: amount + rentMissing(held),
      }),
      apply: () => {
        model.bonded += amount
      },
    }
  }

  async #rentMissing(): Promise<(heldNano: bigint) => bigint> {
    const { bench, terms } = this.#bond
    const { active, bonded } = this.#model
    const init = bondDepositMessage(terms, 1n).stateInit
    const fresh = { code: init!.code!.toBoc(), data: init!.data!.toBoc() }
    const state = active ? await bench.state(this.address) : fresh
    const rent = storageRent(this.#prices, RENT_S, sizeOf(state))
    return (held) => maxOf(0n, rent - (held - bonded))
  }

  #startUnbonding(dice: Dice): Step {
    const { bench, terms } = this.#bond
    const from = this.#party(dice, bench.provider)
    const unbondAt = this.#now + terms.unbondDelay
    return {
      kind: 'start_unbonding',
      expected: firstOf([
        [from !== bench.provider, 413],
        [this.#model.unbondAt !== 0, 416],
      ]),
      ...this.#send(dice, from, startUnbondingMessage(terms)),
      effect: () => ({ out: [this.#excess(from)], keptNano: 0n }),
      apply: () => {
        this.#model.unbondAt = unbondAt
      },
    }
  }

  async #withdraw(dice: Dice): Promise<Step> {
    const { bench, terms } = this.#bond
    const { unbondAt } = this.#model
    const from = this.#party(dice, bench.stranger)
    const message = bondWithdrawMessage(terms)
    const price = MESSAGE_PRICE_NANO[this.#prices]
    return {
      kind: 'withdraw',
      expected: firstOf([
        [unbondAt === 0, 415],
        [this.#now < unbondAt, 414],
      ]),
      // What never had its rent cannot pay for the message that ends it.
      ...((await this.balance()) < 2n * price ? { poorNano: message.valueNano } : {}),
      send: () => bench.send(from, message),
      effect: (held) => ({
        out: [
          this.#excess(from),
          { opcode: WITHDRAWN, to: terms.provider, valueNano: held - price },
        ],
        keptNano: -held,
      }),
      apply: () => {
        this.isOver = true
      },
    }
  }

  #slash(dice: Dice): Step {
    const { bench, terms } = this.#bond
    const model = this.#model
    const from = this.#party(dice, bench.stranger)
    const { proof, expected } = anyProof(dice)
    const taken = model.bonded
    const reward = taken / 10n
    return {
      kind: 'slash',
      expected: taken === 0n ? 426 : expected,
      ...this.#send(dice, from, slashMessage(terms, proof)),
      effect: () => ({
        out: [
          { opcode: REWARD, to: from.address, valueNano: reward },
          { opcode: SLASHED, to: BURN, valueNano: taken - reward },
          this.#excess(from),
        ],
        keptNano: -taken,
      }),
      apply: () => {
        model.slashed += taken
        model.bonded = 0n
      },
    }
  }

  #nonsense(dice: Dice): Step {
    const { bench } = this.#bond
    const body = dice.pick([
      beginCell().endCell(),
      beginCell().storeUint(0, 32).storeStringTail('for you').endCell(),
      beginCell().storeUint(EXCESSES, 32).storeUint(0, 64).endCell(),
    ])
    const from = this.#party(dice, bench.client)
    const bounce = !dice.oneIn(3)
    const message = { to: this.address, valueNano: TON, body }
    return {
      kind: 'nonsense',
      expected: bounce ? 0xffff : 0,
      send: () => bench.send(from, message, { bounce }),
      effect: () => ({ out: [{ opcode: RETURNED, to: from.address }], keptNano: 0n }),
      apply: () => undefined,
    }
  }

  #wait(dice: Dice): Step {
    const seconds = dice.pick([1, DAY_S, 14 * DAY_S - 1, 14 * DAY_S])
    return {
      kind: 'wait',
      expected: 0,
      send: undefined,
      apply: () => {
        this.#bond.bench.chain.now = this.#now + seconds
      },
    }
  }

  async check(): Promise<void> {
    const { bench } = this.#bond
    if (this.isOver) return same('deployed', await bench.isDeployed(this.address), false)
    const { active, bonded, slashed, unbondAt } = this.#model
    if (!active) return
    const found = await this.#bond.state()
    same('bonded', found?.bondedNano, bonded)
    same('slashed', found?.slashedNano, slashed)
    same('unbond_at', found?.unbondAt, unbondAt)
    const held = await this.balance()
    if (held < bonded) throw new Error(`insolvent: holds ${held}, bonded ${bonded}`)
  }
}

/** A proof, mostly of over-billing, and what becomes of it when something is bonded. */
function anyProof(dice: Dice) {
  const over = !dice.oneIn(3)
  const used = over ? FAIR + 1n + BigInt(dice.below(1_000)) : FAIR - BigInt(dice.below(3))
  const wrong = {
    quoteKey: dice.oneIn(12),
    delegateKey: dice.oneIn(12),
    quoteNetwork: dice.oneIn(12),
    delegateNetwork: dice.oneIn(12),
    billKey: dice.oneIn(12),
    otherQuote: dice.oneIn(12),
  }
  const proof = overBilling(used, {
    ...(wrong.quoteKey ? { quoteKey: strangerKey } : {}),
    ...(wrong.delegateKey ? { delegateKey: strangerKey } : {}),
    ...(wrong.quoteNetwork ? { quote: { globalId: -239 } } : {}),
    ...(wrong.delegateNetwork ? { delegateGlobalId: -239 } : {}),
    ...(wrong.billKey ? { billKey: strangerKey } : {}),
    ...(wrong.otherQuote ? { bill: { quoteHash: new Uint8Array(32).fill(9) } } : {}),
  })
  const expected = firstOf([
    [wrong.quoteKey || wrong.delegateKey, 401],
    [wrong.quoteNetwork || wrong.delegateNetwork, 417],
    [wrong.billKey, 401],
    [wrong.otherQuote, 425],
    [!over, 424],
  ])
  return { proof, expected }
}
