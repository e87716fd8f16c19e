/**
 * The crypto port: the few primitives the protocol needs, implemented by `node.ts` (node:crypto)
 * and `noble.ts` (@noble, for browsers). One contract suite, test/contracts/crypto.ts, runs on both.
 */

export interface Ed25519KeyPair {
  /** 32-byte seed (RFC 8032 private key). */
  readonly seed: Uint8Array
  /** 32-byte public key. */
  readonly publicKey: Uint8Array
}

export interface CryptoPort {
  sha256(data: Uint8Array): Uint8Array
  sha384(data: Uint8Array): Uint8Array
  sha512(data: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
  /** HKDF-SHA-256 (RFC 5869). */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array
  randomBytes(lengthBytes: number): Uint8Array

  /** @throws RangeError when the seed is not 32 bytes. */
  ed25519FromSeed(seed: Uint8Array): Ed25519KeyPair
  ed25519Sign(key: Ed25519KeyPair, message: Uint8Array): Uint8Array
  /**
   * Strict verification: cofactorless, canonical S and R, canonical and not small-order public key.
   * Returns false on anything malformed; never throws.
   */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /** AES-256-GCM, 12-byte nonce, 16-byte tag appended. */
  aes256GcmSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): Uint8Array
  /** Returns undefined when the tag does not verify. */
  aes256GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined

  /** ECDSA with raw r||s (IEEE P1363), message hashed with the curve's usual SHA-2. */
  ecdsaVerify(
    curve: 'P-256' | 'P-384',
    publicKeyUncompressed: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean
}
