/**
 * Signed records: Ed25519 over `tagged(tag, payload)`, where payload is the exact bytes received.
 * Nothing is ever re-encoded to check or hash it (docs/spec/market.md, "Records").
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { tagged, toHex } from '../bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '../crypto/port.ts'
import { ProtocolError } from '../errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../wire/gen/cocoon_pb.ts'

export type RecordTag =
  | 'cocoon/offer/1'
  | 'cocoon/job/1'
  | 'cocoon/bid/1'
  | 'cocoon/bid-ack/1'
  | 'cocoon/award/1'
  | 'cocoon/job-close/1'

/** Why a record was dropped. Reasons are counted, never answered to the sender. */
export type RefusalReason =
  /** Larger than its limit; nothing of it was parsed. */
  | 'too-large'
  /** Not the expected message, or a field outside its limits. */
  | 'malformed'
  /** The signature does not cover these bytes under this key. */
  | 'altered'
  | 'version'
  | 'wrong-network'
  /** Issued more than ISSUED_AHEAD_MS_MAX ahead of this clock. */
  | 'future'
  | 'expired'
  /** Lives longer than its limit allows. */
  | 'too-long-lived'
  /** Does not answer the job it names: price, tier or deadline. */
  | 'unfit'

/** A market record was dropped. Branch on `reason`. */
export class RecordRefusedError extends ProtocolError {
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, detail: string) {
    super('RECORD_REFUSED', `market record refused (${reason}): ${detail}`, { data: { reason } })
    this.reason = reason
  }
}

export function refuse(reason: RefusalReason, detail: string): never {
  throw new RecordRefusedError(reason, detail)
}

/** Refuses with `malformed` unless the condition holds. */
export function check(condition: boolean, detail: string): asserts condition {
  if (!condition) refuse('malformed', detail)
}

export function signRecord(
  crypto: CryptoPort,
  tag: RecordTag,
  key: Ed25519KeyPair,
  payload: Uint8Array,
): SignedRecord {
  const signature = crypto.ed25519Sign(key, tagged(tag, payload))
  return create(SignedRecordSchema, { payload, publicKey: key.publicKey, signature })
}

export function encodeRecord(record: SignedRecord): Uint8Array {
  return toBinary(SignedRecordSchema, record)
}

/**
 * Takes a record apart without trusting it. Bounded before parsed.
 * @throws RecordRefusedError too-large, malformed
 */
export function decodeRecord(record: Uint8Array | SignedRecord, bytesMax: number): SignedRecord {
  const bytes = record instanceof Uint8Array ? record : encodeRecord(record)
  if (bytes.length > bytesMax) refuse('too-large', `${bytes.length} bytes, limit ${bytesMax}`)
  const parsed = record instanceof Uint8Array ? parse(record) : record
  const { publicKey, signature } = parsed
  check(publicKey.length === 32 && signature.length === 64, 'key or signature length')
  return parsed
}

/**
 * Checks the signature over the payload's exact bytes.
 * @throws RecordRefusedError altered
 */
export function verifyRecord(crypto: CryptoPort, tag: RecordTag, record: SignedRecord): void {
  const { payload, publicKey, signature } = record
  if (!crypto.ed25519Verify(publicKey, tagged(tag, payload), signature)) {
    refuse('altered', `signature by ${toHex(publicKey).slice(0, 16)}`)
  }
}

/**
 * Name of a record: SHA-256 over `tagged(tag, payload, public key)`. The key is part of it, so that a
 * copied payload under another key is another record.
 */
export function recordHash(crypto: CryptoPort, tag: RecordTag, record: SignedRecord): Uint8Array {
  return crypto.sha256(tagged(tag, record.payload, record.publicKey))
}

function parse(bytes: Uint8Array): SignedRecord {
  try {
    return fromBinary(SignedRecordSchema, bytes, { readUnknownFields: false })
  } catch {
    return refuse('malformed', 'not a SignedRecord')
  }
}
