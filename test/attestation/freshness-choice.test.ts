/** When a client asks for a quote over its own nonce. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseQuoteMode } from '#attestation/quote-mode.ts'
import { policy } from './network.ts'

const met = { isFirstContact: false, draw: 0xffff_ffff }
const rare = { ...policy, freshness: { ...policy.freshness, spotChecksPerThousand: 20 } }
const never = { ...policy, freshness: { ...policy.freshness, spotChecksPerThousand: 0 } }

describe('a challenge quote is asked for', () => {
  it('at the first contact', () => {
    expect(chooseQuoteMode(never, { ...met, isFirstContact: true })).toEqual({
      mode: 'challenge',
      reason: 'first-contact',
    })
  })

  it('in every session of the highest hardware tier', () => {
    const hardware = { ...policy.hardware, tierMin: 'location-verified' as const }
    expect(chooseQuoteMode({ ...never, hardware }, met)).toEqual({
      mode: 'challenge',
      reason: 'location-verified',
    })
  })

  it('at random, as often as the policy says', () => {
    expect(chooseQuoteMode(rare, { ...met, draw: 0 }).reason).toBe('spot-check')
    const share = (0xffff_ffff / 1_000) * 20
    expect(chooseQuoteMode(rare, { ...met, draw: Math.floor(share) - 1 }).mode).toBe('challenge')
    expect(chooseQuoteMode(rare, { ...met, draw: Math.ceil(share) + 1 }).mode).toBe('epoch')
    const draw = fc.nat({ max: 0xffff_ffff })
    const always = { ...policy, freshness: { ...policy.freshness, spotChecksPerThousand: 1_000 } }
    fc.assert(
      fc.property(draw, (value) => {
        expect(chooseQuoteMode(always, { ...met, draw: value }).mode).toBe('challenge')
        expect(chooseQuoteMode(never, { ...met, draw: value }).mode).toBe('epoch')
      }),
    )
  })

  it('for no other reason', () => {
    expect(chooseQuoteMode(rare, met)).toEqual({ mode: 'epoch', reason: 'epoch' })
  })

  it('not even at first contact when the policy says so', () => {
    const freshness = { ...never.freshness, challengeFirstContact: false }
    expect(chooseQuoteMode({ ...policy, freshness }, { ...met, isFirstContact: true }).mode).toBe(
      'epoch',
    )
  })
})
