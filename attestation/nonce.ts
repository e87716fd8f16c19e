/** A challenge quote answers the nonces of up to 256 waiting clients at once: each checks its own. */
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type MerkleProof, verifyProof } from '#protocol/merkle.ts'
import { CHALLENGE_NONCES_MAX, NONCE_BYTES } from './constants.ts'
import type { Finding } from './steps.ts'
import type { EvidenceBundle } from './types.ts'
import { refuse } from './verify/refuse.ts'

/** What a client that asked for a challenge quote sent and got. */
export interface Challenge {
  /** 32 bytes. */
  readonly clientNonce: Uint8Array
  /** undefined: none came. */
  readonly proof: MerkleProof | undefined
}

/** @throws AttestationError CHECK_FAILED */
export function checkNonce(
  crypto: CryptoPort,
  mode: EvidenceBundle['mode'],
  root: Uint8Array,
  challenge: Challenge | undefined,
): Finding<boolean> {
  if (mode === 'epoch') {
    if (challenge !== undefined) refuse('a challenge was sent and an epoch quote came back')
    if (!equal(root, new Uint8Array(32))) refuse('an epoch quote with a challenge in its statement')
    return { found: 'mode epoch', value: true, status: 'not-required' }
  }
  if (challenge === undefined) return refuse('a challenge quote that this client did not ask for')
  const { clientNonce, proof } = challenge
  if (clientNonce.length !== NONCE_BYTES) refuse(`a nonce of ${clientNonce.length} bytes`)
  if (proof === undefined) return refuse('no proof that the quote answers this nonce')
  if (proof.count > CHALLENGE_NONCES_MAX) refuse(`${proof.count} nonces under one quote`)
  if (!verifyProof(crypto, root, clientNonce, proof)) refuse('the quote answers other nonces')
  return { found: `nonce ${proof.index + 1} of ${proof.count}`, value: true }
}
