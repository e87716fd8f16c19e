/** Evidence as it travels in a hello and lies in a receipt file: shape and sizes, no judgement. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  EVIDENCE_COLLATERAL_BYTES_MAX,
  EVIDENCE_EVENT_LOG_BYTES_MAX,
  EVIDENCE_GPU_BYTES_MAX,
  EVIDENCE_QUOTE_BYTES_MAX,
  EVIDENCE_STATEMENT_BYTES_MAX,
} from './constants.ts'
import { ProtocolError } from './errors.ts'
import type { MerkleProof } from './merkle.ts'
import {
  type EvidenceSchema,
  QuoteMode,
  type Evidence as WireEvidence,
  EvidenceKind as WireKind,
  type MerkleProof as WireProof,
} from './wire/gen/cocoon_pb.ts'

export type FreshnessMode = 'epoch' | 'challenge'

/** What made the quote: it says how to read quote and collateral, and nothing about trust. */
export type EvidenceKind = 'tdx' | 'sev-snp' | 'none'

export interface Evidence {
  readonly kind: EvidenceKind
  readonly mode: FreshnessMode
  /** Exact bytes of a Statement. */
  readonly statement: Uint8Array
  /** A TDX quote, an SNP report, or for kind `none` the identity key's signature over report_data. */
  readonly quote: Uint8Array
  /** Exact bytes of a TdxCollateral, or of an SnpCollateral. */
  readonly collateral: Uint8Array
  /** Exact bytes of a GpuEvidence; empty: none. */
  readonly gpuEvidence: Uint8Array
  /** TDX: digests that RTMR3 was extended with, 48 bytes each; left out where there are none. */
  readonly eventLog?: Uint8Array | undefined
  /** Mode challenge only: where the client's nonce stands in the challenge. */
  readonly nonceProof?: MerkleProof
}

const PROOF_HASHES_MAX = 32

const KIND_TO_WIRE: Record<EvidenceKind, WireKind> = {
  tdx: WireKind.TDX,
  'sev-snp': WireKind.SEV_SNP,
  none: WireKind.NONE,
}

function malformed(detail: string): ProtocolError {
  return new ProtocolError('EVIDENCE_MALFORMED', `the evidence cannot be read: ${detail}`)
}

export function freshnessToWire(mode: FreshnessMode): QuoteMode {
  return mode === 'epoch' ? QuoteMode.EPOCH : QuoteMode.CHALLENGE
}

/** @throws ProtocolError EVIDENCE_MALFORMED */
export function freshnessFromWire(mode: number): FreshnessMode {
  if (mode === QuoteMode.EPOCH) return 'epoch'
  if (mode === QuoteMode.CHALLENGE) return 'challenge'
  throw malformed('unknown mode')
}

function kindFromWire(kind: number): EvidenceKind {
  if (kind === WireKind.TDX) return 'tdx'
  if (kind === WireKind.SEV_SNP) return 'sev-snp'
  if (kind === WireKind.NONE) return 'none'
  throw malformed('unknown kind')
}

/** Plain copy without protobuf's own fields. @throws ProtocolError EVIDENCE_MALFORMED */
export function proofFromWire(proof: WireProof): MerkleProof {
  const { index, count, path, otherPeaks } = proof
  const hashes = [...path, ...otherPeaks]
  if (path.length > PROOF_HASHES_MAX || otherPeaks.length > PROOF_HASHES_MAX) {
    throw malformed('a proof is too long')
  }
  if (hashes.some((hash) => hash.length !== 32)) throw malformed('a hash is not 32 bytes')
  return { index, count, path, otherPeaks }
}

export function proofToWire(proof: MerkleProof) {
  const { index, count, path, otherPeaks } = proof
  return { index, count, path: [...path], otherPeaks: [...otherPeaks] }
}

/** @throws ProtocolError EVIDENCE_MALFORMED */
export function evidenceFromWire(wire: WireEvidence): Evidence {
  const { statement, quote, collateral, gpuEvidence, eventLog, nonceProof } = wire
  const kind = kindFromWire(wire.kind)
  const mode = freshnessFromWire(wire.mode)
  checkSize('statement', statement, 1, EVIDENCE_STATEMENT_BYTES_MAX)
  checkSize('quote', quote, 1, EVIDENCE_QUOTE_BYTES_MAX)
  checkSize('collateral', collateral, 0, EVIDENCE_COLLATERAL_BYTES_MAX)
  checkSize('GPU evidence', gpuEvidence, 0, EVIDENCE_GPU_BYTES_MAX)
  checkSize('event log', eventLog, 0, EVIDENCE_EVENT_LOG_BYTES_MAX)
  if ((mode === 'challenge') !== (nonceProof !== undefined)) {
    throw malformed('a nonce proof belongs to mode challenge, and only to it')
  }
  const log = eventLog.length === 0 ? {} : { eventLog }
  const evidence = { kind, mode, statement, quote, collateral, gpuEvidence, ...log }
  return nonceProof === undefined
    ? evidence
    : { ...evidence, nonceProof: proofFromWire(nonceProof) }
}

function checkSize(name: string, bytes: Uint8Array, min: number, max: number): void {
  if (bytes.length < min || bytes.length > max) {
    throw malformed(`${name} of ${bytes.length} bytes, ${min} to ${max}`)
  }
}

export function evidenceToWire(evidence: Evidence): MessageInitShape<typeof EvidenceSchema> {
  const { statement, quote, collateral, gpuEvidence, nonceProof } = evidence
  const wire = {
    kind: KIND_TO_WIRE[evidence.kind],
    mode: freshnessToWire(evidence.mode),
    statement,
    quote,
    collateral,
    gpuEvidence,
    eventLog: evidence.eventLog ?? new Uint8Array(0),
  }
  return nonceProof === undefined ? wire : { ...wire, nonceProof: proofToWire(nonceProof) }
}
