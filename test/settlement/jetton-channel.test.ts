/** The jetton channel with a real jetton: every operation, refusals, and transfers that come back. */
import { beginCell } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import {
  jettonClaimMessage,
  jettonCloseMessage,
  jettonCoopCloseMessage,
  jettonDestroyMessage,
  jettonFinishMessage,
  jettonStartCloseMessage,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import { NOW_S, providerKey, strangerKey } from './channel-fixture.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'

const DAY_S = 86_400
/** More than any operation costs. */
const FEES_MAX = 80_000_000n

describe.each(PRICE_TABLES)('the jetton channel at prices %s', (prices) => {
  const open = (changes = {}) => JettonBench.open(prices, changes)

  it('books a deposit that came through its own jetton wallet', async () => {
    const bench = await open()
    const before = await bench.bench.client.getBalance()
    await bench.deposit(100n * UNIT)
    expect(await bench.state()).toMatchObject({ deposited: 100n * UNIT, claimed: 0n, paid: 0n })
    expect(await bench.balances()).toEqual([900n * UNIT, 0n, 100n * UNIT])
    expect(before - (await bench.bench.client.getBalance())).toBeLessThan(FEES_MAX)
  })

  it('returns what is no top_up, or not the client’s, or too late', async () => {
    const bench = await open()
    const { client, stranger } = bench.bench
    await bench.jetton.mint(stranger.address, 50n * UNIT)
    const plain = async (from: typeof client) => {
      const to = await bench.jetton.walletOf(from.address)
      const body = beginCell()
        .storeUint(0x0f8a7ea5, 32)
        .storeUint(0, 64)
        .storeCoins(10n * UNIT)
        .storeAddress(bench.channel)
        .storeAddress(from.address)
        .storeMaybeRef(null)
        .storeCoins(100_000_000n)
        .storeBit(false)
        .endCell()
      await bench.bench.send(from, { to, valueNano: 400_000_000n, body })
    }
    await plain(client)
    await plain(stranger)
    expect((await bench.state()).deposited).toBe(0n)
    expect(await bench.balances()).toEqual([1_000n * UNIT, 0n, 0n])
    expect(await bench.jetton.balanceOf(stranger.address)).toBe(50n * UNIT)
  })

  it('believes only its own jetton wallet about a deposit', async () => {
    const bench = await open()
    const body = beginCell()
      .storeUint(0x7362d09c, 32)
      .storeUint(0, 64)
      .storeCoins(100n * UNIT)
      .storeAddress(bench.terms.client)
      .storeBit(false)
      .storeUint(0x4f50454e, 32)
      .endCell()
    const message = { to: bench.channel, valueNano: 100_000_000n, body }
    expect((await bench.bench.send(bench.bench.client, message)).exitCode).toBe(419)
    expect((await bench.state()).deposited).toBe(0n)
  })

  it('names its jetton wallet once, by the client alone, under sound terms', async () => {
    const bench = await open()
    const again = setJettonWalletMessage(bench.terms, bench.channel)
    expect((await bench.bench.send(bench.bench.client, again)).exitCode).toBe(420)
    const other = { ...bench.terms, salt: 99n }
    const message = setJettonWalletMessage(other, bench.channel)
    expect((await bench.bench.send(bench.bench.stranger, message)).exitCode).toBe(411)
    const poor = { ...message, valueNano: 1_000_000n }
    expect((await bench.bench.send(bench.bench.client, poor)).success).toBe(false)
    for (const [changes, exitCode] of [
      [{ globalId: -239 }, 417],
      [{ closeDelay: 7 * DAY_S + 1 }, 418],
      [{ expiresAt: NOW_S + 400 * DAY_S + 1 }, 418],
      [{ expiresAt: NOW_S }, 406],
    ] as const) {
      const wrong = setJettonWalletMessage({ ...other, ...changes }, bench.channel)
      expect((await bench.bench.send(bench.bench.client, wrong)).exitCode).toBe(exitCode)
    }
  })

  it('pays claims to the provider, whoever sends them, and records the root', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { provider, stranger } = bench.bench
    await bench.bench.send(provider, jettonClaimMessage(bench.terms, bench.voucher(30n * UNIT, 1)))
    expect(await bench.balances()).toEqual([900n * UNIT, 30n * UNIT, 70n * UNIT])
    const before = await stranger.getBalance()
    await bench.bench.send(stranger, jettonClaimMessage(bench.terms, bench.voucher(50n * UNIT, 2)))
    expect(await bench.balances()).toEqual([900n * UNIT, 50n * UNIT, 50n * UNIT])
    expect(before - (await stranger.getBalance())).toBeLessThan(FEES_MAX)
    expect(await bench.state()).toMatchObject({ claimed: 50n * UNIT, leafCount: 2 })
    const over = jettonClaimMessage(bench.terms, bench.voucher(500n * UNIT, 2))
    await bench.bench.send(provider, over)
    expect(await bench.balances()).toEqual([900n * UNIT, 100n * UNIT, 0n])
  })

  it('refuses vouchers that are not its own', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { provider } = bench.bench
    const claim = async (signed: ReturnType<typeof bench.voucher>) =>
      (await bench.bench.send(provider, jettonClaimMessage(bench.terms, signed))).exitCode
    expect(await claim(bench.voucher(UNIT, 1, strangerKey))).toBe(401)
    expect(await claim(bench.ofTag(0x12345678))).toBe(402)
    const other = new JettonBench(bench.bench, bench.jetton, { ...bench.terms, salt: 8n })
    expect(await claim(other.voucher(UNIT, 1))).toBe(403)
    expect(await claim(bench.voucher(UNIT, 1))).toBe(0)
    expect(await claim(bench.voucher(UNIT, 1))).toBe(404)
  })

  it('takes a payment back that its jetton wallet refused, and sends it again', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { provider, stranger } = bench.bench
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    await bench.jetton.freeze(bench.channel, true)
    const before = await stranger.getBalance()
    await bench.bench.send(stranger, claim)
    expect(await bench.state()).toMatchObject({ claimed: 40n * UNIT, paid: 0n, leafCount: 1 })
    // What the refused transfer did not use went back to whoever paid for it.
    expect(before - (await stranger.getBalance())).toBeLessThan(FEES_MAX)
    await bench.jetton.freeze(bench.channel, false)
    await bench.bench.send(provider, claim)
    expect(await bench.state()).toMatchObject({ claimed: 40n * UNIT, paid: 40n * UNIT })
    expect(await bench.balances()).toEqual([900n * UNIT, 40n * UNIT, 60n * UNIT])
  })

  it('sends nothing that could not even bounce', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    const poor = { ...claim, valueNano: prices === 'mainnet-2024' ? 15_000_000n : 2_500_000n }
    expect((await bench.bench.send(bench.bench.provider, poor)).exitCode).toBe(412)
    expect((await bench.state()).paid).toBe(0n)
    expect(await bench.balances()).toEqual([900n * UNIT, 0n, 100n * UNIT])
    await bench.bench.send(bench.bench.provider, claim)
    expect(await bench.balances()).toEqual([900n * UNIT, 40n * UNIT, 60n * UNIT])
  })

  it('closes together at the authorised amount', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { client, stranger } = bench.bench
    const close = (amount: bigint, key = providerKey) =>
      jettonCoopCloseMessage(bench.terms, bench.closeAuth(amount, key))
    expect((await bench.bench.send(stranger, close(40n * UNIT))).exitCode).toBe(411)
    expect((await bench.bench.send(client, close(40n * UNIT, strangerKey))).exitCode).toBe(401)
    expect((await bench.bench.send(client, close(101n * UNIT))).exitCode).toBe(405)
    await bench.bench.send(client, close(40n * UNIT))
    expect(await bench.state()).toMatchObject({ closed: true, leafCount: 3 })
    expect(await bench.balances()).toEqual([960n * UNIT, 40n * UNIT, 0n])
    expect((await bench.bench.send(client, close(40n * UNIT))).exitCode).toBe(410)
  })

  it('lets the provider close with its last voucher', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const close = jettonCloseMessage(bench.terms, bench.voucher(25n * UNIT, 4))
    expect((await bench.bench.send(bench.bench.client, close)).exitCode).toBe(413)
    await bench.bench.send(bench.bench.provider, close)
    expect(await bench.balances()).toEqual([975n * UNIT, 25n * UNIT, 0n])
  })

  it('finishes after the delay, and again when a refund was refused', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { client, stranger } = bench.bench
    const start = jettonStartCloseMessage(bench.terms)
    expect((await bench.bench.send(stranger, start)).exitCode).toBe(411)
    await bench.bench.send(client, start)
    expect((await bench.bench.send(client, start)).exitCode).toBe(416)
    await bench.deposit(UNIT)
    expect((await bench.state()).deposited).toBe(100n * UNIT)
    const finish = jettonFinishMessage(bench.terms)
    expect((await bench.bench.send(stranger, finish)).exitCode).toBe(414)
    bench.bench.chain.now = NOW_S + bench.terms.closeDelay + 1
    await bench.jetton.freeze(bench.channel, true)
    await bench.bench.send(stranger, finish)
    expect(await bench.state()).toMatchObject({ closed: true, refunded: 0n })
    await bench.jetton.freeze(bench.channel, false)
    await bench.bench.send(stranger, finish)
    expect(await bench.balances()).toEqual([1_000n * UNIT, 0n, 0n])
    expect((await bench.bench.send(stranger, finish)).exitCode).toBe(404)
    bench.bench.chain.now = NOW_S
  })

  it('is destroyed only when it owes nothing, and its rent goes to the client', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const { client, provider, stranger } = bench.bench
    const destroy = jettonDestroyMessage(bench.terms)
    expect((await bench.bench.send(stranger, destroy)).exitCode).toBe(415)
    await bench.jetton.freeze(bench.channel, true)
    await bench.bench.send(provider, jettonCloseMessage(bench.terms, bench.voucher(UNIT, 1)))
    bench.bench.chain.now = bench.terms.expiresAt + bench.terms.closeDelay + 2 * DAY_S
    expect((await bench.bench.send(stranger, destroy)).exitCode).toBe(421)
    await bench.jetton.freeze(bench.channel, false)
    await bench.bench.send(stranger, jettonFinishMessage(bench.terms))
    expect((await bench.bench.send(stranger, destroy)).exitCode).toBe(414)
    bench.bench.chain.now += DAY_S + 1
    const rent = await bench.bench.balance(bench.channel)
    const before = await client.getBalance()
    expect((await bench.bench.send(stranger, destroy)).success).toBe(true)
    expect(await bench.bench.isDeployed(bench.channel)).toBe(false)
    expect((await client.getBalance()) - before).toBeGreaterThan(rent / 2n)
    bench.bench.chain.now = NOW_S
  })

  it('is never made poorer in coins by what callers do', async () => {
    const bench = await open()
    await bench.deposit(100n * UNIT)
    const held = await bench.bench.balance(bench.channel)
    let done = 0
    for (let step = 1; step <= 24; step++) {
      const claim = jettonClaimMessage(bench.terms, bench.voucher(BigInt(step) * UNIT, step))
      const valueNano = BigInt(step) * (prices === 'mainnet-2024' ? 3_000_000n : 500_000n)
      const sent = await bench.bench.send(bench.bench.provider, { ...claim, valueNano })
      if (sent.success) done++
      expect(await bench.bench.balance(bench.channel)).toBeGreaterThanOrEqual(held)
    }
    expect(done).toBeGreaterThan(2)
    expect(done).toBeLessThan(22)
    const { claimed, paid, deposited, refunded } = await bench.state()
    expect(paid).toBe(claimed)
    expect(await bench.jetton.balanceOf(bench.channel)).toBe(deposited - paid - refunded)
  })
})
