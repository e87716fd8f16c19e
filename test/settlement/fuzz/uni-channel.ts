/** The reference model of the payment channel: docs/spec/settlement.md, "The contract". */
import { beginCell } from '@ton/core'
import { signCell } from '#settlement/cells/signed.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { clientKey, crypto, NOW_S, providerKey, strangerKey } from '../channel-fixture.ts'
import { ContractBench, type Party, rootOf } from '../contract-bench.ts'
import { type Dice, type Life, type Step, same } from './fuzz.ts'

const TON = 1_000_000_000n
const CLOSE_DELAY_S = 3_600
const LIFE_S = 20_000

interface Model {
  deployed: boolean
  deposited: bigint
  claimed: bigint
  closeAt: number
  closed: boolean
  leafCount: number
  root: number
}

interface Wrong {
  readonly key: boolean
  readonly tag: boolean
  readonly channel: boolean
}

export class ChannelLife implements Life {
  readonly #bench: ContractBench
  readonly #other: ContractBench
  readonly #model: Model = {
    deployed: false,
    deposited: 0n,
    claimed: 0n,
    closeAt: 0,
    closed: false,
    leafCount: 0,
    root: 0,
  }
  isOver = false

  private constructor(bench: ContractBench) {
    this.#bench = bench
    this.#other = bench.sibling({ salt: bench.terms.salt + 1_000_000n })
  }

  static async begin(prices: PriceTable, life: number): Promise<ChannelLife> {
    const changes = { salt: BigInt(life), closeDelay: CLOSE_DELAY_S, expiresAt: NOW_S + LIFE_S }
    const bench = await ContractBench.create(prices, changes)
    bench.chain.now = NOW_S
    return new ChannelLife(bench)
  }

  get #now(): number {
    return this.#bench.chain.now ?? 0
  }

  next(dice: Dice): Step {
    if (!this.#model.deployed) return this.#topUp(dice)
    return dice.weighted([
      [20, () => this.#topUp(dice)],
      [40, () => this.#claim(dice)],
      [4, () => this.#close(dice)],
      [6, () => this.#coopClose(dice)],
      [5, () => this.#startClose(dice)],
      [8, () => this.#finish(dice)],
      [8, () => this.#destroy(dice)],
      [4, () => this.#nonsense(dice)],
      [12, () => this.#wait(dice)],
    ])()
  }

  #party(dice: Dice, likely: Party): Party {
    const { client, provider, stranger } = this.#bench
    return dice.oneIn(6) ? dice.pick([client, provider, stranger]) : likely
  }

  #topUp(dice: Dice): Step {
    const { client, terms } = this.#bench
    const model = this.#model
    const from = this.#party(dice, client)
    const amount = dice.oneIn(12) ? 0n : BigInt(1 + dice.below(5)) * TON
    const expected = firstOf([
      [model.closed, 410],
      [model.closeAt !== 0, 416],
      [from !== client, 411],
      [this.#now >= terms.expiresAt, 406],
      [amount === 0n, 405],
    ])
    return {
      kind: 'top_up',
      expected,
      send: () => this.#bench.send(from, topUpMessage(terms, amount)),
      apply: () => {
        model.deployed = true
        model.deposited += amount
      },
    }
  }

  #wrong(dice: Dice): Wrong {
    return { key: dice.oneIn(20), tag: dice.oneIn(20), channel: dice.oneIn(20) }
  }

  /** A voucher around the present state, and the exit code that opening it ends with. */
  #voucher(dice: Dice) {
    const model = this.#model
    const wrong = this.#wrong(dice)
    const amountNano = model.claimed + dice.pick([-1n, 0n, 1n, 5n, 20n]) * (TON / 10n)
    const leafCount = Math.max(0, model.leafCount + dice.pick([-1, 0, 0, 1, 3]))
    const voucher = {
      channel: wrong.channel ? this.#other.channel : this.#bench.channel,
      amountNano: amountNano < 0n ? 0n : amountNano,
      leafCount,
      receiptsRoot: new Uint8Array(32).fill(leafCount % 256),
    }
    const cell = wrong.tag ? retagged(voucher) : voucherCell(voucher)
    const signed = signCell(crypto, wrong.key ? strangerKey : clientKey, cell)
    const expected = firstOf([
      [wrong.key, 401],
      [wrong.tag, 402],
      [wrong.channel, 403],
    ])
    return { signed, voucher, expected }
  }

  /** What is left to pay by a voucher of this amount. */
  #due(amountNano: bigint): bigint {
    const { closed, claimed, deposited } = this.#model
    const due = (amountNano < deposited ? amountNano : deposited) - claimed
    return closed || due < 0n ? 0n : due
  }

  #record(leafCount: number): void {
    if (leafCount <= this.#model.leafCount) return
    this.#model.leafCount = leafCount
    this.#model.root = leafCount % 256
  }

  #claim(dice: Dice): Step {
    const { voucher, signed, expected } = this.#voucher(dice)
    const from = this.#party(dice, this.#bench.provider)
    const due = this.#due(voucher.amountNano)
    const changes = due > 0n || voucher.leafCount > this.#model.leafCount
    return {
      kind: 'claim',
      expected: expected === 0 && !changes ? 404 : expected,
      send: () => this.#bench.send(from, claimMessage(this.#bench.terms, signed)),
      apply: () => {
        this.#model.claimed += due
        this.#record(voucher.leafCount)
      },
    }
  }

  #close(dice: Dice): Step {
    const { provider, terms } = this.#bench
    const from = this.#party(dice, provider)
    const last = dice.oneIn(3) ? undefined : this.#voucher(dice)
    return {
      kind: 'close',
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== provider, 413],
        [last !== undefined && last.expected !== 0, last?.expected ?? 0],
      ]),
      send: () => this.#bench.send(from, closeMessage(terms, last?.signed)),
      apply: () => {
        if (last !== undefined) {
          this.#model.claimed += this.#due(last.voucher.amountNano)
          this.#record(last.voucher.leafCount)
        }
        this.#model.closed = true
      },
    }
  }

  #coopClose(dice: Dice): Step {
    const { client, terms } = this.#bench
    const model = this.#model
    const wrong = this.#wrong(dice)
    const from = this.#party(dice, client)
    const amountNano = dice.weighted([
      [8, model.claimed + (model.deposited - model.claimed) / BigInt(1 + dice.below(3))],
      [1, model.claimed - 1n],
      [1, model.deposited + 1n],
    ])
    const validUntil = this.#now + dice.pick([-1, 0, 900])
    const leafCount = model.leafCount + dice.below(2)
    const auth = {
      channel: wrong.channel ? this.#other.channel : this.#bench.channel,
      amountNano: amountNano < 0n ? 0n : amountNano,
      leafCount,
      receiptsRoot: new Uint8Array(32).fill(leafCount % 256),
      validUntil,
    }
    const cell = wrong.tag ? retagged(auth, validUntil) : closeAuthCell(auth)
    const signed = signCell(crypto, wrong.key ? clientKey : providerKey, cell)
    return {
      kind: 'coop_close',
      expected: firstOf([
        [model.closed, 410],
        [from !== client, 411],
        [wrong.key, 401],
        [wrong.tag, 402],
        [wrong.channel, 403],
        [this.#now > validUntil, 406],
        [auth.amountNano < model.claimed, 405],
        [auth.amountNano > model.deposited, 405],
      ]),
      send: () => this.#bench.send(from, coopCloseMessage(terms, signed)),
      apply: () => {
        model.claimed = auth.amountNano
        this.#record(leafCount)
        model.closed = true
      },
    }
  }

  #startClose(dice: Dice): Step {
    const { client, terms } = this.#bench
    const from = this.#party(dice, client)
    const closeAt = this.#now + terms.closeDelay
    return {
      kind: 'start_close',
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== client, 411],
        [this.#model.closeAt !== 0, 416],
      ]),
      send: () => this.#bench.send(from, startCloseMessage(terms)),
      apply: () => {
        this.#model.closeAt = closeAt
      },
    }
  }

  #finish(dice: Dice): Step {
    const { stranger, terms } = this.#bench
    const { closeAt, closed } = this.#model
    const end = terms.expiresAt + terms.closeDelay
    const finishAt = closeAt === 0 ? end : Math.min(end, closeAt)
    return {
      kind: 'finish',
      expected: firstOf([
        [closed, 410],
        [this.#now < finishAt, 414],
      ]),
      send: () => this.#bench.send(this.#party(dice, stranger), finishMessage(terms)),
      apply: () => {
        this.#model.closed = true
      },
    }
  }

  #destroy(dice: Dice): Step {
    const { stranger, terms } = this.#bench
    return {
      kind: 'destroy',
      expected: firstOf([
        [!this.#model.closed, 415],
        [this.#now <= terms.expiresAt + terms.closeDelay, 414],
      ]),
      send: () => this.#bench.send(this.#party(dice, stranger), destroyMessage(terms)),
      apply: () => {
        this.isOver = true
      },
    }
  }

  /** Plain coins, unknown operations, rubbish after the operation's code. */
  #nonsense(dice: Dice): Step {
    const body = dice.pick([
      beginCell().endCell(),
      beginCell().storeUint(0, 32).storeStringTail('for you').endCell(),
      beginCell().storeUint(0xd53276db, 32).storeUint(0, 64).endCell(),
    ])
    const from = this.#party(dice, this.#bench.client)
    const bounce = !dice.oneIn(3)
    // A sender that forbade a bounce gets its coins back by a message: the call itself succeeds.
    const expected = bounce ? 0xffff : 0
    return {
      kind: 'nonsense',
      expected,
      send: () => this.#bench.send(from, this.#bench.raw(body, TON), { bounce }),
      apply: () => undefined,
    }
  }

  #wait(dice: Dice): Step {
    const seconds = dice.pick([1, 60, CLOSE_DELAY_S - 1, CLOSE_DELAY_S, LIFE_S])
    return {
      kind: 'wait',
      expected: 0,
      send: undefined,
      apply: () => {
        this.#bench.chain.now = this.#now + seconds
      },
    }
  }

  async check(): Promise<void> {
    const model = this.#model
    if (this.isOver) {
      same('deployed', await this.#bench.isDeployed(), false)
      return
    }
    if (!model.deployed) return
    const found = await this.#bench.state()
    same('deposited', found.depositedNano, model.deposited)
    same('claimed', found.claimedNano, model.claimed)
    same('close_at', found.closeAt, model.closeAt)
    same('closed', found.closed, model.closed)
    same('leaf_count', found.leafCount, model.leafCount)
    if (model.leafCount > 0) same('root', Number.parseInt(rootOf(found), 16), model.root)
    const owed = model.closed ? 0n : model.deposited - model.claimed
    const held = await this.#bench.balance()
    if (held < owed) throw new Error(`insolvent: holds ${held}, owes ${owed}`)
  }
}

/** The exit code of the first rule that is broken; 0: none is. */
export function firstOf(rules: readonly (readonly [boolean, number])[]): number {
  return rules.find(([broken]) => broken)?.[1] ?? 0
}

function retagged(
  totals: { amountNano: bigint; leafCount: number; channel: ContractBench['channel'] },
  validUntil?: number,
) {
  const builder = beginCell()
    .storeUint(0x12345678, 32)
    .storeAddress(totals.channel)
    .storeCoins(totals.amountNano)
    .storeUint(totals.leafCount, 32)
    .storeUint(0n, 256)
  return (validUntil === undefined ? builder : builder.storeUint(validUntil, 32)).endCell()
}
