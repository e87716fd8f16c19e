/**
 * Whom this client has met: providers whose quote over this client's own nonce was good. In memory only, so
 * that every start begins with fresh quotes; what is forgotten is met again for the first time.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { chooseQuoteMode, type QuoteModeChoice } from '#attestation/quote-mode.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { CONTACTS_MAX } from '../constants.ts'

export class Contacts {
  readonly #crypto: CryptoPort
  readonly #policy: AttestationPolicy
  /** Hexadecimal identity keys, the least recently met first. */
  readonly #met = new Set<string>()

  constructor(crypto: CryptoPort, policy: AttestationPolicy) {
    this.#crypto = crypto
    this.#policy = policy
  }

  /** How the next session with this provider asks for its evidence. */
  choose(provider: string): QuoteModeChoice {
    const bytes = this.#crypto.randomBytes(4)
    const draw = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    return chooseQuoteMode(this.#policy, { isFirstContact: !this.#met.has(provider), draw })
  }

  /** A challenge quote of this provider was good. */
  remember(provider: string): void {
    this.#met.delete(provider)
    this.#met.add(provider)
    if (this.#met.size <= CONTACTS_MAX) return
    for (const oldest of this.#met) {
      this.#met.delete(oldest)
      return
    }
  }

  /** Something about this provider was wrong: the next session asks for a fresh quote. */
  forget(provider: string): void {
    this.#met.delete(provider)
  }
}
