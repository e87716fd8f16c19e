/** The crypto port over @noble, for browsers; needs nothing of Node. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { concat, equal } from '../bytes.ts'
import { isStrictPublicKey, isStrictSignature } from './ed25519-strict.ts'
import { checkHkdfLength, checkRandomLength, checkSeed } from './limits.ts'
import type { CryptoPort } from './port.ts'
import { rsaPssVerify } from './rsa-pss.ts'

const { Point } = ed25519
const CURVES = {
  'P-256': { curve: p256, bytes: 32 },
  'P-384': { curve: p384, bytes: 48 },
} as const

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/**
 * R == [S]B - [k]A, compared as bytes: the cofactorless equation. noble's own `verify` multiplies
 * by the cofactor and so accepts signatures that OpenSSL and the TVM refuse.
 */
function verifyCofactorless(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const encodedR = signature.subarray(0, 32)
  const scalarS = littleEndian(signature.subarray(32))
  const keyPoint = Point.fromBytes(publicKey)
  const challenge = littleEndian(sha512(concat(encodedR, publicKey, message))) % Point.Fn.ORDER
  const expected = Point.BASE.multiplyUnsafe(scalarS).subtract(keyPoint.multiplyUnsafe(challenge))
  return equal(expected.toBytes(), encodedR)
}

export const nobleCrypto: CryptoPort = {
  sha256: (data) => sha256(data),
  sha384: (data) => sha384(data),
  sha512: (data) => sha512(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  hkdfSha256: (ikm, salt, info, lengthBytes) => {
    checkHkdfLength(lengthBytes)
    return hkdf(sha256, ikm, salt, info, lengthBytes)
  },
  randomBytes: (lengthBytes) => {
    checkRandomLength(lengthBytes)
    return globalThis.crypto.getRandomValues(new Uint8Array(lengthBytes))
  },

  ed25519FromSeed(seed) {
    checkSeed(seed)
    return { seed: new Uint8Array(seed), publicKey: ed25519.getPublicKey(seed) }
  },
  ed25519Sign(key, message) {
    checkSeed(key.seed)
    return ed25519.sign(message, key.seed)
  },
  ed25519Verify(publicKey, message, signature) {
    if (!isStrictPublicKey(publicKey) || !isStrictSignature(signature)) return false
    try {
      return verifyCofactorless(publicKey, message, signature)
    } catch {
      return false
    }
  },

  ecdsaVerify(name, publicKey, message, signature) {
    const { curve, bytes } = CURVES[name]
    if (publicKey.length !== 1 + 2 * bytes || publicKey[0] !== 4) return false
    if (signature.length !== 2 * bytes) return false
    try {
      const options = { prehash: true, lowS: false, format: 'compact' } as const
      return curve.verify(signature, message, publicKey, options)
    } catch {
      return false
    }
  },

  rsaPssSha384Verify: (modulus, message, signature) =>
    rsaPssVerify((data) => sha384(data), modulus, message, signature),
}
