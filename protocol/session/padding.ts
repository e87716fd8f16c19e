/**
 * Frames carry `u32be length, data, zeros` in one of a few sizes, so that lengths do not spell the
 * answer. There is exactly one padded form of each plaintext.
 */
import { u32be } from '../bytes.ts'
import { SEAL_BUCKETS_BYTES } from '../constants.ts'
import { ProtocolError } from '../errors.ts'

const PREFIX_BYTES = 4

/** The largest plaintext of one frame. */
export const SEAL_PLAINTEXT_BYTES_MAX = Math.max(...SEAL_BUCKETS_BYTES) - PREFIX_BYTES

function bucketOf(plaintextBytes: number): number | undefined {
  return SEAL_BUCKETS_BYTES.find((bucket) => plaintextBytes + PREFIX_BYTES <= bucket)
}

export function isBucket(paddedBytes: number): boolean {
  return SEAL_BUCKETS_BYTES.some((bucket) => bucket === paddedBytes)
}

/** @throws ProtocolError SEAL_TOO_LARGE */
export function pad(plaintext: Uint8Array): Uint8Array {
  const bucket = bucketOf(plaintext.length)
  if (bucket === undefined) {
    throw new ProtocolError('SEAL_TOO_LARGE', 'a message does not fit into one sealed frame', {
      remedy: 'Send less in one message.',
      data: { bytes: plaintext.length, bytesMax: SEAL_PLAINTEXT_BYTES_MAX },
    })
  }
  const padded = new Uint8Array(bucket)
  padded.set(u32be(plaintext.length))
  padded.set(plaintext, PREFIX_BYTES)
  return padded
}

/** @throws ProtocolError SEAL_PADDING: authentic, but not the one padded form of its plaintext. */
export function unpad(padded: Uint8Array): Uint8Array {
  const view = new DataView(padded.buffer, padded.byteOffset, padded.byteLength)
  const length = padded.length >= PREFIX_BYTES ? view.getUint32(0) : undefined
  if (length === undefined || bucketOf(length) !== padded.length) throw wrongPadding()
  const end = PREFIX_BYTES + length
  if (padded.subarray(end).some((byte) => byte !== 0)) throw wrongPadding()
  return padded.slice(PREFIX_BYTES, end)
}

function wrongPadding(): ProtocolError {
  return new ProtocolError('SEAL_PADDING', 'a sealed frame is padded in a way no peer pads')
}
