/** The rules of a key, and of its rate, as pure functions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RateBucket, strictestTier, takePermit } from '#node/keys/key-rules.ts'
import { mintKey, parseKey, sameHash } from '#node/keys/key-text.ts'
import { errorCode } from '../support/error-code.ts'

describe('a rate', () => {
  it('never gives more than the burst and what time fills, whatever the times', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), waits, (rate, steps) => {
        let bucket: RateBucket | undefined
        let nowMs = 0
        let given = 0
        for (const step of steps) {
          nowMs += step
          const code = errorCode(() => {
            bucket = takePermit(bucket, rate, nowMs)
          })
          if (code === undefined) given++
          else expect(code).toBe('KEY_RATE_LIMITED')
        }
        expect(given).toBeLessThanOrEqual(rate + (nowMs * rate) / 60_000 + 1e-6)
      }),
    )
  })

  it('gives one again exactly when it said so, also after the clock went back', () => {
    const empty: RateBucket = { permits: 0, atMs: 10_000 }
    expect(errorCode(() => takePermit(empty, 6, 19_999))).toBe('KEY_RATE_LIMITED')
    expect(takePermit(empty, 6, 20_000).permits).toBeCloseTo(0)
    expect(errorCode(() => takePermit(empty, 6, 5_000))).toBe('KEY_RATE_LIMITED')
  })
})

describe('a key as text', () => {
  it('is read back as it was made, and nothing else is read', () => {
    const { id, text, secretHash } = mintKey()
    const parsed = parseKey(text)
    expect(parsed?.id).toBe(id)
    expect(parsed !== undefined && sameHash(parsed.secretHash, secretHash)).toBe(true)
    for (const wrong of ['', 'unused', 'sk-abc', `${text} `, text.slice(0, -1), `${text}A`]) {
      expect(parseKey(wrong)).toBeUndefined()
    }
    fc.assert(fc.property(fc.string(), (noise) => parseKey(noise) === undefined))
  })
})

it('the stricter tier counts, and a missing one does not', () => {
  expect(strictestTier('confidential', 'open')).toBe('confidential')
  expect(strictestTier('open', 'simulated')).toBe('simulated')
  expect(strictestTier(undefined, 'open')).toBe('open')
  expect(strictestTier('open', undefined)).toBe('open')
  expect(strictestTier(undefined, undefined)).toBeUndefined()
})
