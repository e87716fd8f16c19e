/** A bundle out of a file: judged as in a session, as far as the reader has something to compare with. */
import type { KnownBlock } from '#attestation/freshness.ts'
import { decodeStatement } from '#attestation/statement.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import type { GpuContext } from '#attestation/verify/gpu/gpu.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { type Appraisal, conclude } from './appraisal.ts'
import type { AppraiseOptions } from './raw.ts'

/** What the reader knows from elsewhere; whatever is missing leaves its step unjudged. */
export interface BundleExpectations {
  readonly identityKey?: Uint8Array | undefined
  readonly modelRoot?: Uint8Array | undefined
  /** `unknown`: no chain was read. undefined: it was read, and has no such block. */
  readonly block: KnownBlock | 'unknown' | undefined
  readonly clientNonce?: Uint8Array | undefined
}

export function appraiseBundle(
  evidence: Evidence,
  context: GpuContext,
  expected: BundleExpectations,
  options: AppraiseOptions,
): Appraisal {
  const unbound = new Map<string, string>()
  const own = statementValues(evidence.statement)
  if (expected.identityKey === undefined) unbound.set('identity-key', 'not compared: --identity')
  if (expected.modelRoot === undefined) unbound.set('model-root', 'not compared: --model-root')
  if (expected.block === 'unknown') unbound.set('freshness', 'no chain was read: --network')
  const isChallenge = evidence.mode === 'challenge'
  if (isChallenge && expected.clientNonce === undefined) unbound.set('nonce', 'whose? --nonce')
  const verdict = verifyEvidence(evidence, {
    ...context,
    expected: {
      identityKey: expected.identityKey ?? own?.identityKey ?? new Uint8Array(32),
      modelRoot: expected.modelRoot ?? own?.modelRoot ?? new Uint8Array(32),
      role: 'provider',
    },
    // A block of the present moment stands in, so that keys that have ended are found in any case.
    notBeforeBlock:
      expected.block === 'unknown'
        ? own && { ...own.notBefore, timeMs: Math.min(context.nowMs, own.notAfterMs) }
        : expected.block,
    // Who names a nonce asked for a challenge: an epoch quote does not answer it.
    ...(isChallenge || expected.clientNonce !== undefined
      ? { challenge: challengeOf(evidence, expected) }
      : {}),
  })
  // A nonce that nobody named cannot match: the failure of that one step says nothing.
  const steps = verdict.steps.map((step) =>
    unbound.has('nonce') && step.name === 'nonce' ? { ...step, status: 'skipped' as const } : step,
  )
  const { tier, hardware } = verdict
  return conclude({ form: 'bundle', tier, hardware, steps, unbound, ...options })
}

function challengeOf(evidence: Evidence, { clientNonce }: BundleExpectations) {
  return { clientNonce: clientNonce ?? new Uint8Array(32), proof: evidence.nonceProof }
}

function statementValues(bytes: Uint8Array) {
  try {
    return decodeStatement(bytes).core
  } catch {
    return undefined // For the step statement-format to say.
  }
}
