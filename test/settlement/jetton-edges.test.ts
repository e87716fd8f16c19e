/**
 * The jetton channel where one nanoTON, one second or one number decides. Found by mutation testing (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import {
  jettonClaimMessage,
  jettonCloseMessage,
  jettonCoopCloseMessage,
  jettonDestroyMessage,
  jettonFinishMessage,
  jettonStartCloseMessage,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { clientKey, NOW_S } from './channel-fixture.ts'
import { MESSAGE_PRICE_NANO, sizeOf, storageFeesOf, storageRent } from './fuzz/effects.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'
import type { Party } from './sandbox-bench.ts'

const DAY_S = 86_400
/** An address instead of none. */
const WALLET_BITS = 267n - 2n

/** The least values with which calls are taken: their own gas, and what each transfer must be able to pay. */
const LEAST_NANO: Readonly<Record<PriceTable, Least>> = {
  'mainnet-2026-08': {
    setWallet: 1_274_668n,
    claim: 4_775_338n,
    close: 4_871_071n,
    closeWithBoth: 8_676_941n,
  },
  'mainnet-2024': {
    setWallet: 7_648_000n,
    claim: 28_652_000n,
    close: 29_226_400n,
    closeWithBoth: 52_061_600n,
  },
}

interface Least {
  /** Above the rent. */
  readonly setWallet: bigint
  readonly claim: bigint
  /** With one transfer. */
  readonly close: bigint
  readonly closeWithBoth: bigint
}

describe.each(PRICE_TABLES)('the jetton channel at its edges, prices %s', (prices) => {
  /** Refused with one nano less, taken with this. */
  async function expectLeast(bench: JettonBench, from: Party, call: WalletMessage, least: bigint) {
    const short = await bench.bench.send(from, { ...call, valueNano: least - 1n })
    expect(short.exitCode).toBe(412)
    const taken = await bench.bench.send(from, { ...call, valueNano: least })
    expect(taken.exitCode).toBe(0)
    expect(taken.success).toBe(true)
  }

  /** Twice the rent of all that it will hold, from now until nobody can have a claim any more. */
  async function rentOf(bench: JettonBench): Promise<bigint> {
    const { bits, cells } = sizeOf(await bench.account())
    const { expiresAt, closeDelay } = bench.terms
    const seconds = expiresAt + closeDelay + 90 * DAY_S - NOW_S
    return 2n * storageRent(prices, seconds, { bits: bits + WALLET_BITS, cells })
  }

  it('is deployed from the least value on that covers its rent, and not for one nano less', async () => {
    const bench = await JettonBench.prepare(prices)
    const call = setJettonWalletMessage(bench.terms, await bench.jetton.walletOf(bench.channel))
    const least = (await rentOf(bench)) + LEAST_NANO[prices].setWallet
    await expectLeast(bench, bench.bench.client, call, least)
  })

  it.each([1_000_000n, 50_000_000n])(
    'counts %s nanoTON that came before it as rent',
    async (early) => {
      const bench = await JettonBench.prepare(prices)
      const { client } = bench.bench
      await client.send({ to: bench.channel, value: early, bounce: false })
      const rent = await rentOf(bench)
      const call = setJettonWalletMessage(bench.terms, await bench.jetton.walletOf(bench.channel))
      expect((await bench.bench.send(client, call)).success).toBe(true)
      expect(await bench.bench.balance(bench.channel)).toBe(early > rent ? early : rent)
    },
  )

  it('takes a claim from the least value on that covers a transfer, and refuses one nano less', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    await expectLeast(bench, bench.bench.provider, claim, LEAST_NANO[prices].claim)
    expect((await bench.state()).paid).toBe(40n * UNIT)
  })

  it.each([
    { used: 0n, least: 'close', why: 'all goes back' },
    { used: 100n, least: 'close', why: 'all is paid' },
    { used: 1n, least: 'closeWithBoth', why: 'one is paid' },
    { used: 99n, least: 'closeWithBoth', why: 'one goes back' },
  ] as const)('closes from the least value on for its transfers: $why', async ({ used, least }) => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n)
    const close = jettonCloseMessage(bench.terms, bench.voucher(used, 1))
    await expectLeast(bench, bench.bench.provider, close, LEAST_NANO[prices][least])
    expect(await bench.balances()).toEqual([1_000n * UNIT - used, used, 0n])
  })

  it('pays one, and sends one again that its wallet refused', async () => {
    const bench = await JettonBench.open(prices)
    const { provider, stranger } = bench.bench
    await bench.deposit(2n)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(1n, 0))
    expect((await bench.bench.send(provider, claim)).success).toBe(true)
    await bench.jetton.freeze(bench.channel, true)
    await bench.bench.send(provider, jettonCloseMessage(bench.terms))
    expect(await bench.state()).toMatchObject({ closed: true, paid: 1n, refunded: 0n })
    await bench.jetton.freeze(bench.channel, false)
    const again = await bench.bench.send(stranger, jettonFinishMessage(bench.terms))
    expect(again.success).toBe(true)
    expect(await bench.balances()).toEqual([1_000n * UNIT - 1n, 1n, 0n])
  })

  it('keeps the first root of a count of receipts', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n)
    for (const [amount, root] of [
      [10n, 7],
      [20n, 8],
    ] as const) {
      const claim = jettonClaimMessage(bench.terms, bench.voucher(amount, 3, clientKey, root))
      expect((await bench.bench.send(bench.bench.provider, claim)).success).toBe(true)
    }
    expect((await bench.state()).receiptsRoot[0]).toBe(7)
  })

  it('closes together at what was claimed and at no less', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n)
    const { client, provider } = bench.bench
    await bench.bench.send(provider, jettonClaimMessage(bench.terms, bench.voucher(40n, 1)))
    const close = (amount: bigint) => jettonCoopCloseMessage(bench.terms, bench.closeAuth(amount))
    expect((await bench.bench.send(client, close(39n))).exitCode).toBe(405)
    expect((await bench.bench.send(client, close(40n))).success).toBe(true)
    expect(await bench.balances()).toEqual([1_000n * UNIT - 40n, 40n, 0n])
  })

  it('takes deposits until the second before it expires', async () => {
    const bench = await JettonBench.open(prices)
    const { chain } = bench.bench
    chain.now = bench.terms.expiresAt - 1
    await bench.deposit(5n)
    chain.now = bench.terms.expiresAt
    await bench.deposit(7n)
    expect((await bench.state()).deposited).toBe(5n)
    expect(await bench.balances()).toEqual([1_000n * UNIT - 5n, 0n, 5n])
  })

  it('finishes at the second when its delay is over, and not before', async () => {
    const bench = await JettonBench.open(prices)
    const { chain, client, stranger } = bench.bench
    await bench.deposit(5n)
    await bench.bench.send(client, jettonStartCloseMessage(bench.terms))
    const { closeAt } = await bench.state()
    const finish = jettonFinishMessage(bench.terms)
    chain.now = closeAt - 1
    expect((await bench.bench.send(stranger, finish)).exitCode).toBe(414)
    chain.now = closeAt
    expect((await bench.bench.send(stranger, finish)).success).toBe(true)
  })

  it('is destroyed a day and a second after its last transfer, and not a day after it', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const { chain, stranger } = bench.bench
    const lastTransferAt = bench.terms.expiresAt + 2 * bench.terms.closeDelay
    chain.now = lastTransferAt
    await bench.bench.send(stranger, jettonFinishMessage(bench.terms))
    const destroy = jettonDestroyMessage(bench.terms)
    chain.now = lastTransferAt + DAY_S
    expect((await bench.bench.send(stranger, destroy)).exitCode).toBe(414)
    chain.now = lastTransferAt + DAY_S + 1
    const held = await bench.bench.balance(bench.channel)
    const snapshot = chain.snapshot()
    const sent = await bench.bench.send(stranger, destroy)
    const [excess, rest] = sent.out
    expect(sent.out.length).toBe(2)
    const way = MESSAGE_PRICE_NANO[prices]
    const back = destroy.valueNano - sent.gasNano - way
    const storage = storageFeesOf(sent, bench.channel)
    expect(excess).toMatchObject({ to: String(stranger.address), valueNano: back })
    expect(rest).toMatchObject({ to: String(bench.terms.client), valueNano: held - storage - way })
    // Without enough for the caller's excess it is destroyed all the same.
    await chain.loadFrom(snapshot)
    const valueNano = sent.gasNano + way / 2n
    const poor = await bench.bench.send(stranger, { ...destroy, valueNano })
    expect(poor.out.map(({ to }) => to)).toEqual([String(bench.terms.client)])
    expect(await bench.bench.isDeployed(bench.channel)).toBe(false)
  })
})
