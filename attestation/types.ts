/** The words of this room: evidence in, verdict out. */
import type { EvidenceKind } from '#protocol/evidence.ts'
import type { ReportData } from './report-data.ts'
import type { HardwareIdentity } from './verify/hardware.ts'

export type AssuranceTier = 'confidential' | 'simulated' | 'open'

export type StepStatus = 'passed' | 'failed' | 'skipped' | 'not-required'

/**
 * What to do about a step that failed: stop (this provider is not to be trusted), retry (ask it for fresh
 * evidence) or fix (the reader's own policy or configuration).
 */
export type Advice = 'stop' | 'retry' | 'fix'

/** One check, with what was found, what was required and the text that requires it. */
export interface VerdictStep {
  readonly name: string
  /** The standard's own word for what is checked. */
  readonly term: string
  /** The part of the evidence that was looked at. */
  readonly evidence: string
  readonly status: StepStatus
  readonly found: string
  readonly required: string
  /** Specification and section. */
  readonly reference: string
  readonly detail: string
  /** On failed steps only. */
  readonly advice?: Advice
}

/** A document, never a bare boolean. `ok` is true only when every mandatory step passed. */
export interface Verdict {
  readonly evidenceKind: EvidenceKind
  readonly tier: AssuranceTier
  readonly ok: boolean
  /** The single machine that made the evidence; missing when its step did not pass. */
  readonly hardware?: HardwareIdentity
  /** Names of the GPUs in it; missing when one of their steps did not pass. */
  readonly gpus?: readonly string[]
  readonly steps: readonly VerdictStep[]
}

/** Whose root it is: Intel's for SGX and TDX, AMD's root key of one product, NVIDIA's device identity. */
export type AnchorKind = 'tdx-dcap' | 'amd-ark' | 'nvidia-device-identity'

/**
 * A root that quotes may lead to. The same verifier checks Intel's and a simulated one; only the
 * anchor differs. A simulated anchor is refused on global id -239 in code, whatever the policy says.
 */
export interface TrustAnchor {
  readonly id: string
  readonly kind: AnchorKind
  readonly environment: 'production' | 'simulated'
  /** DER of the self-signed root certificate. */
  readonly rootCertificate: Uint8Array
}

/** Evidence as it travels; mirrors cocoon.v1.Evidence. */
export interface EvidenceBundle {
  readonly kind: EvidenceKind
  readonly mode: 'epoch' | 'challenge'
  /** Exact bytes of a Statement. */
  readonly statement: Uint8Array
  /** A TDX quote, or an SNP report. */
  readonly quote: Uint8Array
  /** Exact bytes of a TdxCollateral, or of an SnpCollateral. */
  readonly collateral: Uint8Array
  /** Exact bytes of a GpuEvidence; empty: none. */
  readonly gpuEvidence: Uint8Array
  /** TDX: digests that RTMR3 was extended with, 48 bytes each; left out where there are none. */
  readonly eventLog?: Uint8Array | undefined
}

/** A quote and what a stranger needs to check it. */
export interface QuotedEvidence {
  readonly quote: Uint8Array
  readonly collateral: Uint8Array
  /** What the guest extended RTMR3 with, where it extends it. */
  readonly eventLog?: Uint8Array
}

/** A quote over the hash of a statement, with the collateral that lets a stranger check it. */
export interface QuoteSource {
  /** `none`: no TEE at all, which is tier open. */
  readonly tee: 'tdx' | 'sev-snp' | 'simulated-tdx' | 'simulated-snp' | 'none'
  /**
   * @throws UnavailableError QUOTE_UNAVAILABLE
   * @throws AttestationError REPORT_DATA_FOREIGN when the bytes are no statement's hash
   */
  quote(reportData: ReportData): Promise<QuotedEvidence>
}

/** The GPUs of this guest, asked from inside it. */
export interface GpuSource {
  /**
   * Exact bytes of a GpuEvidence over the nonces that follow from this statement core.
   * @throws UnavailableError GPU_EVIDENCE_UNAVAILABLE
   */
  evidence(core: Uint8Array): Promise<Uint8Array>
}
