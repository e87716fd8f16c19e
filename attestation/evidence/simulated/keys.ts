/**
 * P-256 keys that follow from a seed, and signatures that follow from key and message (RFC 6979): every
 * peer that derives the simulated manufacturer gets the same bytes. Not constant-time; protects nothing.
 */
import { p256 } from '@noble/curves/nist.js'
import { utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

export interface SimulatedKey {
  readonly secret: Uint8Array
  /** Uncompressed point, 65 bytes. */
  readonly publicKey: Uint8Array
}

const SALT = utf8('cocoon/simulated-manufacturer/1')

/** `lengthBytes` bytes for one purpose. */
export function deriveBytes(
  crypto: CryptoPort,
  seed: Uint8Array,
  purpose: string,
  lengthBytes: number,
): Uint8Array {
  return crypto.hkdfSha256(seed, SALT, utf8(purpose), lengthBytes)
}

/** 48 bytes reduced to a scalar (FIPS 186-5, appendix A.2.1), so that no seed is left out. */
export function deriveKey(crypto: CryptoPort, seed: Uint8Array, purpose: string): SimulatedKey {
  const secret = p256.utils.randomSecretKey(deriveBytes(crypto, seed, `key ${purpose}`, 48))
  return { secret, publicKey: p256.getPublicKey(secret, false) }
}

/** ECDSA with SHA-256 as r||s, 64 bytes. */
export function sign(key: SimulatedKey, message: Uint8Array): Uint8Array {
  return p256.sign(message, key.secret, { prehash: true, lowS: false, format: 'compact' })
}
