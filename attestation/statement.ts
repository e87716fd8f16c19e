/**
 * The attested statement S: what a provider says about its keys, model and network, and the hash of
 * its exact bytes that the quote carries (docs/spec/attestation.md).
 */
import { concat, utf8 } from '#protocol/bytes.ts'
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_STATEMENT_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import { StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import {
  decodeStatementCore,
  encodeStatementCore,
  expectBytes,
  type StatementCore,
} from './statement-core.ts'
import type { EvidenceBundle } from './types.ts'

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

const MODE_BYTE = { epoch: 1, challenge: 2 } as const

declare const REPORT_DATA: unique symbol
/**
 * 64 bytes that `reportData` made from a statement. Quote sources take nothing else, so that nobody can
 * ask this guest for a quote over bytes of their choice: the type says so, `quotedBytes` enforces it.
 */
export type ReportData = Uint8Array & { readonly [REPORT_DATA]: true }

/** What was really made, whatever becomes of the array that the caller holds. */
const made = new WeakMap<Uint8Array, Uint8Array>()

/**
 * The 64 bytes that the quote carries:
 * `SHA-512("cocoon/attest/1" 00 mode 00 S)`, mode 01 for epoch and 02 for challenge.
 */
export function reportData(
  crypto: CryptoPort,
  mode: EvidenceBundle['mode'],
  statement: Uint8Array,
): ReportData {
  const middle = Uint8Array.of(0, MODE_BYTE[mode], 0)
  const hash = crypto.sha512(concat(utf8('cocoon/attest/1'), middle, statement)) as ReportData
  made.set(hash, hash.slice())
  return hash
}

/**
 * For quote sources: the bytes as they were made. Bytes from anywhere else are refused, also those that
 * a caller forced through the type or wrote into an array that this module made.
 * @throws AttestationError REPORT_DATA_FOREIGN
 */
export function quotedBytes(data: ReportData): Uint8Array {
  const bytes = made.get(data)
  if (bytes === undefined) {
    throw new AttestationError('REPORT_DATA_FOREIGN', 'these bytes are no hash of a statement', {
      remedy: 'Ask for evidence over a statement; quotes over chosen bytes are never made.',
    })
  }
  return bytes.slice()
}

/** SHA-256 of the exact bytes: how offers, receipts and transcripts name a statement. */
export function statementDigest(crypto: CryptoPort, statement: Uint8Array): Uint8Array {
  return crypto.sha256(statement)
}
