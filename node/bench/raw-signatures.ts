/** The signature checks that a verification makes, to be made again without anything else. */
import type { EvidenceBundle } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

export interface RawSignatures {
  readonly count: number
  /** Makes all of them once. */
  run(): void
}

/** @throws RangeError when the evidence is not good: the figures would be of something else */
export function rawSignaturesOf(evidence: EvidenceBundle, context: VerdictContext): RawSignatures {
  const { crypto } = context
  const checks: (() => boolean)[] = []
  const recorded = (check: () => boolean): boolean => {
    checks.push(check)
    return check()
  }
  const recording: CryptoPort = {
    ...crypto,
    ecdsaVerify: (...given) => recorded(() => crypto.ecdsaVerify(...given)),
    rsaPssSha384Verify: (...given) => recorded(() => crypto.rsaPssSha384Verify(...given)),
    ed25519Verify: (...given) => recorded(() => crypto.ed25519Verify(...given)),
  }
  const verdict = verifyEvidence(evidence, { ...context, crypto: recording })
  if (!verdict.ok) {
    const bad = verdict.steps.find(({ status }) => status === 'failed')
    throw new RangeError(`the evidence of a benchmark is refused: ${bad?.name}: ${bad?.detail}`)
  }
  return {
    count: checks.length,
    run() {
      for (const check of checks) check()
    },
  }
}
