/**
 * A bundle of evidence as a file: a tag, then the canonical cocoon.v1.Evidence message. Every byte
 * counts: there is one encoding, and everything in it is checked.
 */
import { concat, equal, utf8 } from '#protocol/bytes.ts'
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { SESSION_MESSAGE_BYTES_MAX } from '#protocol/constants.ts'
import { type Evidence, evidenceFromWire, evidenceToWire } from '#protocol/evidence.ts'
import { EvidenceSchema } from '#protocol/wire/gen/cocoon_pb.ts'

const TAG = concat(utf8('cocoon/evidence/1'), Uint8Array.of(0))

export function encodeBundle(evidence: Evidence): Uint8Array {
  return concat(TAG, encodeMessage(EvidenceSchema, evidenceToWire(evidence)))
}

export function isBundle(bytes: Uint8Array): boolean {
  return equal(bytes.subarray(0, TAG.length), TAG)
}

/** @throws ProtocolError FRAME_MALFORMED, EVIDENCE_MALFORMED */
export function decodeBundle(bytes: Uint8Array): Evidence {
  const message = bytes.subarray(TAG.length)
  return evidenceFromWire(decodeCanonical(EvidenceSchema, message, SESSION_MESSAGE_BYTES_MAX))
}
