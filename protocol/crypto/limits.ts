/** Argument checks shared by both implementations of the crypto port. */

/** RFC 5869: at most 255 blocks of 32 bytes. */
const HKDF_BYTES_MAX = 8_160
/** WebCrypto's own limit for one call of getRandomValues. */
const RANDOM_BYTES_MAX = 65_536

function checkRange(value: number, min: number, max: number, name: string): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be ${min} to ${max} bytes`)
  }
}

export function checkHkdfLength(lengthBytes: number): void {
  checkRange(lengthBytes, 1, HKDF_BYTES_MAX, 'derived key')
}

export function checkRandomLength(lengthBytes: number): void {
  checkRange(lengthBytes, 0, RANDOM_BYTES_MAX, 'random value')
}

export function checkSeed(seed: Uint8Array): void {
  checkRange(seed.length, 32, 32, 'Ed25519 seed')
}
