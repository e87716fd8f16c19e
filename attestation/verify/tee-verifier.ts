/** What every kind of machine's verifier takes and gives: the verdict knows nothing else about it. */
import type { AnchorContext } from '#attestation/anchors/select.ts'
import type { StepRules } from '#attestation/step-rules.ts'
import type { StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import type { EvidenceKind } from '#protocol/evidence.ts'
import type { HardwareId } from './hardware.ts'

/** What a verifier judges by: all of it is the caller's own, nothing comes from the other side. */
export interface AppraisalContext extends AnchorContext {
  /** Time of the chain that the verifier reads, Unix milliseconds. */
  readonly nowMs: number
}

export interface TeeEvidence {
  /** As the kind of machine makes it: a TDX quote, an SNP report. */
  readonly quote: Uint8Array
  /** What a stranger needs to check it, as its kind encodes it. */
  readonly collateral: Uint8Array
  /** Digests that the guest extended RTMR3 with, 48 bytes each, in order; none where it extends nothing. */
  readonly eventLog?: Uint8Array | undefined
}

/** What the evidence proved; each part is undefined when its step did not pass. */
export interface TeeFindings {
  readonly anchor: TrustAnchor | undefined
  /** The 64 bytes that the guest had signed. */
  readonly reportData: Uint8Array | undefined
  /** From a certificate that passed, never from what the guest says. */
  readonly hardware: HardwareId | undefined
  /** 32-byte runtime digests of the releases whose measurements matched: the statement names one of them. */
  readonly runtimeDigests: readonly Uint8Array[] | undefined
}

export interface TeeVerifier {
  readonly kind: EvidenceKind
  /** In the order in which `check` runs them. */
  readonly steps: StepRules
  /** Runs every step exactly once and never throws for bad evidence. Pure and synchronous. */
  check(steps: StepRecorder, evidence: TeeEvidence, context: AppraisalContext): TeeFindings
}
