/** The crypto port over node:crypto (OpenSSL). */
import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { concat, fromHex, toHex } from '../bytes.ts'
import { KEY_CACHE_ENTRIES_MAX } from '../constants.ts'
import { isStrictPublicKey, isStrictSignature } from './ed25519-strict.ts'
import { checkHkdfLength, checkRandomLength, checkSeed } from './limits.ts'
import type { CryptoPort, EcdsaCurve, Ed25519KeyPair } from './port.ts'
import { isPssShape } from './rsa-pss.ts'

/** DER before a raw key (RFC 8410): PKCS #8 for seeds, SubjectPublicKeyInfo for public keys. */
const SEED_PREFIX = fromHex('302e020100300506032b657004220420')
const PUBLIC_KEY_PREFIX = fromHex('302a300506032b6570032100')

const ECDSA = {
  'P-256': { bytes: 32, hash: 'sha256' },
  'P-384': { bytes: 48, hash: 'sha384' },
} as const

/** Importing a key costs more than using it; the least recently used one makes room. */
const publicKeys = new Map<string, KeyObject>()
/** Private keys live exactly as long as the pair that holds their seed. */
const privateKeys = new WeakMap<Ed25519KeyPair, KeyObject>()

function cachedPublicKey(name: string, create: () => KeyObject): KeyObject {
  const key = publicKeys.get(name) ?? create()
  publicKeys.delete(name)
  publicKeys.set(name, key)
  if (publicKeys.size > KEY_CACHE_ENTRIES_MAX) {
    for (const oldest of publicKeys.keys()) {
      publicKeys.delete(oldest)
      break
    }
  }
  return key
}

function ed25519PublicKey(raw: Uint8Array): KeyObject {
  return cachedPublicKey(toHex(raw), () => {
    const der = Buffer.from(concat(PUBLIC_KEY_PREFIX, raw))
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  })
}

function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.from(concat(SEED_PREFIX, seed))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function cachedPrivateKey(pair: Ed25519KeyPair): KeyObject {
  const key = privateKeys.get(pair) ?? ed25519PrivateKey(pair.seed)
  privateKeys.set(pair, key)
  return key
}

function ecdsaPublicKey(curve: EcdsaCurve, point: Uint8Array): KeyObject {
  const half = ECDSA[curve].bytes
  return cachedPublicKey(`${curve} ${toHex(point)}`, () => {
    const x = Buffer.from(point.subarray(1, 1 + half)).toString('base64url')
    const y = Buffer.from(point.subarray(1 + half)).toString('base64url')
    return createPublicKey({ key: { kty: 'EC', crv: curve, x, y }, format: 'jwk' })
  })
}

function rsaPublicKey(modulus: Uint8Array): KeyObject {
  return cachedPublicKey(`RSA ${toHex(modulus)}`, () => {
    const n = Buffer.from(modulus).toString('base64url')
    return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  })
}

/** A copy that is no Buffer: a Buffer's `slice` is a view, which surprises. */
function plain(buffer: Uint8Array | ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer)
}

export const nodeCrypto: CryptoPort = {
  sha256: (data) => plain(createHash('sha256').update(data).digest()),
  sha384: (data) => plain(createHash('sha384').update(data).digest()),
  sha512: (data) => plain(createHash('sha512').update(data).digest()),
  hmacSha256: (key, data) => plain(createHmac('sha256', key).update(data).digest()),
  hkdfSha256: (ikm, salt, info, lengthBytes) => {
    checkHkdfLength(lengthBytes)
    return plain(hkdfSync('sha256', ikm, salt, info, lengthBytes))
  },
  randomBytes: (lengthBytes) => {
    checkRandomLength(lengthBytes)
    return plain(randomBytes(lengthBytes))
  },

  ed25519FromSeed(seed) {
    checkSeed(seed)
    const der = createPublicKey(ed25519PrivateKey(seed)).export({ format: 'der', type: 'spki' })
    return { seed: plain(seed), publicKey: plain(der.subarray(PUBLIC_KEY_PREFIX.length)) }
  },
  ed25519Sign(key, message) {
    checkSeed(key.seed)
    return plain(sign(null, message, cachedPrivateKey(key)))
  },
  ed25519Verify(publicKey, message, signature) {
    if (!isStrictPublicKey(publicKey) || !isStrictSignature(signature)) return false
    try {
      return verify(null, message, ed25519PublicKey(publicKey), signature)
    } catch {
      return false
    }
  },

  ecdsaVerify(curve, publicKey, message, signature) {
    const { bytes, hash } = ECDSA[curve]
    if (publicKey.length !== 1 + 2 * bytes || publicKey[0] !== 4) return false
    if (signature.length !== 2 * bytes) return false
    try {
      const key = ecdsaPublicKey(curve, publicKey)
      return verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      return false
    }
  },

  rsaPssSha384Verify(modulus, message, signature) {
    if (!isPssShape(modulus, signature)) return false
    try {
      const key = rsaPublicKey(modulus)
      const padding = constants.RSA_PKCS1_PSS_PADDING
      return verify('sha384', message, { key, padding, saltLength: 48 }, signature)
    } catch {
      return false
    }
  },
}
