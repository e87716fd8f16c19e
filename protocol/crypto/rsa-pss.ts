/**
 * RSASSA-PSS verification (RFC 8017 section 8.1.2) over bigint, for platforms whose own RSA is asynchronous
 * only. Nothing here is secret: key, message and signature are public, so timing does not matter.
 */
import { concat, equal, fromHex, toHex } from '../bytes.ts'

type Hash = (data: Uint8Array) => Uint8Array

/** Length of a SHA-384 hash, and of the salt. */
const HASH_BYTES = 48
const MODULUS_BYTES_MIN = 256
const MODULUS_BYTES_MAX = 512
const TRAILER = 0xbc

/** Full length, so that the encoded message is one bit shorter; odd, as every product of primes. */
export function isPssShape(modulus: Uint8Array, signature: Uint8Array): boolean {
  const { length } = modulus
  const first = modulus[0] ?? 0
  const last = modulus[length - 1] ?? 0
  if (length < MODULUS_BYTES_MIN || length > MODULUS_BYTES_MAX) return false
  return first >= 0x80 && (last & 1) === 1 && signature.length === length
}

/** MGF1 (RFC 8017, appendix B.2.1). */
export function maskGeneration(hash: Hash, seed: Uint8Array, lengthBytes: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(lengthBytes / HASH_BYTES) }, (_, counter) =>
    hash(concat(seed, Uint8Array.of(0, 0, counter >> 8, counter & 0xff))),
  )
  return concat(...blocks).subarray(0, lengthBytes)
}

/** signature^65537 mod modulus, or undefined when the signature is not below the modulus. */
function recover(modulus: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  const n = BigInt(`0x${toHex(modulus)}`)
  const s = BigInt(`0x${toHex(signature)}`)
  if (s >= n) return undefined
  let power = s
  for (let bit = 0; bit < 16; bit++) power = (power * power) % n
  const encoded = (power * s) % n
  return fromHex(encoded.toString(16).padStart(2 * modulus.length, '0'))
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) for an encoded message of 8 * length - 1 bits. */
function isEncoded(hash: Hash, encoded: Uint8Array, message: Uint8Array): boolean {
  const maskedBytes = encoded.length - HASH_BYTES - 1
  const masked = encoded.subarray(0, maskedBytes)
  const digest = encoded.subarray(maskedBytes, -1)
  if (encoded.at(-1) !== TRAILER || (masked[0] ?? 0x80) >= 0x80) return false
  const mask = maskGeneration(hash, digest, maskedBytes)
  const block = masked.map((byte, at) => (byte ^ (mask[at] ?? 0)) & (at === 0 ? 0x7f : 0xff))
  const saltAt = maskedBytes - HASH_BYTES
  const padding = block.subarray(0, saltAt)
  if (!padding.every((byte, at) => byte === (at === saltAt - 1 ? 1 : 0))) return false
  const salt = block.subarray(saltAt)
  return equal(hash(concat(new Uint8Array(8), hash(message), salt)), digest)
}

/** With SHA-384 and public exponent 65537; false on anything malformed. */
export function rsaPssVerify(
  sha384: Hash,
  modulus: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!isPssShape(modulus, signature)) return false
  const encoded = recover(modulus, signature)
  return encoded !== undefined && isEncoded(sha384, encoded, message)
}
