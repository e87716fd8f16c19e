/** The bond: stake, delay, slashing by cells that the provider's own keys signed, and nothing else. */
import { Address } from '@ton/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priceNano } from '#protocol/money.ts'
import {
  bondDepositMessage,
  bondWithdrawMessage,
  isOverBilled,
  type OverBillingProof,
  slashMessage,
  startUnbondingMessage,
} from '#settlement/bond/bond.ts'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { CHANNEL, COUNTS, FAIR, openBond, overBilling, QUOTE } from './bond-bench.ts'
import { NOW_S, strangerKey } from './channel-fixture.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
const FEES_MAX = 30_000_000n
const BURN = new Address(0, Buffer.alloc(32))
describe.each(PRICE_TABLES)('the bond at prices %s', (prices) => {
  it('takes exactly the stake and its rent, from the provider alone', async () => {
    const { bench, terms, address, state } = await openBond(prices)
    const message = bondDepositMessage(terms, 10n * TON)
    expect((await bench.send(bench.stranger, message)).exitCode).toBe(413)
    expect((await bench.send(bench.provider, bondDepositMessage(terms, 0n))).exitCode).toBe(405)
    const poor = { ...message, valueNano: 10n * TON }
    expect((await bench.send(bench.provider, poor)).exitCode).toBe(412)
    const before = await bench.provider.getBalance()
    expect((await bench.send(bench.provider, message)).success).toBe(true)
    expect(await state()).toMatchObject({ bondedNano: 10n * TON, slashedNano: 0n, unbondAt: 0 })
    const rent = (await bench.balance(address)) - 10n * TON
    expect(rent).toBeGreaterThan(0n)
    expect(before - (await bench.provider.getBalance()) - 10n * TON - rent).toBeLessThan(FEES_MAX)
  })

  it.each([
    ['of another network', { globalId: -239 }, 417],
    ['that unbond within a channel’s close delay', { unbondDelay: 14 * DAY_S - 1 }, 418],
    ['that hardly unbond', { unbondDelay: 400 * DAY_S + 1 }, 418],
  ])('refuses terms %s', async (_, changes, exitCode) => {
    const { bench, terms } = await openBond(prices, changes)
    const sent = await bench.send(bench.provider, bondDepositMessage(terms, TON))
    expect(sent.exitCode).toBe(exitCode)
  })

  it('pays a tenth to the reporter and burns the rest when a bill exceeds its quote by one', async () => {
    const { bench, terms, address, state } = await openBond(prices)
    await bench.send(bench.provider, bondDepositMessage(terms, 10n * TON))
    const held = await bench.balance(address)
    const before = await bench.stranger.getBalance()
    const burnt = await bench.balance(BURN)
    const sent = await bench.send(bench.stranger, slashMessage(terms, overBilling(FAIR + 1n)))
    expect(sent.success).toBe(true)
    const gained = (await bench.stranger.getBalance()) - before
    expect(gained).toBeLessThan(TON)
    expect(TON - gained).toBeLessThan(FEES_MAX)
    expect((await bench.balance(BURN)) - burnt).toBeGreaterThan(9n * TON - FEES_MAX)
    expect(await state()).toMatchObject({ bondedNano: 0n, slashedNano: 10n * TON })
    expect(await bench.balance(address)).toBe(held - 10n * TON)
    const again = await bench.send(bench.stranger, slashMessage(terms, overBilling(FAIR + 1n)))
    expect(again.exitCode).toBe(426)
  })

  it.each<[string, OverBillingProof, number]>([
    ['a bill at exactly its price', overBilling(FAIR), 424],
    ['a bill below its price', overBilling(FAIR - 1n), 424],
    ['a quote somebody else signed', overBilling(FAIR + 1n, { quoteKey: strangerKey }), 401],
    [
      'a delegation somebody else signed',
      overBilling(FAIR + 1n, { delegateKey: strangerKey }),
      401,
    ],
    ['a bill somebody else signed', overBilling(FAIR + 1n, { billKey: strangerKey }), 401],
    ['a quote of another network', overBilling(FAIR + 1n, { quote: { globalId: -239 } }), 417],
    ['a delegation of another network', overBilling(FAIR + 1n, { delegateGlobalId: -239 }), 417],
    ['a bill for another quote', overBilling(FAIR + 1n, { bill: { quoteHash: bytes(9) } }), 425],
    ['a delegation in place of the quote', swapped(overBilling(FAIR + 1n)), 402],
    ['a quote in place of the delegation', doubled(overBilling(FAIR + 1n)), 402],
  ])('cannot be slashed by %s', async (_, forged, exitCode) => {
    const { bench, terms, state } = await openBond(prices)
    await bench.send(bench.provider, bondDepositMessage(terms, TON))
    const sent = await bench.send(bench.stranger, slashMessage(terms, forged))
    expect(sent.success).toBe(false)
    // Cells of another kind may fail to parse before their tag is looked at.
    expect([exitCode, ...(exitCode === 402 ? [9] : [])]).toContain(sent.exitCode)
    expect((await state())?.bondedNano).toBe(TON)
  })

  it('unbonds after the delay, and can be slashed until then', async () => {
    const { bench, terms, address, state } = await openBond(prices)
    await bench.send(bench.provider, bondDepositMessage(terms, 10n * TON))
    const withdraw = bondWithdrawMessage(terms)
    expect((await bench.send(bench.provider, withdraw)).exitCode).toBe(415)
    const start = startUnbondingMessage(terms)
    expect((await bench.send(bench.stranger, start)).exitCode).toBe(413)
    expect((await bench.send(bench.provider, start)).success).toBe(true)
    expect((await bench.send(bench.provider, start)).exitCode).toBe(416)
    expect((await bench.send(bench.provider, bondDepositMessage(terms, TON))).exitCode).toBe(416)
    bench.chain.now = NOW_S + terms.unbondDelay - 1
    expect((await bench.send(bench.stranger, withdraw)).exitCode).toBe(414)
    const snapshot = bench.chain.snapshot()
    await bench.send(bench.stranger, slashMessage(terms, overBilling(FAIR + 1n)))
    expect((await state())?.bondedNano).toBe(0n)
    await bench.chain.loadFrom(snapshot)
    bench.chain.now = NOW_S + terms.unbondDelay
    const before = await bench.provider.getBalance()
    expect((await bench.send(bench.stranger, withdraw)).success).toBe(true)
    expect((await bench.provider.getBalance()) - before).toBeGreaterThan(10n * TON - FEES_MAX)
    expect(await bench.isDeployed(address)).toBe(false)
    bench.chain.now = NOW_S
  })
})

describe('an honest provider', () => {
  it('is never slashed by bills that follow from its quotes, however often it restarts', async () => {
    const { bench, terms, state } = await openBond('mainnet-2026-08')
    await bench.send(bench.provider, bondDepositMessage(terms, TON))
    const tokens = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    const price = fc.bigInt({ min: 0n, max: 2n ** 40n })
    await fc.assert(
      fc.asyncProperty(
        fc.record({ promptTokens: tokens, share: fc.double({ min: 0, max: 1, noNaN: true }) }),
        tokens,
        fc.tuple(price, price, price),
        // A restart forgets how far it came: any leaf index may be billed again, with fewer tokens.
        fc.integer({ min: 0, max: 8 }),
        async (
          { promptTokens, share },
          completionTokens,
          [prompt, cached, completion],
          leafIndex,
        ) => {
          const prices = {
            promptNanoPerMtok: prompt,
            cachedNanoPerMtok: cached,
            completionNanoPerMtok: completion,
          }
          const cachedTokens = Math.floor(promptTokens * share)
          const counts = { promptTokens, cachedTokens, completionTokens }
          const used = priceNano(prices, counts)
          const honest = overBilling(used, { quote: { prices }, bill: { counts, leafIndex } })
          const sent = await bench.send(bench.stranger, slashMessage(terms, honest))
          expect(sent.exitCode).toBe(424)
        },
      ),
      { numRuns: 40, seed: 11 },
    )
    expect((await state())?.bondedNano).toBe(TON)
  })

  it('reads a bill as the contract does', async () => {
    const { bench, terms } = await openBond('mainnet-2026-08')
    await bench.send(bench.provider, bondDepositMessage(terms, TON))
    const snapshot = bench.chain.snapshot()
    for (const usedNano of [0n, FAIR - 1n, FAIR, FAIR + 1n, 2n ** 100n]) {
      for (const cachedTokens of [0, 20, 120, 121]) {
        const counts = { ...COUNTS, cachedTokens }
        const signed = overBilling(usedNano, { bill: { counts } })
        const sent = await bench.send(bench.stranger, slashMessage(terms, signed))
        const bill = { ...EMPTY_BILL, counts, usedNano }
        expect(sent.success).toBe(isOverBilled(QUOTE, bill))
        await bench.chain.loadFrom(snapshot)
      }
    }
  })
})

const EMPTY_BILL = {
  channel: CHANNEL,
  leafIndex: 0,
  quoteHash: bytes(0),
  usedTotalNano: 0n,
}

function bytes(value: number): Uint8Array {
  return new Uint8Array(32).fill(value)
}

function swapped(good: OverBillingProof): OverBillingProof {
  return { ...good, quote: good.delegate }
}

function doubled(good: OverBillingProof): OverBillingProof {
  return { ...good, delegate: good.quote }
}
