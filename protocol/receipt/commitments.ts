/**
 * Salted commitments to request and response. Whoever holds the salt and the text can show that a
 * receipt is about them; whoever holds the receipt alone learns nothing, not even of a short answer.
 */
import { u32be } from '../bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'

const SALT_BYTES = 32

function checkSalt(salt: Uint8Array): void {
  if (salt.length !== SALT_BYTES) throw new RangeError('a commitment salt is 32 bytes')
}

/**
 * HMAC-SHA256(salt, exact bytes of the ask's body).
 * @throws RangeError when the salt is not 32 bytes
 */
export function requestCommitment(
  crypto: CryptoPort,
  salt: Uint8Array,
  askBody: Uint8Array,
): Uint8Array {
  checkSalt(salt)
  return crypto.hmacSha256(salt, askBody)
}

/**
 * HMAC-SHA256(salt, the numbers of all vectors so far, float32 little endian): what `responseCommitment` is
 * to an embedding. Over no vector it is the same as over no token.
 * @throws RangeError when the salt is not 32 bytes
 */
export function vectorsCommitment(
  crypto: CryptoPort,
  salt: Uint8Array,
  numbers: Uint8Array,
): Uint8Array {
  checkSalt(salt)
  return crypto.hmacSha256(salt, numbers)
}

/**
 * HMAC-SHA256(salt, completion token ids, each as u32 big-endian).
 * @throws RangeError when the salt is not 32 bytes or an id is no u32
 */
export function responseCommitment(
  crypto: CryptoPort,
  salt: Uint8Array,
  tokenIds: readonly number[],
): Uint8Array {
  checkSalt(salt)
  const ids = new Uint8Array(4 * tokenIds.length)
  for (const [at, id] of tokenIds.entries()) ids.set(u32be(id), 4 * at)
  return crypto.hmacSha256(salt, ids)
}
