/** The reference model of the jetton channel: docs/spec/settlement.md, "Jetton channel". */
import { type Builder, beginCell } from '@ton/core'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import {
  jettonChannelAddress,
  jettonClaimMessage,
  jettonCloseMessage,
  jettonCoopCloseMessage,
  jettonDestroyMessage,
  jettonFinishMessage,
  jettonStartCloseMessage,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { NOW_S } from '../channel-fixture.ts'
import { JettonBench, UNIT } from '../jetton/jetton-bench.ts'
import {
  CLOSING_STARTED,
  closingBody,
  EXCESSES,
  notificationBody,
  REFUND_BIT,
  RETURNED,
  returnedBody,
  TOP_UP,
  topUpPayload,
  transferBody,
  withQuery,
} from '../jetton/jetton-messages.ts'
import { describeSent, type Party } from '../sandbox-bench.ts'
import { anyCloseAuth, anyVoucher, type Standing } from './channel-cells.ts'
import type { Dice } from './dice.ts'
import { MESSAGE_PRICE_NANO, maxOf, minOf, type Out, sizeOf, storageRent } from './effects.ts'
import { firstOf, type Life, type Step, same } from './fuzz.ts'
import { FRESH, LIFE_S, present } from './jetton-model.ts'
import {
  excessOut,
  payOutEffect,
  remainsOut,
  sendBackOut,
  unknownWalletOut,
} from './jetton-outs.ts'

const CLOSE_DELAY_S = 3_600
const DAY_S = 86_400
const RENT_SLACK_S = 90 * DAY_S
/** An address instead of none. */
const WALLET_BITS = 267n - 2n

export class JettonChannelLife implements Life {
  readonly #bench: JettonBench
  readonly #prices: PriceTable
  readonly #model = { ...FRESH }
  readonly #wallets: Wallets
  /** Of the present step. */
  #query = 0n
  isOver = false

  private constructor(bench: JettonBench, prices: PriceTable, wallets: Wallets) {
    this.#bench = bench
    this.#prices = prices
    this.#wallets = wallets
  }

  static async begin(prices: PriceTable, life: number): Promise<JettonChannelLife> {
    const times = { closeDelay: CLOSE_DELAY_S, expiresAt: NOW_S + LIFE_S }
    const bench = await JettonBench.prepare(prices, { salt: BigInt(life), ...times })
    await bench.jetton.mint(bench.bench.stranger.address, 1_000n * UNIT)
    return new JettonChannelLife(bench, prices, await walletsOf(bench))
  }

  get address() {
    return this.#bench.channel
  }

  get #now(): number {
    return this.#bench.bench.chain.now ?? 0
  }

  get #end(): number {
    return this.#bench.terms.expiresAt + CLOSE_DELAY_S
  }

  balance(): Promise<bigint> {
    return this.#bench.bench.balance(this.address)
  }

  next(dice: Dice): Step | Promise<Step> {
    const { active, closed, closeAt, walletSet } = this.#model
    const closing = !closed && closeAt !== 0
    this.#query = dice.pick([0n, 1n, 77n, REFUND_BIT, REFUND_BIT | 77n, 2n * REFUND_BIT - 1n])
    if (!active) return dice.oneIn(3) ? this.#coins(dice) : this.#setWallet(dice)
    return dice.weighted<() => Step | Promise<Step>>([
      [walletSet || closed ? 2 : 40, () => this.#setWallet(dice)],
      [closed ? 1 : 14, () => this.#topUp(dice)],
      [8, () => this.#gift(dice)],
      [closed ? 8 : 30, () => this.#claim(dice)],
      [closed ? 1 : 4, () => this.#close(dice)],
      [closed ? 1 : 7, () => this.#coopClose(dice)],
      [closed || closing ? 1 : 7, () => this.#startClose(dice)],
      [closing ? 24 : 8, () => this.#finish(dice)],
      [closed ? 14 : 2, () => this.#destroy(dice)],
      [3, () => this.#nonsense(dice)],
      [5, () => this.#freeze(dice)],
      [closed ? 12 : closing ? 24 : 5, () => this.#wait(dice)],
    ])()
  }

  #party(dice: Dice, likely: Party): Party {
    const { client, provider, stranger } = this.#bench.bench
    return dice.oneIn(6) ? dice.pick([client, provider, stranger]) : likely
  }

  /** Sends it, now and then with a random value that is perhaps too little. */
  #send(dice: Dice, from: Party, message: WalletMessage) {
    const { bench } = this.#bench
    const asked = withQuery(message, this.#query)
    if (!dice.oneIn(10)) return { send: () => bench.send(from, asked) }
    const poorNano = BigInt(1 + dice.below(90_000_000))
    return { poorNano, send: () => bench.send(from, { ...asked, valueNano: poorNano }) }
  }

  async #setWallet(dice: Dice): Promise<Step> {
    const { bench, terms } = this.#bench
    const model = this.#model
    const from = this.#party(dice, bench.client)
    const wallet = this.#wallets.channel
    const size = await this.#sizeWithWallet()
    const rent = storageRent(this.#prices, this.#end + RENT_SLACK_S - this.#now, size)
    const missing = (held: bigint) => maxOf(0n, 2n * rent - held)
    const short = dice.oneIn(8)
    const message = withQuery(setJettonWalletMessage(terms, wallet), this.#query)
    const valueNano = short ? missing(await this.balance()) + 1n : message.valueNano
    return {
      kind: 'set_wallet',
      expected: firstOf([
        [model.closed, 410],
        [model.walletSet, 420],
        [from !== bench.client, 411],
        [this.#now >= terms.expiresAt, 406],
      ]),
      // It is refused for its value, or, when that does not pay for gas, not even looked at.
      ...(short ? { poorNano: valueNano } : {}),
      send: () => {
        if (valueNano > 1_000_000n) model.active = true
        return bench.send(from, { ...message, valueNano })
      },
      effect: (held) => ({ out: [this.#excess(from)], keptNano: missing(held) }),
      apply: () => {
        model.walletSet = true
        model.active = true
      },
    }
  }

  async #sizeWithWallet() {
    const { bits, cells } = sizeOf(await this.#bench.account())
    return { bits: this.#model.walletSet ? bits : bits + WALLET_BITS, cells }
  }

  /** What never had its rent cannot pay for the message that ends it: the call may fail. */
  async #cannotLeave({ valueNano }: WalletMessage) {
    const least = 2n * MESSAGE_PRICE_NANO[this.#prices]
    return (await this.balance()) < least ? { poorNano: valueNano } : {}
  }

  #excess(to: Party): Out {
    return excessOut(to.address, this.#query)
  }

  /** Coins for an address that has no contract yet: they count as rent. */
  #coins(dice: Dice): Step {
    const { client } = this.#bench.bench
    const value = BigInt(1 + dice.below(12_000_000))
    return {
      kind: 'coins',
      expected: 0,
      send: undefined,
      apply: async () => {
        await client.send({ to: this.address, value, bounce: false })
      },
    }
  }

  /** A transfer of jettons to the channel; `counts` as deposit when the channel is open. */
  #transfer(from: 'client' | 'stranger', amount: bigint, payload: Builder, counts: boolean): Step {
    const { bench, terms } = this.#bench
    const model = this.#model
    const open =
      model.walletSet && !model.closed && model.closeAt === 0 && this.#now < terms.expiresAt
    const sender = bench[from]
    const queryId = this.#query
    const transfer = { queryId, amount, to: this.address, response: sender.address, payload }
    const body = transferBody({ ...transfer, forwardNano: 100_000_000n })
    const message = { to: this.#wallets[from], valueNano: 400_000_000n, body }
    return {
      kind: counts && open ? 'top_up' : 'gift',
      expected: 0,
      send: async () => {
        const { transactions } = await bench.send(sender, message)
        return describeSent(transactions, this.address, this.#wallets.channel)
      },
      effect: () => ({
        out: [counts && open ? this.#excess(sender) : this.#refusal(amount, sender)],
        keptNano: 0n,
      }),
      apply: () => {
        if (counts && open) model.deposited += amount
        // Nobody booked it, or its way back was refused: it stays in the channel's jetton wallet.
        else if (!model.walletSet || model.frozen) model.stray += amount
      },
    }
  }

  /** The answer to jettons that are no deposit: back they go, once it is known where they lie. */
  #refusal(amount: bigint, { address }: Party): Out {
    const wallet = this.#wallets.channel
    if (!this.#model.walletSet) return unknownWalletOut(wallet)
    return sendBackOut(wallet, address, this.#query, amount)
  }

  #topUp(dice: Dice): Step {
    const word = beginCell().storeUint(TOP_UP, 32)
    const payload = dice.oneIn(2)
      ? beginCell().storeBit(false).storeBuilder(word)
      : beginCell().storeBit(true).storeRef(word.endCell())
    return this.#transfer('client', BigInt(1 + dice.below(5)) * UNIT, payload, true)
  }

  /** Jettons that are no deposit: without the word, with another, cut short, or a stranger's. */
  #gift(dice: Dice): Step {
    const amount = BigInt(1 + dice.below(5)) * UNIT
    if (dice.oneIn(4)) return this.#fakeNotification(amount)
    const payload = dice.pick([
      beginCell(),
      beginCell().storeBit(true),
      beginCell().storeBit(false),
      beginCell().storeBit(true).storeRef(beginCell().endCell()),
      beginCell()
        .storeBit(false)
        .storeUint(TOP_UP >>> 1, 31),
      beginCell()
        .storeBit(false)
        .storeUint(TOP_UP + 1, 32),
    ])
    if (dice.oneIn(2)) return this.#transfer('client', amount, payload, false)
    return this.#transfer('stranger', amount, topUpPayload(), false)
  }

  /** What a jetton wallet would say, from somebody who is none. */
  #fakeNotification(amount: bigint): Step {
    const { bench, terms } = this.#bench
    const body = notificationBody(this.#query, amount, terms.client, topUpPayload())
    const message = { to: this.address, valueNano: 100_000_000n, body }
    return {
      kind: 'fake notification',
      expected: 419,
      send: () => bench.send(bench.client, message),
      apply: () => undefined,
    }
  }

  get #standing(): Standing {
    const { deposited, claimed, leafCount } = this.#model
    const other = jettonChannelAddress({ ...this.#bench.terms, salt: 1_000_000n })
    return { channel: this.address, other, deposited, claimed, leafCount, now: this.#now }
  }

  #claimedBy(amountNano: bigint): bigint {
    const { closed, claimed, deposited } = this.#model
    return closed ? claimed : maxOf(claimed, minOf(amountNano, deposited))
  }

  #record(leafCount: number): void {
    if (leafCount <= this.#model.leafCount) return
    this.#model.leafCount = leafCount
    this.#model.root = leafCount % 256
  }

  #sends(owed: bigint, left: bigint, from: Party, { valueNano }: WalletMessage) {
    const { client, provider } = this.#bench.terms
    const [caller, wallet] = [from.address, this.#wallets.channel]
    const [prices, queryId, frozen] = [this.#prices, this.#query, this.#model.frozen]
    const parties = { caller, wallet, client, provider }
    return payOutEffect({ ...parties, prices, queryId, valueNano, owed, left, frozen })
  }

  /** A frozen wallet sends both back. */
  #paid(owed: bigint, left: bigint): void {
    const model = this.#model
    if (owed > 0n || left > 0n) model.lastTransferAt = this.#now
    if (model.frozen) return
    model.paid += owed
    model.refunded += left
  }

  #claim(dice: Dice): Step {
    const { voucher, signed, expected } = anyVoucher(dice, this.#standing, UNIT)
    const { bench, terms } = this.#bench
    const model = this.#model
    const from = this.#party(dice, bench.provider)
    const message = jettonClaimMessage(terms, signed)
    const claimed = this.#claimedBy(voucher.amountNano)
    const owed = claimed - model.paid
    const changes = owed > 0n || voucher.leafCount > model.leafCount
    return {
      kind: 'claim',
      expected: expected === 0 && !changes ? 404 : expected,
      ...this.#send(dice, from, message),
      effect: this.#sends(owed, 0n, from, message),
      apply: () => {
        model.claimed = claimed
        this.#record(voucher.leafCount)
        this.#paid(owed, 0n)
      },
    }
  }

  /** A step that closes when `claimed` is what the provider is owed in all. */
  #ending(kind: string, dice: Dice, from: Party, message: WalletMessage, claimed: bigint) {
    const model = this.#model
    const owed = claimed - model.paid
    const left = model.deposited - claimed - model.refunded
    return {
      kind,
      ...this.#send(dice, from, message),
      effect: this.#sends(owed, left, from, message),
      apply: () => {
        model.claimed = claimed
        model.closed = true
        this.#paid(owed, left)
      },
    }
  }

  #close(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const from = this.#party(dice, bench.provider)
    const last = dice.oneIn(3) ? undefined : anyVoucher(dice, this.#standing, UNIT)
    const claimed = this.#claimedBy(last?.voucher.amountNano ?? 0n)
    const message = jettonCloseMessage(terms, last?.signed)
    const step = this.#ending('close', dice, from, message, claimed)
    return {
      ...step,
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== bench.provider, 413],
        [last !== undefined && last.expected !== 0, last?.expected ?? 0],
      ]),
      apply: () => {
        if (last !== undefined) this.#record(last.voucher.leafCount)
        step.apply()
      },
    }
  }

  #coopClose(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const from = this.#party(dice, bench.client)
    const { auth, signed, expected } = anyCloseAuth(dice, this.#standing)
    const message = jettonCoopCloseMessage(terms, signed)
    const step = this.#ending('coop_close', dice, from, message, auth.amountNano)
    return {
      ...step,
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== bench.client, 411],
        [expected !== 0, expected],
      ]),
      apply: () => {
        this.#record(auth.leafCount)
        step.apply()
      },
    }
  }

  #startClose(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const from = this.#party(dice, bench.client)
    const closeAt = this.#now + CLOSE_DELAY_S
    const body = closingBody(this.#query, closeAt)
    const told = { opcode: CLOSING_STARTED, to: terms.provider, valueNano: 0n, body }
    return {
      kind: 'start_close',
      expected: firstOf([
        [this.#model.closed, 410],
        [from !== bench.client, 411],
        [this.#model.closeAt !== 0, 416],
      ]),
      ...this.#send(dice, from, jettonStartCloseMessage(terms)),
      effect: () => ({ out: [told, this.#excess(from)], keptNano: 0n }),
      apply: () => {
        this.#model.closeAt = closeAt
      },
    }
  }

  #finish(dice: Dice): Step {
    const { bench, terms } = this.#bench
    const { closeAt, closed, claimed, deposited, paid, refunded } = this.#model
    const finishAt = closeAt === 0 ? this.#end : Math.min(this.#end, closeAt)
    const from = this.#party(dice, bench.stranger)
    return {
      ...this.#ending('finish', dice, from, jettonFinishMessage(terms), claimed),
      expected: firstOf([
        [!closed && this.#now < finishAt, 414],
        [closed && deposited === paid + refunded, 404],
      ]),
    }
  }

  async #destroy(dice: Dice): Promise<Step> {
    const { bench, terms } = this.#bench
    const { closed, deposited, paid, refunded, lastTransferAt } = this.#model
    const from = this.#party(dice, bench.stranger)
    const message = withQuery(jettonDestroyMessage(terms), this.#query)
    return {
      kind: 'destroy',
      expected: firstOf([
        [!closed, 415],
        [paid + refunded !== deposited, 421],
        [this.#now <= this.#end, 414],
        [this.#now <= lastTransferAt + DAY_S, 414],
      ]),
      ...(await this.#cannotLeave(message)),
      send: () => bench.send(from, message),
      effect: (held) => ({
        out: [this.#excess(from), remainsOut(this.#prices, terms.client, this.#query, held)],
        keptNano: -held,
      }),
      apply: () => {
        this.isOver = true
      },
    }
  }

  #nonsense(dice: Dice): Step {
    const { bench } = this.#bench
    const body = dice.pick([
      beginCell().endCell(),
      beginCell().storeUint(TOP_UP, 32).storeUint(0, 64).storeCoins(UNIT).endCell(),
      beginCell().storeUint(EXCESSES, 32).storeUint(0, 64).endCell(),
    ])
    const from = this.#party(dice, bench.client)
    const bounce = !dice.oneIn(3)
    const message = { to: this.address, valueNano: 100_000_000n, body }
    return {
      kind: 'nonsense',
      expected: bounce ? 0xffff : 0,
      send: () => bench.send(from, message, { bounce }),
      effect: () => ({
        out: [{ opcode: RETURNED, to: from.address, body: returnedBody(0xffff) }],
        keptNano: 0n,
      }),
      apply: () => undefined,
    }
  }

  /** The issuer freezes the channel's jetton wallet, or lets it go. */
  #freeze(dice: Dice): Step {
    const frozen = !this.#model.frozen && !dice.oneIn(3)
    return {
      kind: 'freeze',
      expected: 0,
      send: undefined,
      apply: async () => {
        await this.#bench.jetton.freeze(this.address, frozen)
        this.#model.frozen = frozen
      },
    }
  }

  /** By some time, or to a moment that decides something: a second before it, at it or after it. */
  #wait(dice: Dice): Step {
    const { closeAt, lastTransferAt } = this.#model
    const moment = dice.pick([
      this.#end - CLOSE_DELAY_S,
      this.#end,
      closeAt,
      lastTransferAt + DAY_S,
    ])
    const until = moment - this.#now + dice.pick([-1, 0, 1])
    const some = dice.pick([1, 60, CLOSE_DELAY_S - 1, CLOSE_DELAY_S, LIFE_S, DAY_S])
    const seconds = until > 0 && dice.oneIn(2) ? until : some
    return {
      kind: 'wait',
      expected: 0,
      send: undefined,
      apply: () => {
        this.#bench.bench.chain.now = this.#now + seconds
      },
    }
  }

  async check(): Promise<void> {
    const { bench } = this.#bench
    if (this.isOver) return same('deployed', await bench.isDeployed(this.address), false)
    const model = this.#model
    model.active = await bench.isDeployed(this.address)
    if (!model.active) return
    const found = await this.#bench.state()
    same('the state', present(found), present(model))
    same('the wallet', found.wallet === undefined, !model.walletSet)
    const held = await this.#bench.jetton.balanceOf(this.address)
    same('the jettons held', held, model.deposited - model.paid - model.refunded + model.stray)
    const { provider } = this.#bench.terms
    same('the jettons paid', await this.#bench.jetton.balanceOf(provider), model.paid)
  }
}

type Wallets = Awaited<ReturnType<typeof walletsOf>>

async function walletsOf({ bench, jetton, channel }: JettonBench) {
  return {
    client: await jetton.walletOf(bench.client.address),
    stranger: await jetton.walletOf(bench.stranger.address),
    channel: await jetton.walletOf(channel),
  }
}
