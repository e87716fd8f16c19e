/** Both meters together, over every schedule that fast-check can think of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priceNano } from '#protocol/money.ts'
import type { ClientMeter } from '#protocol/session/client-meter.ts'
import type { ProviderMeter } from '#protocol/session/provider-meter.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import { exposureNano, runMetered } from '#test/support/metered-link.ts'

const priceNanoPerMtok = fc.oneof(
  fc.constant(0n),
  fc.bigInt(1n, 20n),
  fc.bigInt(1n, 10n ** 6n),
  fc.bigInt(10n ** 6n, 10n ** 12n),
)

const request = fc
  .record({
    promptNanoPerMtok: priceNanoPerMtok,
    completionNanoPerMtok: priceNanoPerMtok,
    cachedShare: fc.bigInt(0n, 100n),
    promptTokens: fc.nat(400),
    completionTokensMax: fc.integer({ min: 1, max: 400 }),
    endShare: fc.double({ min: 0, max: 1, noNaN: true }),
    cachedTokens: fc.nat(400),
    keptUnits: fc.oneof(fc.nat(200), fc.nat(5_000)),
    streams: fc.integer({ min: 1, max: 8 }),
    choices: fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 60 }),
  })
  .map(({ promptNanoPerMtok, completionNanoPerMtok, cachedShare, endShare, ...rest }) => ({
    ...rest,
    prices: {
      promptNanoPerMtok,
      completionNanoPerMtok,
      cachedNanoPerMtok: (promptNanoPerMtok * cachedShare) / 100n,
    },
    completionTokens: Math.floor(endShare * rest.completionTokensMax),
  }))

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

function play(given: Request, observe: (client: ClientMeter, provider: ProviderMeter) => void) {
  const { prices, promptTokens, completionTokensMax, keptUnits, streams, completionTokens } = given
  const { cachedTokens, choices } = given
  let drawn = 0
  const choose = (below: number): number =>
    below === 0 ? 0 : (choices[drawn++ % choices.length] ?? 0) % below
  const terms = { prices, promptTokens, completionTokensMax, keptUnits, streams }
  return runMetered({ terms, completionTokens, cachedTokens, choose, observe })
}

describe('client and provider meter over a delaying link', () => {
  it('always finish, without a violation, at the price of the counts', () => {
    fc.assert(
      fc.property(request, (given) => {
        const result = play(given, () => {})
        expect(result.violations).toEqual([])
        expect(result.client.phase).toBe('ended')
        const cachedTokens = Math.min(given.cachedTokens, given.promptTokens)
        const { promptTokens, completionTokens } = given
        const counts = { promptTokens, cachedTokens, completionTokens }
        expect(result.usedNano).toBe(priceNano(given.prices, counts))
        expect(result.usedNano).toBeLessThanOrEqual(result.client.allocatedNano)
        expect(result.checkpoints).toBeGreaterThanOrEqual(1)
      }),
      { numRuns: 300 },
    )
  })

  it('never expose the client to more than one and a half chunks, nor the provider to anything', () => {
    fc.assert(
      fc.property(request, (given) => {
        const { prices, promptTokens } = given
        const costNano = (units: number) => unitsCostNano(prices, promptTokens, 0, units)
        play(given, (client, provider) => {
          const units = client.chunkEnd - client.promptDone - client.completionDone
          expect(units).toBeLessThanOrEqual(Math.ceil(1.5 * client.chunkSize))
          const dearest = [prices.promptNanoPerMtok, prices.completionNanoPerMtok].reduce((a, b) =>
            a > b ? a : b,
          )
          const bound = (BigInt(3 * client.chunkSize) * dearest) / 2_000_000n + 2n
          expect(exposureNano(client)).toBeLessThanOrEqual(bound)
          const produced = provider.promptDone + provider.completionDone
          expect(costNano(produced)).toBeLessThanOrEqual(provider.allocatedNano)
          expect(provider.allocatedNano).toBeLessThanOrEqual(client.allocatedNano)
        })
      }),
      { numRuns: 150 },
    )
  })
})
