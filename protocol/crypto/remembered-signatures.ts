/**
 * A crypto port that remembers manufacturers' signatures which verified. Certificates, revocation lists and
 * TCB documents are the same for every machine of a kind, so that a second machine costs its own three
 * signatures and no more. Only `true` is remembered, under a digest of everything that was verified;
 * dates and revocation are judged each time by the verifier, which this knows nothing about.
 */
import { tagged, toHex, utf8 } from '../bytes.ts'
import { REMEMBERED_SIGNATURES_MAX } from '../constants.ts'
import type { CryptoPort } from './port.ts'

export function rememberSignatures(
  crypto: CryptoPort,
  entriesMax: number = REMEMBERED_SIGNATURES_MAX,
): CryptoPort {
  /** The least recently used first. */
  const known = new Set<string>()

  function remember(fields: readonly Uint8Array[], verify: () => boolean): boolean {
    const name = toHex(crypto.sha256(tagged('cocoon/remembered-signature/1', ...fields)))
    const isKnown = known.delete(name)
    if (!isKnown && !verify()) return false
    known.add(name)
    if (known.size > entriesMax) {
      for (const oldest of known) {
        known.delete(oldest)
        break
      }
    }
    return true
  }

  return {
    ...crypto,
    ecdsaVerify: (curve, publicKey, message, signature) =>
      remember([utf8(curve), publicKey, message, signature], () =>
        crypto.ecdsaVerify(curve, publicKey, message, signature),
      ),
    rsaPssSha384Verify: (modulus, message, signature) =>
      remember([utf8('RSA-PSS'), modulus, message, signature], () =>
        crypto.rsaPssSha384Verify(modulus, message, signature),
      ),
  }
}
