/**
 * What every anchor's evidence must pass through: the same suite runs on Intel's real quote and on the
 * simulated manufacturer's, so that the simulated one cannot drift.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrustAnchor } from '#attestation/types.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { TDX_STEPS } from '#attestation/verify/tdx-steps.ts'
import type { AppraisalContext, TeeEvidence } from '#attestation/verify/tee-verifier.ts'
import { concat } from '#protocol/bytes.ts'

export interface VerifierSubject {
  readonly evidence: TeeEvidence
  /** Accepts the evidence at `context.nowMs`. */
  readonly context: AppraisalContext
  /** A moment after one of the collateral's documents expired. */
  readonly expiredMs: number
  /** A moment before the collateral was issued. */
  readonly futureMs: number
  /** An honest anchor that this evidence does not lead to. */
  readonly otherAnchor: TrustAnchor
}

/** LONG=1 changes every byte; without it a sample, whose seed is printed when it fails. */
const IS_LONG = process.env['LONG'] === '1'
const SAMPLES = 120
/** A verification takes 2 to 10 ms, and the long form makes 10,000 of them. */
export const changedBytesTimeoutMs = IS_LONG ? 900_000 : 300_000

const QUOTE_STEPS = Object.keys(TDX_STEPS)

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ mask : byte))
}

/** Calls `check` with every position, or a sample of them, and a mask that changes the byte. */
export function forChangedBytes(length: number, check: (at: number, mask: number) => void): void {
  if (IS_LONG) {
    for (let at = 0; at < length; at++) check(at, 1 << (at % 8))
    return
  }
  const position = fc.integer({ min: 0, max: length - 1 })
  const mask = fc.integer({ min: 1, max: 255 })
  fc.assert(fc.property(position, mask, check), { numRuns: SAMPLES })
}

export function testVerifier(name: string, create: () => VerifierSubject): void {
  describe(`verifier contract: ${name}`, () => {
    const { evidence, context, expiredMs, futureMs, otherAnchor } = create()
    const statuses = (changed: Partial<TeeEvidence>, other: Partial<AppraisalContext> = {}) => {
      const { steps } = appraiseTdx({ ...evidence, ...changed }, { ...context, ...other })
      return new Map(steps.map((step) => [step.name, step.status]))
    }
    const isAccepted = (changed: Partial<TeeEvidence>, other: Partial<AppraisalContext> = {}) =>
      [...statuses(changed, other).values()].every((status) => status === 'passed')

    it('passes every step, in their order', () => {
      const found = statuses({})
      expect([...found.keys()]).toEqual(QUOTE_STEPS)
      expect([...found.values()]).toEqual(QUOTE_STEPS.map(() => 'passed'))
    })

    it('names the platform and its TCB', () => {
      const { platform, tcb, runtimeDigests } = appraiseTdx(evidence, context)
      expect(tcb?.status).toBe('UpToDate')
      expect(platform?.ppid).toHaveLength(16)
      expect(platform?.ppid.some((byte) => byte !== 0)).toBe(true)
      expect(runtimeDigests?.map((one) => one.length)).toEqual([32])
    })

    it('refuses expired collateral', () => {
      expect(statuses({}, { nowMs: expiredMs }).get('revocation')).toBe('failed')
    })

    it('refuses collateral from the future', () => {
      expect(statuses({}, { nowMs: futureMs }).get('revocation')).toBe('failed')
    })

    it('refuses a root that is not among the anchors', () => {
      const found = statuses({}, { anchors: [otherAnchor] })
      expect(found.get('anchor')).toBe('failed')
      expect(found.get('pck-chain')).toBe('skipped')
      expect(statuses({}, { anchors: [] }).get('anchor')).toBe('failed')
    })

    it('refuses an anchor that the policy leaves out', () => {
      const policy = { ...context.policy, anchors: [otherAnchor.id] }
      expect(statuses({}, { policy }).get('anchor')).toBe('failed')
    })

    it('refuses collateral of an evaluation below the floor', () => {
      const tcb = { ...context.policy.tcb, evaluationNumberMin: 1_000 }
      const policy = { ...context.policy, tcb }
      expect(statuses({}, { policy }).get('tcb-status')).toBe('failed')
    })

    it('refuses measurements that no release has', () => {
      const tdx = { ...context.policy.tdx, measurements: [] }
      const policy = { ...context.policy, tdx }
      expect(statuses({}, { policy }).get('measurements')).toBe('failed')
    })

    it(
      'refuses a quote with anything after it, or cut anywhere',
      () => {
        for (const tail of [Uint8Array.of(0), Uint8Array.of(1), new Uint8Array(100)]) {
          const found = statuses({ quote: concat(evidence.quote, tail) })
          expect(found.get('quote-format')).toBe('failed')
        }
        forChangedBytes(evidence.quote.length, (at) => {
          const end = at === evidence.quote.length - 70 ? at - 1 : at // without its padding it is good
          expect(isAccepted({ quote: evidence.quote.subarray(0, end) })).toBe(false)
        })
      },
      changedBytesTimeoutMs,
    )

    it(
      'refuses a quote with any byte changed',
      () => {
        forChangedBytes(evidence.quote.length, (at, mask) => {
          expect(isAccepted({ quote: flipped(evidence.quote, at, mask) })).toBe(false)
        })
      },
      changedBytesTimeoutMs,
    )

    it(
      'refuses collateral with any byte changed',
      () => {
        forChangedBytes(evidence.collateral.length, (at, mask) => {
          expect(isAccepted({ collateral: flipped(evidence.collateral, at, mask) })).toBe(false)
        })
      },
      changedBytesTimeoutMs,
    )

    it('refuses collateral with anything after it', () => {
      const unknownField = Uint8Array.of(0x7a, 1, 0)
      const repeated = concat(evidence.collateral, evidence.collateral)
      for (const collateral of [concat(evidence.collateral, unknownField), repeated]) {
        expect(statuses({ collateral }).get('collateral-format')).toBe('failed')
      }
    })
  })
}
