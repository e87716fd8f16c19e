/** P-384 keys that follow from a seed, signing as RFC 6979 says: what AMD's chips and NVIDIA's devices hold. */
import { p384 } from '@noble/curves/nist.js'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { deriveBytes } from './keys.ts'
import type { SimulatedRsaKey } from './rsa-signer.ts'

export interface SimulatedP384Key {
  readonly secret: Uint8Array
  /** Uncompressed point, 97 bytes. */
  readonly publicKey: Uint8Array
}

export type DeviceIssuerKey =
  | { readonly kind: 'P-384'; readonly key: SimulatedP384Key }
  | { readonly kind: 'RSA-4096'; readonly key: SimulatedRsaKey }

/** 72 bytes reduced to a scalar (FIPS 186-5, appendix A.2.1). */
export function deriveP384Key(
  crypto: CryptoPort,
  seed: Uint8Array,
  purpose: string,
): SimulatedP384Key {
  const secret = p384.utils.randomSecretKey(deriveBytes(crypto, seed, `p384 key ${purpose}`, 72))
  return { secret, publicKey: p384.getPublicKey(secret, false) }
}

/** ECDSA with SHA-384 as r||s, 96 bytes. */
export function signP384(key: SimulatedP384Key, message: Uint8Array): Uint8Array {
  return p384.sign(message, key.secret, { prehash: true, lowS: false, format: 'compact' })
}
