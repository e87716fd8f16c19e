import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChoiceRequest, coolDownMs, formatTon, rankOffers } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import { MODEL_ROOT, NOW_MS, OTHER_ROOT, offerOf, offerTerms } from './fixtures.ts'

const REQUEST: ChoiceRequest = {
  modelRoot: MODEL_ROOT,
  promptTokens: 400,
  completionTokensMax: 100,
  tierMin: 'simulated',
  measurements: new Map(),
  nowMs: NOW_MS,
}

function priced(identity: number, completionNanoPerMtok: bigint, changes = {}): Offer {
  return offerOf(identity, {
    prices: { ...offerTerms().prices, completionNanoPerMtok },
    ...changes,
  })
}

const nameOf = (identity: number) => offerOf(identity).provider

describe('choice', () => {
  it('prefers the cheapest when all else is equal, and says why', () => {
    const ranked = rankOffers(
      [priced(1, 9_000_000n), priced(2, 4_000_000n), priced(3, 6_000_000n)],
      REQUEST,
    )
    expect(ranked.map(({ offer }) => offer.provider)).toEqual([nameOf(2), nameOf(3), nameOf(1)])
    expect(ranked[0]).toMatchObject({ accepted: true, estimatedPriceNano: 800n })
    expect(ranked[0]!.reasons).toEqual([
      'cheapest of 3 at 0.0000008 TON',
      'latency not measured',
      '3 of 4 slots free',
      'tier simulated',
    ])
    expect(ranked[1]!.reasons[0]).toBe('1.25 times the cheapest, 0.000001 TON')
  })

  it('prefers a near provider over a slightly cheaper far one', () => {
    const measurements = new Map([
      [nameOf(1), { latencyMs: 4_000, failures: 0, lastFailureMs: 0 }],
      [nameOf(2), { latencyMs: 20, failures: 0, lastFailureMs: 0 }],
    ])
    const ranked = rankOffers([priced(1, 4_000_000n), priced(2, 4_400_000n)], {
      ...REQUEST,
      measurements,
    })
    expect(ranked[0]!.offer.provider).toBe(nameOf(2))
    expect(ranked[0]!.reasons).toContain('latency 20 ms')
  })

  it('avoids a full provider with a queue', () => {
    const busy = priced(1, 4_000_000n, { slotsFree: 0, queued: 8 })
    const ranked = rankOffers([busy, priced(2, 5_000_000n)], REQUEST)
    expect(ranked.map(({ offer }) => offer.provider)).toEqual([nameOf(2), nameOf(1)])
    expect(ranked[1]!.reasons).toContain('0 of 4 slots free, 8 queued')
  })

  it.each<[string, Partial<ChoiceRequest>, Parameters<typeof offerOf>[1]]>([
    ['refused: price cap, 0.0000008 TON over 0.000000799 TON', { priceCapNano: 799n }, {}],
    ['refused: tier simulated, required confidential', { tierMin: 'confidential' }, {}],
    ['refused: context of 4096 tokens, needs 4097', { completionTokensMax: 3_697 }, {}],
    ['refused: another model', { modelRoot: OTHER_ROOT }, {}],
    ['refused: offer expired', { nowMs: NOW_MS + 300_000 }, {}],
    ['refused: no slots', {}, { slotsTotal: 0, slotsFree: 0 }],
  ])('says %s', (reason, request, changes) => {
    const [only] = rankOffers([offerOf(1, changes)], { ...REQUEST, ...request })
    expect(only).toMatchObject({ accepted: false, reasons: [reason], score: Infinity })
  })

  it('takes a price exactly at the cap', () => {
    expect(rankOffers([offerOf(1)], { ...REQUEST, priceCapNano: 800n })[0]!.accepted).toBe(true)
  })

  it('rests a provider after failures, longer each time, then takes it back as second best', () => {
    const rankedAfter = (failures: number, afterMs: number) => {
      const measurements = new Map([[nameOf(1), { latencyMs: 5, failures, lastFailureMs: NOW_MS }]])
      const request = { ...REQUEST, measurements, nowMs: NOW_MS + afterMs }
      return rankOffers([priced(1, 4_000_000n), priced(2, 5_000_000n)], request)
    }
    const resting = rankedAfter(1, 500)[1]!
    expect(resting).toMatchObject({ accepted: true, offer: { provider: nameOf(1) } })
    expect(resting.reasons).toContain('failed once, cooling down for 2 s')
    expect(rankedAfter(3, 7_999)[1]!.reasons).toContain('failed 3 times, cooling down for 1 s')
    const back = rankedAfter(1, 2_000)
    expect(back.every(({ accepted }) => accepted)).toBe(true)
    expect(back[1]!.offer.provider).toBe(nameOf(1))
    expect(back[1]!.reasons).toContain('failed once before')
    expect(coolDownMs(0)).toBe(0)
    expect(coolDownMs(100)).toBe(300_000)
  })

  it('breaks ties by tier, then by key, and works with free offers', () => {
    const tie = [offerOf(1), offerOf(2), offerOf(3, { tier: 'confidential' })]
    const ranked = rankOffers(tie, REQUEST)
    expect(ranked[0]!.offer.tier).toBe('confidential')
    const names = ranked.slice(1).map(({ offer }) => offer.provider)
    expect(names).toEqual([...names].sort())
    const free = priced(1, 0n, {
      prices: { promptNanoPerMtok: 0n, cachedNanoPerMtok: 0n, completionNanoPerMtok: 0n },
    })
    expect(rankOffers([free, offerOf(2)], REQUEST)[0]!.offer.provider).toBe(nameOf(1))
  })

  it('gives the same ranking for any order of the same offers, with finite scores', () => {
    const offers = fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1 }).chain((ids) =>
      fc.tuple(
        ...ids.map((id) =>
          fc
            .record({
              slotsFree: fc.integer({ min: 0, max: 4 }),
              queued: fc.integer({ min: 0, max: 9 }),
              price: fc.bigInt({ min: 0n, max: 10n ** 15n }),
            })
            .map(({ price, ...load }) => priced(id, price, load)),
        ),
      ),
    )
    fc.assert(
      fc.property(offers, fc.bigInt({ min: 0n, max: 10n ** 12n }), (list, priceCapNano) => {
        const request = { ...REQUEST, priceCapNano }
        const ranked = rankOffers(list, request)
        const again = rankOffers([...list].reverse(), request)
        expect(again).toEqual(ranked)
        expect(ranked).toHaveLength(list.length)
        for (const { accepted, score, estimatedPriceNano } of ranked) {
          expect(accepted).toBe(estimatedPriceNano <= priceCapNano)
          expect(Number.isFinite(score)).toBe(accepted)
        }
      }),
    )
  })

  it('shows TON without trailing zeros', () => {
    expect([0n, 1n, 1_500_000_000n, 12_000n].map(formatTon)).toEqual([
      ...['0 TON', '0.000000001 TON', '1.5 TON', '0.000012 TON'],
    ])
  })
})
