/**
 * The attested statement S: what a provider says about its keys, model and network, and the hash of
 * its exact bytes that the quote carries (docs/spec/attestation.md).
 */
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_STATEMENT_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import {
  decodeStatementCore,
  encodeStatementCore,
  expectBytes,
  type StatementCore,
} from './statement-core.ts'

export { quotedBytes, type ReportData, reportData } from './report-data.ts'
export type { StatementCore } from './statement-core.ts'

export interface Statement {
  readonly core: StatementCore
  /** SHA-256 of the GPU evidence, or 32 zeros: none. */
  readonly gpuEvidenceHash: Uint8Array
  /** 32 zeros in mode epoch, else the root over the waiting clients' nonces. */
  readonly challenge: Uint8Array
}

/** A statement as it was received: the bytes that were hashed, never a re-encoding. */
export interface DecodedStatement extends Statement {
  readonly coreBytes: Uint8Array
}

/** @throws AttestationError STATEMENT_MALFORMED */
export function encodeStatement(statement: Statement): Uint8Array {
  return encodeMessage(StatementSchema, {
    core: encodeStatementCore(statement.core),
    gpuEvidenceHash: expectBytes(statement.gpuEvidenceHash, 32, 'GPU evidence hash'),
    challenge: expectBytes(statement.challenge, 32, 'challenge'),
  })
}

/**
 * Strict: canonical encoding on both levels, every field of its exact length.
 * @throws AttestationError STATEMENT_MALFORMED
 * @throws ProtocolError FRAME_MALFORMED
 */
export function decodeStatement(bytes: Uint8Array): DecodedStatement {
  const wire = decodeCanonical(StatementSchema, bytes, EVIDENCE_STATEMENT_BYTES_MAX)
  return {
    core: decodeStatementCore(wire.core),
    coreBytes: wire.core,
    gpuEvidenceHash: expectBytes(wire.gpuEvidenceHash, 32, 'GPU evidence hash'),
    challenge: expectBytes(wire.challenge, 32, 'challenge'),
  }
}

/** SHA-256 of the exact bytes: how offers, receipts and transcripts name a statement. */
export function statementDigest(crypto: CryptoPort, statement: Uint8Array): Uint8Array {
  return crypto.sha256(statement)
}
