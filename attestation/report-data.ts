/**
 * Report data: the 64 bytes that a quote carries, and the guard that a quote is only ever made over the
 * hash of a statement (docs/spec/attestation.md#report_data).
 */
import { concat, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import type { FreshnessMode } from '#protocol/evidence.ts'

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
  mode: FreshnessMode,
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
