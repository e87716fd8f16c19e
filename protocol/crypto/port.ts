/**
 * The crypto port: the few primitives the protocol needs, implemented by `node.ts` (node:crypto)
 * and `noble.ts` (@noble, for browsers). One contract suite, test/contracts/crypto.ts, runs on both.
 * HPKE and AES-GCM are not here: session/seal.ts takes them from WebCrypto, which both have.
 */

export interface Ed25519KeyPair {
  /** 32-byte seed (RFC 8032 private key). */
  readonly seed: Uint8Array
  /** 32-byte public key. */
  readonly publicKey: Uint8Array
}

/** NIST curves that hardware vendors sign with, each with its usual hash (SHA-256, SHA-384). */
export type EcdsaCurve = 'P-256' | 'P-384'

export interface CryptoPort {
  sha256(data: Uint8Array): Uint8Array
  sha384(data: Uint8Array): Uint8Array
  sha512(data: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
  /**
   * HKDF-SHA-256 (RFC 5869).
   * @throws RangeError when lengthBytes is not 1 to 8,160.
   */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array
  /** @throws RangeError when lengthBytes is not 0 to 65,536. */
  randomBytes(lengthBytes: number): Uint8Array

  /** @throws RangeError when the seed is not 32 bytes. */
  ed25519FromSeed(seed: Uint8Array): Ed25519KeyPair
  /** Signs with the seed; the caller answers for publicKey belonging to it. */
  ed25519Sign(key: Ed25519KeyPair, message: Uint8Array): Uint8Array
  /**
   * Strict verification: cofactorless, canonical S, key and R canonical and not of small order.
   * Returns false on anything malformed; never throws.
   */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /**
   * ECDSA (FIPS 186-5) with raw r||s (IEEE P1363) and an uncompressed public key (04 x y); both
   * halves of S are accepted. Returns false on anything malformed; never throws.
   */
  ecdsaVerify(
    curve: EcdsaCurve,
    publicKeyUncompressed: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean

  /**
   * RSASSA-PSS (RFC 8017 section 8.1.2) as AMD signs: SHA-384, MGF1 over SHA-384, 48 bytes of salt, public
   * exponent 65537. The modulus is big-endian, 2,048 to 4,096 bits with its first bit set, and as long as
   * the signature. Returns false on anything else; never throws.
   */
  rsaPssSha384Verify(modulus: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
