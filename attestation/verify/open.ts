/**
 * Evidence of no machine: tier open. The identity key signs the statement, so that the keys in it are this
 * peer's and nobody's in between; nothing says where they live. It is good only for an asker that
 * permits tier open by name, which no policy and no provider can do in its place.
 */
import { reportData } from '#attestation/report-data.ts'
import type { StepRules } from '#attestation/step-rules.ts'
import type { StepRecorder } from '#attestation/steps.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { StatementCore } from '../statement-core.ts'
import { refuse } from './refuse.ts'

export const OPEN_STEPS = {
  'tier-open': {
    term: 'assurance tier',
    evidence: 'request',
    required: 'an asker that permits tier open by name',
    reference: 'docs/spec/attestation.md#tier-open',
    advice: 'fix',
  },
  'statement-signature': {
    term: 'statement signature (RFC 8032)',
    evidence: 'quote, statement',
    required: "the identity key's signature over the report data, and no claim beside it",
    reference: 'docs/spec/attestation.md#tier-open',
  },
} as const satisfies StepRules

export interface OpenContext {
  readonly crypto: CryptoPort
  /** The asker permits tier open for this request. */
  readonly openPermitted?: boolean | undefined
}

/** Runs both steps exactly once. */
export function checkOpen(
  steps: StepRecorder<keyof typeof OPEN_STEPS>,
  evidence: EvidenceBundle,
  core: StatementCore | undefined,
  { crypto, openPermitted }: OpenContext,
): void {
  steps.run('tier-open', [], () => {
    if (openPermitted !== true) refuse('no TEE, and the request does not permit tier open')
    return { found: 'no TEE: whoever runs the machine can read along', value: true }
  })
  steps.run('statement-signature', [core], (signed) => {
    const { mode, statement, quote, collateral, gpuEvidence, eventLog } = evidence
    const isAlone = collateral.length + gpuEvidence.length + (eventLog?.length ?? 0) === 0
    if (!isAlone || signed.policyDigest.some((byte) => byte !== 0)) {
      refuse('a peer without a TEE claims what only a TEE could prove')
    }
    const message = reportData(crypto, mode, statement)
    if (!crypto.ed25519Verify(signed.identityKey, message, quote)) refuse('the signature is wrong')
    return { found: 'signed by the identity key', value: true }
  })
}
