/**
 * The jetton channel and its jetton wallet: what it says to it, what it believes, and what comes back. Found by mutation
 * testing (`npm run mutants`). Where the test must say what a jetton wallet never would, a plain account stands for it.
 */
import { Address, beginCell, type Cell } from '@ton/core'
import { internal } from '@ton/sandbox'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import {
  jettonClaimMessage,
  jettonCloseMessage,
  jettonFinishMessage,
  jettonStartCloseMessage,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import { MESSAGE_PRICE_NANO, sizeOf, storageRent } from './fuzz/effects.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'
import {
  answerBody,
  EXCESSES,
  notificationBody,
  REFUND_BIT,
  returnedBody,
  TOP_UP,
  topUpPayload,
  transferBody,
  withQuery,
} from './jetton/jetton-messages.ts'
import type { Sent } from './sandbox-bench.ts'

const TON = 1_000_000_000n

/** What the stranger says who stands for the channel's jetton wallet. */
async function notify(bench: JettonBench, payload: Cell, valueNano = TON / 10n, amount = 100n) {
  const { client, stranger } = bench.bench
  const body = notificationBody(77n, amount, client.address, payload.asBuilder())
  return bench.bench.send(stranger, { to: bench.channel, valueNano, body })
}

/** A bounce as the chain writes it (rich, the root cell alone) of a transfer from whoever stands for the wallet. */
async function comeBack(bench: JettonBench, from: Address, transfer: Cell, value: bigint) {
  const body = beginCell()
    .storeUint(0xfffffffe, 32)
    .storeRef(transfer)
    .storeRef(beginCell().storeCoins(value).storeUint(0, 96).endCell())
    .storeUint(0, 8)
    .storeInt(0, 32)
    .storeBit(false)
    .endCell()
  const to = bench.channel
  const bounce = internal({ from, to, value, bounced: true, bounce: false, body })
  return bench.bench.chain.sendMessage(bounce)
}

/** So late that storage has eaten all of the channel's coins and has a claim on `dueNano` more. */
async function letRentBeDue(bench: JettonBench, prices: PriceTable, dueNano: bigint) {
  const days = 86_400n * 1_000n
  const rent = storageRent(prices, Number(days), sizeOf(await bench.account()))
  const gone = (await bench.bench.balance(bench.channel)) + dueNano
  bench.bench.chain.now = (bench.bench.chain.now ?? 0) + Number((gone * days) / rent)
}

/** How the call came back. */
function bounceOf(bench: JettonBench, { transactions }: Sent): string | undefined {
  const own = transactions.find(
    ({ inMessage }) => String(inMessage?.info.dest) === String(bench.channel),
  )
  return own?.description.type === 'generic' ? own.description.bouncePhase?.type : undefined
}

const bodies = ({ out }: Sent) => out.map(({ body }) => String(body))

describe.each(PRICE_TABLES)('the jetton channel and its wallet, prices %s', (prices) => {
  const word = beginCell().storeUint(TOP_UP, 32).endCell()
  const part = beginCell().storeUint(TOP_UP >>> 1, 31)

  it.each([
    ['in place', topUpPayload()],
    ['in a reference', beginCell().storeBit(true).storeRef(word)],
  ])('books jettons that come with its word %s, and returns the coins', async (_, payload) => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    const sent = await notify(bench, payload.endCell())
    expect((await bench.state()).deposited).toBe(100n)
    expect(bodies(sent)).toEqual([String(answerBody(EXCESSES, 77n))])
    expect(sent.out[0]?.to).toBe(String(bench.terms.client))
  })

  it.each([
    ['nothing', beginCell()],
    ['a reference that is not there', beginCell().storeBit(true)],
    ['31 bits', beginCell().storeBit(false).storeBuilder(part)],
    ['31 bits in a reference', beginCell().storeBit(true).storeRef(part.endCell())],
  ])('sends jettons back that come with %s', async (_, payload) => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    const sent = await notify(bench, payload.endCell())
    expect((await bench.state()).deposited).toBe(0n)
    const { client } = bench.terms
    const back = { queryId: 77n, amount: 100n, to: client, response: client }
    expect(bodies(sent)).toEqual([String(transferBody(back))])
  })

  it('knows no wallet before it was named one', async () => {
    const bench = await JettonBench.prepare(prices)
    const { client } = bench.bench
    const { stateInit } = setJettonWalletMessage(bench.terms, bench.channel)
    const body = notificationBody(0n, 100n, client.address, topUpPayload())
    const message = { to: bench.channel, valueNano: TON / 10n, body, stateInit: stateInit! }
    // Refused without a bounce: so the account is there, and remembers nothing.
    await bench.bench.send(client, message, { bounce: false })
    expect(await bench.bench.isDeployed(bench.channel)).toBe(true)
    expect((await bench.bench.send(client, message)).exitCode).toBe(419)
  })

  it('forgets the wallet of a call that was refused, also when that forbade a bounce', async () => {
    const bench = await JettonBench.prepare(prices)
    const call = setJettonWalletMessage(bench.terms, bench.channel)
    // Enough for the gas, not for the rent.
    const poor = { ...call, valueNano: 25n * MESSAGE_PRICE_NANO[prices] }
    const sent = await bench.bench.send(bench.bench.client, poor, { bounce: false })
    expect(bodies(sent)).toEqual([String(returnedBody(412))])
    expect((await bench.state()).wallet).toBeUndefined()
  })

  it('returns a notification’s coins when they cannot carry the jettons back', async () => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    const payload = beginCell().endCell()
    const { gasNano } = await notify(bench, payload)
    const held = await bench.bench.balance(bench.channel)
    const enoughForBounce = gasNano + (5n * MESSAGE_PRICE_NANO[prices]) / 4n
    const sent = await notify(bench, payload, enoughForBounce)
    expect(sent.exitCode).toBe(0)
    expect(bounceOf(bench, sent)).toBe('ok')
    expect(await bench.bench.balance(bench.channel)).toBe(held)
  })

  it('asks for payment and refund in the caller’s query, the refund marked, excesses to the caller', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const start = bench.terms.expiresAt + bench.terms.closeDelay
    await bench.jetton.freeze(bench.channel, true)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    await bench.bench.send(bench.bench.provider, claim)
    bench.bench.chain.now = start
    const { client, provider, stranger } = bench.bench
    const finish = withQuery(jettonFinishMessage(bench.terms), REFUND_BIT | 77n)
    const sent = await bench.bench.send(stranger, finish)
    const response = stranger.address
    const payment = { queryId: 77n, amount: 40n * UNIT, to: provider.address, response }
    const refund = { queryId: REFUND_BIT | 77n, amount: 60n * UNIT, to: client.address, response }
    expect(bodies(sent)).toEqual([transferBody(payment), transferBody(refund)].map(String))
    // Both came back from the frozen wallet, and their coins went on to whoever had paid.
    expect(sent.later.map(({ to }) => to)).toEqual([String(response), String(response)])
    const excesses = String(answerBody(EXCESSES, 77n))
    expect(sent.later.map(({ body }) => String(body))).toEqual([excesses, excesses])
    expect(await bench.state()).toMatchObject({ closed: true, paid: 0n, refunded: 0n })
    await bench.jetton.freeze(bench.channel, false)
    await bench.bench.send(stranger, finish)
    expect(await bench.balances()).toEqual([960n * UNIT, 40n * UNIT, 0n])
  })

  it('halves what the caller brought between payment and refund', async () => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    await notify(bench, topUpPayload().endCell())
    const close = jettonCloseMessage(bench.terms, bench.voucher(40n, 1))
    const { out, gasNano } = await bench.bench.send(bench.bench.provider, close)
    const [payment, refund] = out.map(({ valueNano }) => valueNano) as [bigint, bigint]
    expect(payment).toBeLessThan(refund)
    expect(refund - payment).toBeLessThanOrEqual(gasNano)
  })

  it('sends again what came back, and only that', async () => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    const { provider, stranger } = bench.bench
    await notify(bench, topUpPayload().endCell())
    await bench.bench.send(provider, jettonCloseMessage(bench.terms, bench.voucher(40n, 1)))
    const to = provider.address
    const payment = { queryId: 0n, amount: 40n, to, response: provider.address }
    await comeBack(bench, stranger.address, transferBody(payment), TON)
    expect(await bench.state()).toMatchObject({ paid: 0n, refunded: 60n })
    const sent = await bench.bench.send(provider, jettonFinishMessage(bench.terms))
    expect(bodies(sent)).toEqual([String(transferBody(payment))])
  })

  it('pays with the caller’s coins alone when rent has eaten its own', async () => {
    const bench = await JettonBench.open(prices, {}, 'stranger')
    await notify(bench, topUpPayload().endCell())
    await letRentBeDue(bench, prices, TON / 20n)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n, 1))
    expect((await bench.bench.send(bench.bench.provider, claim)).success).toBe(true)
    expect(await bench.bench.balance(bench.channel)).toBe(0n)
  })

  it('gives back the coins of a close that cannot pay the way to its wallet', async () => {
    // The way to the masterchain costs more than the two transfers for which the contract asks.
    const wallet = new Address(-1, Buffer.alloc(32, 7))
    const bench = await JettonBench.open(prices, { transferGas: 0 }, wallet)
    const { chain, provider } = bench.bench
    const body = notificationBody(0n, 100n, bench.terms.client, topUpPayload())
    await chain.sendMessage(internal({ from: wallet, to: bench.channel, value: TON, body }))
    expect((await bench.state()).deposited).toBe(100n)
    const before = await bench.account()
    const close = jettonCloseMessage(bench.terms, bench.voucher(40n, 1))
    const sent = await bench.bench.send(provider, { ...close, valueNano: TON / 40n })
    expect(sent.exitCode).toBe(0)
    expect(bounceOf(bench, sent)).toBe('ok')
    expect(await bench.account()).toEqual(before)
  })

  it('gives back the coins of a start_close that cannot tell its provider', async () => {
    // In a workchain that the network does not have.
    const provider = new Address(5, Buffer.alloc(32, 7))
    const bench = await JettonBench.open(prices, { provider })
    const before = await bench.account()
    const held = await bench.bench.balance(bench.channel)
    const start = jettonStartCloseMessage(bench.terms)
    const sent = await bench.bench.send(bench.bench.client, start)
    expect(bounceOf(bench, sent)).toBe('ok')
    expect(await bench.bench.balance(bench.channel)).toBe(held)
    expect(await bench.account()).toEqual(before)
  })
})
