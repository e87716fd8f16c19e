/**
 * When a client asks for a quote over its own nonce instead of taking the epoch's. Decided by the
 * client's own policy before anything is received, so that the other side has no say in it.
 */
import type { AttestationPolicy } from './policy/policy.ts'
import type { EvidenceBundle } from './types.ts'

export interface ContactFacts {
  /** No challenge quote of this provider was good in this client's memory. */
  readonly isFirstContact: boolean
  /** Uniform in 0 to 2^32 - 1, drawn anew for each session. */
  readonly draw: number
}

export interface QuoteModeChoice {
  readonly mode: EvidenceBundle['mode']
  readonly reason: 'first-contact' | 'location-verified' | 'spot-check' | 'epoch'
}

const DRAWS = 2 ** 32

/** Every reason for a challenge is enough by itself. */
export function chooseQuoteMode(
  policy: Pick<AttestationPolicy, 'freshness' | 'hardware'>,
  { isFirstContact, draw }: ContactFacts,
): QuoteModeChoice {
  const { challengeFirstContact, challengeLocationVerified, spotChecksPerThousand } =
    policy.freshness
  if (challengeFirstContact && isFirstContact) return { mode: 'challenge', reason: 'first-contact' }
  if (challengeLocationVerified && policy.hardware.tierMin === 'location-verified') {
    return { mode: 'challenge', reason: 'location-verified' }
  }
  const isDrawn = Math.floor((draw / DRAWS) * 1_000) < spotChecksPerThousand
  return isDrawn ? { mode: 'challenge', reason: 'spot-check' } : { mode: 'epoch', reason: 'epoch' }
}
