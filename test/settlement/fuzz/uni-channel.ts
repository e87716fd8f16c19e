/** The reference model of the payment channel: docs/spec/settlement.md, "The contract". */
import { beginCell } from '@ton/core'
import { channelStateInit } from '#settlement/cells/terms.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { WalletMessage } from '#settlement/types.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { NOW_S } from '../channel-fixture.ts'
import { ContractBench, type Party, rootOf } from '../contract-bench.ts'
import { anyCloseAuth, anyVoucher, type Standing } from './channel-cells.ts'
import type { Dice } from './dice.ts'
import { MESSAGE_PRICE_NANO, maxOf, minOf, type Out, sizeOf, storageRent } from './effects.ts'
import { firstOf, type Life, type Step, same } from './fuzz.ts'

const TON = 1_000_000_000n
const CLOSE_DELAY_S = 3_600
const LIFE_S = 20_000
const RENT_SLACK_S = 90 * 86_400
const PAID = 0x50414944
const REFUNDED = 0x52464e44
const CLOSING_STARTED = 0x434c5347
const EXCESSES = 0xd53276db
const RETURNED = 0x52464553

const FRESH = {
  deposited: 0n,
  claimed: 0n,
  closeAt: 0,
  closed: false,
  leafCount: 0,
  root: 0,
}

export class ChannelLife implements Life {
  readonly #bench: ContractBench
  readonly #other: ContractBench
  readonly #prices: PriceTable
  readonly #model = { ...FRESH }
  /** A message with the state init has come: the account has code. */
  #active = false
  /** Calls of the afterlife still to come; undefined: it was not destroyed. */
  #ghosts: number | undefined

  private constructor(bench: ContractBench, prices: PriceTable) {
    this.#bench = bench
    this.#prices = prices
    this.#other = bench.sibling({ salt: bench.terms.salt + 1_000_000n })
  }

  static async begin(prices: PriceTable, life: number): Promise<ChannelLife> {
    const changes = { salt: BigInt(life), closeDelay: CLOSE_DELAY_S, expiresAt: NOW_S + LIFE_S }
    const bench = await ContractBench.create(prices, changes)
    bench.chain.now = NOW_S
    return new ChannelLife(bench, prices)
  }

  get isOver(): boolean {
    return this.#ghosts === 0
  }

  get address() {
    return this.#bench.channel
  }

  get #now(): number {
    return this.#bench.chain.now ?? 0
  }

  get #end(): number {
    return this.#bench.terms.expiresAt + CLOSE_DELAY_S
  }

  balance(): Promise<bigint> {
    return this.#bench.balance()
  }

  next(dice: Dice): Step | Promise<Step> {
    if (!this.#active || this.#ghosts !== undefined) return this.#topUp(dice)
    const { closed, closeAt } = this.#model
    const closing = !closed && closeAt !== 0
    return dice.weighted<() => Step | Promise<Step>>([
      [closed ? 2 : 20, () => this.#topUp(dice)],
      [closed ? 10 : 40, () => this.#claim(dice)],
      [closed ? 1 : 3, () => this.#close(dice)],
      [closed ? 1 : 4, () => this.#coopClose(dice)],
      [closed || closing ? 1 : 6, () => this.#startClose(dice)],
      [closed ? 2 : closing ? 24 : 6, () => this.#finish(dice)],
      [closed ? 16 : 3, () => this.#destroy(dice)],
      [4, () => this.#nonsense(dice)],
      [closed ? 16 : closing ? 24 : 6, () => this.#wait(dice)],
    ])()
  }

  #party(dice: Dice, likely: Party): Party {
    const { client, provider, stranger } = this.#bench
    return dice.oneIn(6) ? dice.pick([client, provider, stranger]) : likely
  }

  /** Sends it, now and then with a random value that is perhaps too little. */
  #send(dice: Dice, from: Party, message: WalletMessage) {
    if (!dice.oneIn(10)) return { send: () => this.#bench.send(from, message) }
    const poorNano = BigInt(1 + dice.below(12_000_000))
    return { poorNano, send: () => this.#bench.send(from, { ...message, valueNano: poorNano }) }
  }

  async #topUp(dice: Dice): Promise<Step> {
    const { client, terms } = this.#bench
    const model = this.#ghosts === undefined ? this.#model : FRESH
    const from = this.#party(dice, client)
    const amount = dice.oneIn(12) ? 0n : BigInt(1 + dice.below(5)) * TON
    const sound = topUpMessage(terms, amount)
    const rentMissing = await this.#rentMissing()
    const short = amount > 0n && dice.oneIn(8)
    const least = amount + rentMissing(await this.balance())
    const message = short ? { ...sound, valueNano: least } : sound
    const ghost = this.#ghosts !== undefined
    return {
      kind: ghost ? 'top_up after destroy' : 'top_up',
      expected: firstOf([
        [model.closed, 410],
        [model.closeAt !== 0, 416],
        [from !== client, 411],
        [this.#now >= terms.expiresAt, 406],
        [amount === 0n, 405],
        [short, 412],
      ]),
      send: async () => {
        this.#active = true
        if (this.#ghosts !== undefined) this.#ghosts--
        const sent = await this.#bench.send(from, message)
        return sent
      },
      effect: (held) => ({
        out: [this.#excess(from)],
        keptNano: amount + rentMissing(held),
      }),
      apply: () => {
        if (ghost) throw new Error('a destroyed channel took a deposit')
        model.deposited += amount
      },
    }
  }

  /** Rent for the whole life that is missing when the channel holds so much. */
  async #rentMissing(): Promise<(heldNano: bigint) => bigint> {
    const { deposited, claimed } = this.#model
    const present = this.#active && this.#ghosts === undefined
    const state = present ? await this.#bench.account() : initial(this.#bench)
    const seconds = this.#end + RENT_SLACK_S - this.#now
    const rent = storageRent(this.#prices, seconds, sizeOf(state))
    return (held) => maxOf(0n, rent - (held - (deposited - claimed)))
  }

  /** What never had its rent cannot pay for the message that ends it: the call may fail. */
  async #cannotLeave({ valueNano }: WalletMessage) {
    const least = 2n * MESSAGE_PRICE_NANO[this.#prices]
    return (await this.balance()) < least ? { poorNano: valueNano } : {}
  }

  /** All that is left, less what its way costs. */
  #remains(held: bigint): Out {
    const valueNano = held - MESSAGE_PRICE_NANO[this.#prices]
    return { opcode: REFUNDED, to: this.#bench.terms.client, valueNano }
  }

  #excess(to: Party): Out {
    return { opcode: EXCESSES, to: to.address }
  }

  /** Payment and refund as messages of their own, then the caller's excess. */
  #outs(paid: bigint, left: bigint, caller: Party): Out[] {
    const { client, provider } = this.#bench
    return [
      ...(paid > 0n ? [{ opcode: PAID, to: provider.address, valueNano: paid }] : []),
      ...(left > 0n ? [{ opcode: REFUNDED, to: client.address, valueNano: left }] : []),
      this.#excess(caller),
    ]
  }

  get #standing(): Standing {
    const { deposited, claimed, leafCount } = this.#model
    const where = { channel: this.#bench.channel, other: this.#other.channel }
    return { ...where, deposited, claimed, leafCount, now: this.#now }
  }

  /** What is left to pay by a voucher of this amount. */
  #due(amountNano: bigint): bigint {
    const { closed, claimed, deposited } = this.#model
    return closed ? 0n : maxOf(0n, minOf(amountNano, deposited) - claimed)
  }

  #record(leafCount: number): void {
    if (leafCount <= this.#model.leafCount) return
    this.#model.leafCount = leafCount
    this.#model.root = leafCount % 256
  }

  #claim(dice: Dice): Step {
    const { voucher, signed, expected } = anyVoucher(dice, this.#standing, TON)
    const { provider, terms } = this.#bench
    const from = this.#party(dice, provider)
    const due = this.#due(voucher.amountNano)
    const changes = due > 0n || voucher.leafCount > this.#model.leafCount
    const own = from === provider && due > 0n
    return {
      kind: 'claim',
      expected: expected === 0 && !changes ? 404 : expected,
      ...this.#send(dice, from, claimMessage(terms, signed)),
      effect: () => ({
        out: own ? [{ opcode: PAID, to: provider.address }] : this.#outs(due, 0n, from),
        keptNano: -due,
      }),
      apply: () => {
        this.#model.claimed += due
        this.#record(voucher.leafCount)
      },
    }
  }

  /** A step that ends the channel: `paid` to the provider, what is then unclaimed to the client. */
  #ending(kind: string, dice: Dice, from: Party, message: WalletMessage, paid: bigint) {
    const { deposited, claimed } = this.#model
    const left = deposited - claimed - paid
    return {
      kind,
      ...this.#send(dice, from, message),
      effect: () => ({ out: this.#outs(paid, left, from), keptNano: -paid - left }),
    }
  }

  #close(dice: Dice): Step {
    const { provider, terms } = this.#bench
    const from = this.#party(dice, provider)
    const last = dice.oneIn(3) ? undefined : anyVoucher(dice, this.#standing, TON)
    const paid = last === undefined ? 0n : this.#due(last.voucher.amountNano)
    return {
      ...this.#ending('close', dice, from, closeMessage(terms, last?.signed), paid),
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== provider, 413],
        [last !== undefined && last.expected !== 0, last?.expected ?? 0],
      ]),
      apply: () => {
        this.#model.claimed += paid
        if (last !== undefined) this.#record(last.voucher.leafCount)
        this.#model.closed = true
      },
    }
  }

  #coopClose(dice: Dice): Step {
    const { client, terms } = this.#bench
    const from = this.#party(dice, client)
    const { auth, signed, expected } = anyCloseAuth(dice, this.#standing)
    const paid = auth.amountNano - this.#model.claimed
    return {
      ...this.#ending('coop_close', dice, from, coopCloseMessage(terms, signed), paid),
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== client, 411],
        [expected !== 0, expected],
      ]),
      apply: () => {
        this.#model.claimed = auth.amountNano
        this.#record(auth.leafCount)
        this.#model.closed = true
      },
    }
  }

  #startClose(dice: Dice): Step {
    const { client, provider, terms } = this.#bench
    const from = this.#party(dice, client)
    const closeAt = this.#now + terms.closeDelay
    return {
      kind: 'start_close',
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== client, 411],
        [this.#model.closeAt !== 0, 416],
      ]),
      ...this.#send(dice, from, startCloseMessage(terms)),
      effect: () => ({
        out: [{ opcode: CLOSING_STARTED, to: provider.address, valueNano: 0n }, this.#excess(from)],
        keptNano: 0n,
      }),
      apply: () => {
        this.#model.closeAt = closeAt
      },
    }
  }

  #finish(dice: Dice): Step {
    const { stranger, terms } = this.#bench
    const { closeAt, closed } = this.#model
    const finishAt = closeAt === 0 ? this.#end : Math.min(this.#end, closeAt)
    const from = this.#party(dice, stranger)
    return {
      ...this.#ending('finish', dice, from, finishMessage(terms), 0n),
      expected: firstOf([
        [closed, 410],
        [this.#now < finishAt, 414],
      ]),
      apply: () => {
        this.#model.closed = true
      },
    }
  }

  async #destroy(dice: Dice): Promise<Step> {
    const { stranger, terms } = this.#bench
    const from = this.#party(dice, stranger)
    const message = destroyMessage(terms)
    return {
      kind: 'destroy',
      expected: firstOf([
        [!this.#model.closed, 415],
        [this.#now <= this.#end, 414],
      ]),
      ...(await this.#cannotLeave(message)),
      send: () => this.#bench.send(from, message),
      effect: (held) => ({
        out: [this.#excess(from), this.#remains(held)],
        keptNano: -held,
      }),
      apply: () => {
        this.#ghosts = 2
        this.#active = false
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
    return {
      kind: 'nonsense',
      // A sender that forbade a bounce gets its coins back by a message: the call itself succeeds.
      expected: bounce ? 0xffff : 0,
      send: () => this.#bench.send(from, this.#bench.raw(body, TON), { bounce }),
      effect: () => ({ out: [{ opcode: RETURNED, to: from.address }], keptNano: 0n }),
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
    if (!this.#active) {
      if (this.#ghosts !== undefined) same('deployed', await this.#bench.isDeployed(), false)
      return
    }
    const model = this.#ghosts === undefined ? this.#model : FRESH
    const found = await this.#bench.state()
    same('deposited', found.depositedNano, model.deposited)
    same('claimed', found.claimedNano, model.claimed)
    same('close_at', found.closeAt, model.closeAt)
    same('closed', found.closed, model.closed)
    same('leaf_count', found.leafCount, model.leafCount)
    if (model.leafCount > 0) same('root', Number.parseInt(rootOf(found), 16), model.root)
    const owed = model.closed ? 0n : model.deposited - model.claimed
    const held = await this.balance()
    if (held < owed) throw new Error(`insolvent: holds ${held}, owes ${owed}`)
  }
}

/** The account as a first message makes it. */
function initial({ terms }: ContractBench) {
  const { code, data } = channelStateInit(terms)
  return { code: code.toBoc(), data: data.toBoc() }
}
