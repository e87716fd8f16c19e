/** The only chance in an answer: numbers keyed by (seed, position). */
import { tagged, u32be, u64be } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

/**
 * A number in [0, 1) with 53 bits: the first 8 bytes of SHA-256 over
 * `tagged("cocoon/sample/1", u64 seed, u32 position)`, shifted right by 11.
 */
export function uniform(seed: bigint, position: number, crypto: CryptoPort): number {
  const digest = crypto.sha256(tagged('cocoon/sample/1', u64be(seed), u32be(position)))
  const bits = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) >> 11n
  return Number(bits) / 2 ** 53
}
