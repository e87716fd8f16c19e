/** The channel contract, every operation and every refusal, under both price tables. */
import { beginCell } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  OPERATION,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { clientKey, crypto, NOW_S, providerKey, strangerKey } from './channel-fixture.ts'
import { ContractBench, claimOf, rootOf } from './contract-bench.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
/** More than any operation costs: what a sender may lose in fees. */
const FEES_MAX = 30_000_000n
const PAID = 0x50414944
const REFUNDED = 0x52464e44
const CLOSING_STARTED = 0x434c5347
const RETURNED = 0x52464553
const EXCESSES = 0xd53276db

describe.each(PRICE_TABLES)('the channel contract at prices %s', (prices) => {
  const open = (changes = {}) => ContractBench.create(prices, changes)

  it('deposits exactly what was asked and gives the rest back', async () => {
    const bench = await open()
    const before = await bench.client.getBalance()
    const first = await bench.send(bench.client, topUpMessage(bench.terms, 5n * TON))
    expect(first.success).toBe(true)
    expect((await bench.state()).depositedNano).toBe(5n * TON)
    const second = await bench.send(bench.client, topUpMessage(bench.terms, 2n * TON, false))
    expect((await bench.state()).depositedNano).toBe(7n * TON)
    const rent = (await bench.balance()) - 7n * TON
    expect(rent).toBeGreaterThan(0n)
    const spent = before - (await bench.client.getBalance())
    expect(spent - 7n * TON - rent).toBeLessThan(FEES_MAX)
    expect(second.out.map((one) => one.opcode)).toEqual([EXCESSES])
  })

  it('refuses deposits that break a rule, and the coins come back', async () => {
    const bench = await open()
    const message = topUpMessage(bench.terms, TON)
    expect((await bench.send(bench.stranger, message)).exitCode).toBe(411)
    expect((await bench.send(bench.client, topUpMessage(bench.terms, 0n))).exitCode).toBe(405)
    expect((await bench.send(bench.client, { ...message, valueNano: TON })).exitCode).toBe(412)
    bench.chain.now = bench.terms.expiresAt
    const before = await bench.client.getBalance()
    expect((await bench.send(bench.client, message)).exitCode).toBe(406)
    expect(before - (await bench.client.getBalance())).toBeLessThan(FEES_MAX)
    expect((await bench.state()).depositedNano).toBe(0n)
  })

  it.each([
    ['of another network', { globalId: -239 }, 417],
    ['that live too long', { expiresAt: NOW_S + 400 * DAY_S + 1 }, 418],
    ['that close too slowly', { closeDelay: 7 * DAY_S + 1 }, 418],
  ])('refuses deposits under terms %s', async (_, changes, exitCode) => {
    const bench = await open(changes)
    const sent = await bench.send(bench.client, topUpMessage(bench.terms, TON))
    expect(sent.exitCode).toBe(exitCode)
  })

  it('gives coins back even when the sender forbade a bounce', async () => {
    const bench = await open()
    bench.chain.now = bench.terms.expiresAt
    const before = await bench.client.getBalance()
    const message = topUpMessage(bench.terms, TON)
    const sent = await bench.send(bench.client, message, { bounce: false })
    expect(sent.out.map((one) => one.opcode)).toEqual([RETURNED])
    expect(before - (await bench.client.getBalance())).toBeLessThan(FEES_MAX)
    expect((await bench.state()).depositedNano).toBe(0n)
  })

  it('gives coins back when they cover the deposit but not the fees', async () => {
    const known = await open()
    await known.deposit(TON)
    const rent = (await known.balance()) - TON
    const bench = await open()
    const message = { ...topUpMessage(bench.terms, TON), valueNano: TON + rent + 100_000n }
    for (const bounce of [true, false]) {
      const before = await bench.client.getBalance()
      await bench.send(bench.client, message, { bounce })
      expect(before - (await bench.client.getBalance())).toBeLessThan(FEES_MAX)
      expect((await bench.state()).depositedNano).toBe(0n)
    }
  })

  it('returns plain coins and unknown operations', async () => {
    const bench = await open()
    await bench.deposit(TON)
    const held = await bench.balance()
    for (const body of [beginCell().endCell(), bench.operation(0x12345678).endCell()]) {
      for (const bounce of [true, false]) {
        const before = await bench.stranger.getBalance()
        await bench.send(bench.stranger, bench.raw(body, TON), { bounce })
        expect(before - (await bench.stranger.getBalance())).toBeLessThan(FEES_MAX)
        expect(await bench.balance()).toBe(held)
      }
    }
  })

  it('lets anyone claim, pays only the provider, and takes nothing from it', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const held = await bench.balance()
    const [caller, provider] = [bench.stranger, bench.provider]
    const before = [await caller.getBalance(), await provider.getBalance()] as const
    const claim = claimMessage(bench.terms, bench.voucher(2n * TON, 1))
    const sent = await bench.send(caller, claim)
    expect(sent.success).toBe(true)
    expect(sent.out.map((one) => one.opcode)).toEqual([PAID, EXCESSES])
    expect(sent.out[0]).toMatchObject({ to: String(provider.address), valueNano: 2n * TON })
    const gained = (await provider.getBalance()) - before[1]
    expect(2n * TON - gained).toBeLessThan(1_000_000n)
    expect(before[0] - (await caller.getBalance())).toBeLessThan(FEES_MAX)
    expect(await bench.balance()).toBe(held - 2n * TON)
    const state = await bench.state()
    expect([state.claimedNano, state.leafCount, rootOf(state)]).toEqual([2n * TON, 1, '01'])
  })

  it('pays a provider that claims itself in one message, at its own expense', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const held = await bench.balance()
    const before = await bench.provider.getBalance()
    const claim = claimMessage(bench.terms, bench.voucher(2n * TON, 1))
    const sent = await bench.send(bench.provider, claim)
    expect(sent.out.map((one) => one.opcode)).toEqual([PAID])
    expect(await bench.balance()).toBe(held - 2n * TON)
    const gained = (await bench.provider.getBalance()) - before
    expect(gained).toBeLessThan(2n * TON)
    expect(2n * TON - gained).toBeLessThan(FEES_MAX)
  })

  it('moves money by amount and the record by leaf count, independently', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const claim = (amountNano: bigint, leafCount: number, root?: number) =>
      bench.send(
        bench.provider,
        claimMessage(bench.terms, bench.voucher(amountNano, leafCount, root)),
      )
    const facts = async () => {
      const { claimedNano, leafCount, receiptsRoot } = await bench.state()
      return [claimedNano, leafCount, receiptsRoot[0]]
    }
    await claim(TON, 5)
    expect(await facts()).toEqual([TON, 5, 5])
    await claim(2n * TON, 4)
    expect(await facts()).toEqual([2n * TON, 5, 5])
    await claim(TON, 9)
    expect(await facts()).toEqual([2n * TON, 9, 9])
    await claim(99n * TON, 9, 77)
    expect(await facts()).toEqual([5n * TON, 9, 9])
    expect((await claim(99n * TON, 9)).exitCode).toBe(404)
    expect((await claim(TON, 1)).exitCode).toBe(404)
  })

  it('refuses vouchers that were not signed for it', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const other = bench.sibling({ salt: 8n })
    const foreign = other.voucher(TON, 1)
    const own = bench.voucher(TON, 1)
    const send = (message: ReturnType<typeof claimMessage>) => bench.send(bench.provider, message)
    const claim = claimMessage(bench.terms, own)
    expect((await send(claimMessage(bench.terms, foreign))).exitCode).toBe(403)
    const altered = {
      ...own,
      signature: own.signature.map((byte, at) => (at === 9 ? byte ^ 1 : byte)),
    }
    expect((await send(claimMessage(bench.terms, altered))).exitCode).toBe(401)
    const otherTag = beginCell()
      .storeUint(0x56435232, 32)
      .storeAddress(bench.channel)
      .storeCoins(TON)
      .storeUint(1, 32)
      .storeUint(1n, 256)
      .endCell()
    const signature = crypto.ed25519Sign(clientKey, otherTag.hash())
    expect((await send(claimOf(bench, otherTag, signature))).exitCode).toBe(402)
    for (const key of [providerKey, strangerKey]) {
      const forged = crypto.ed25519Sign(key, bench.chain.config.hash())
      expect((await send(claimOf(bench, otherTag, forged))).exitCode).toBe(401)
    }
    const closeAuth = bench.closeAuth(TON, NOW_S + 900, clientKey)
    expect((await send(claimMessage(bench.terms, closeAuth))).success).toBe(false)
    expect((await bench.state()).claimedNano).toBe(0n)
    expect((await send(claim)).success).toBe(true)
    expect((await send(claim)).exitCode).toBe(404)
  })

  it('lets the provider close at once, with and without a voucher', async () => {
    for (const voucherNano of [0n, 2n * TON]) {
      const bench = await open()
      await bench.deposit(5n * TON)
      const voucher = voucherNano === 0n ? undefined : bench.voucher(voucherNano, 2)
      const rent = (await bench.balance()) - 5n * TON
      const message = closeMessage(bench.terms, voucher)
      expect((await bench.send(bench.client, message)).exitCode).toBe(413)
      const sent = await bench.send(bench.provider, message)
      const refund = sent.out.find((one) => one.opcode === REFUNDED)
      expect(refund).toMatchObject({
        to: String(bench.client.address),
        valueNano: 5n * TON - voucherNano,
      })
      const state = await bench.state()
      expect([state.closed, state.claimedNano]).toEqual([true, voucherNano])
      expect(await bench.balance()).toBe(rent)
      expect((await bench.send(bench.provider, message)).exitCode).toBe(410)
      expect((await bench.send(bench.client, topUpMessage(bench.terms, TON))).exitCode).toBe(410)
    }
  })

  it('closes together at the amount that the provider signed', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    await bench.send(bench.provider, claimMessage(bench.terms, bench.voucher(TON, 1)))
    const close = (auth: ReturnType<typeof bench.closeAuth>, from = bench.client) =>
      bench.send(from, coopCloseMessage(bench.terms, auth))
    expect((await close(bench.closeAuth(2n * TON), bench.provider)).exitCode).toBe(411)
    expect((await close(bench.closeAuth(2n * TON, NOW_S + 900, clientKey))).exitCode).toBe(401)
    expect((await close(bench.closeAuth(2n * TON, NOW_S - 1))).exitCode).toBe(406)
    expect((await close(bench.closeAuth(TON - 1n))).exitCode).toBe(405)
    expect((await close(bench.closeAuth(5n * TON + 1n))).exitCode).toBe(405)
    const other = bench.sibling({ salt: 8n })
    expect((await close(other.closeAuth(2n * TON))).exitCode).toBe(403)
    expect((await close(bench.closeAuthOfTag(0x434c5332))).exitCode).toBe(402)
    const sent = await close(bench.closeAuth(2n * TON, NOW_S))
    expect(sent.out.map(({ opcode, valueNano }) => [opcode, valueNano]).slice(0, 2)).toEqual([
      [PAID, TON],
      [REFUNDED, 3n * TON],
    ])
    const state = await bench.state()
    expect([state.closed, state.claimedNano, state.leafCount]).toEqual([true, 2n * TON, 3])
  })

  it('lets the client leave after the delay, and the provider claim until then', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const start = startCloseMessage(bench.terms)
    expect((await bench.send(bench.provider, start)).exitCode).toBe(411)
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).exitCode).toBe(414)
    const started = await bench.send(bench.client, start)
    expect(started.out[0]).toMatchObject({
      opcode: CLOSING_STARTED,
      to: String(bench.provider.address),
    })
    expect((await bench.state()).closeAt).toBe(NOW_S + bench.terms.closeDelay)
    expect((await bench.send(bench.client, start)).exitCode).toBe(416)
    expect((await bench.send(bench.client, topUpMessage(bench.terms, TON))).exitCode).toBe(416)
    bench.chain.now = NOW_S + bench.terms.closeDelay - 1
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).exitCode).toBe(414)
    const late = claimMessage(bench.terms, bench.voucher(2n * TON, 1))
    expect((await bench.send(bench.provider, late)).success).toBe(true)
    bench.chain.now = NOW_S + bench.terms.closeDelay
    const before = await bench.stranger.getBalance()
    const finished = await bench.send(bench.stranger, finishMessage(bench.terms))
    expect(finished.out[0]).toMatchObject({ opcode: REFUNDED, valueNano: 3n * TON })
    expect(before - (await bench.stranger.getBalance())).toBeLessThan(FEES_MAX)
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).exitCode).toBe(410)
  })

  it('finishes without a start once its life and the delay are over', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const end = bench.terms.expiresAt + bench.terms.closeDelay
    bench.chain.now = end - 1
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).exitCode).toBe(414)
    const claim = claimMessage(bench.terms, bench.voucher(TON, 1))
    expect((await bench.send(bench.stranger, claim)).success).toBe(true)
    bench.chain.now = end
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).success).toBe(true)
  })

  it('does not let a late start put the end off', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    bench.chain.now = bench.terms.expiresAt + 10
    await bench.send(bench.client, startCloseMessage(bench.terms))
    const end = bench.terms.expiresAt + bench.terms.closeDelay
    expect((await bench.state()).closeAt).toBe(end + 10)
    bench.chain.now = end
    expect((await bench.send(bench.stranger, finishMessage(bench.terms))).success).toBe(true)
  })

  it('takes the last record after closing, without coins, until it is destroyed', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    await bench.send(bench.provider, closeMessage(bench.terms, bench.voucher(2n * TON, 2)))
    const held = await bench.balance()
    const last = claimMessage(bench.terms, bench.voucher(4n * TON, 3))
    const sent = await bench.send(bench.stranger, last)
    expect(sent.out.map((one) => one.opcode)).toEqual([EXCESSES])
    const state = await bench.state()
    expect([state.claimedNano, state.leafCount]).toEqual([2n * TON, 3])
    expect(await bench.balance()).toBe(held)
    expect((await bench.send(bench.stranger, last)).exitCode).toBe(404)
  })

  it('is destroyed only when closed and over, the rest going to the client', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const destroy = destroyMessage(bench.terms)
    expect((await bench.send(bench.stranger, destroy)).exitCode).toBe(415)
    await bench.send(bench.provider, closeMessage(bench.terms))
    bench.chain.now = bench.terms.expiresAt + bench.terms.closeDelay
    expect((await bench.send(bench.stranger, destroy)).exitCode).toBe(414)
    bench.chain.now += 1
    const before = [await bench.client.getBalance(), await bench.stranger.getBalance()] as const
    await bench.send(bench.stranger, destroy)
    expect(await bench.isDeployed()).toBe(false)
    expect(await bench.balance()).toBe(0n)
    expect((await bench.client.getBalance()) - before[0]).toBeGreaterThan(0n)
    expect(before[1] - (await bench.stranger.getBalance())).toBeLessThan(FEES_MAX)
    const again = await bench.send(bench.client, topUpMessage(bench.terms, TON))
    expect(again.exitCode).toBe(406)
  })

  it.each(['stranger', 'provider'] as const)(
    'is never made poorer, nor keeps coins, when a %s pays too little',
    async (caller) => {
      const bench = await open()
      await bench.deposit(5n * TON)
      const lumpNano = prices === 'mainnet-2024' ? 400_000n : 66_667n
      const outcomes = { done: 0, refused: 0 }
      for (let step = 1; step <= 30; step++) {
        const held = await bench.balance()
        const { claimedNano } = await bench.state()
        const claim = claimMessage(bench.terms, bench.voucher(BigInt(step) * 1_000_000n, step))
        const valueNano = (BigInt(step) * lumpNano * 2n) / 3n
        const { success } = await bench.send(bench[caller], { ...claim, valueNano })
        outcomes[success ? 'done' : 'refused']++
        const paid = (await bench.state()).claimedNano - claimedNano
        const kept = (await bench.balance()) - (held - paid)
        expect(kept).toBeGreaterThanOrEqual(0n)
        // What cannot pay for its own way back is all that may stay.
        expect(kept).toBeLessThanOrEqual(lumpNano)
      }
      expect(outcomes.done).toBeGreaterThan(5)
      expect(outcomes.refused).toBeGreaterThan(5)
    },
  )

  it('answers its getter', async () => {
    const bench = await open()
    await bench.deposit(5n * TON)
    const { stackReader } = await bench.chain.runGetMethod(bench.channel, 'channel')
    expect(stackReader.readBigNumber()).toBe(5n * TON)
    expect(Object.keys(OPERATION)).toHaveLength(7)
  })
})
