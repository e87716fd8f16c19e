/**
 * The event log that goes with a quote: sent only when it replays to the quote's own RTMR3. A log that does not would
 * make every client refuse, also those whose policy pins the register.
 */
import { RTMR_EVENTS_MAX } from '#attestation/constants.ts'
import { replayRegister } from '#attestation/verify/event-log.ts'
import { parseTdxQuote } from '#attestation/verify/quote.ts'
import { concat, equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

/**
 * @param digests what the guest says that it extended RTMR3 with, 48 bytes each; undefined: it keeps no log
 * @returns the part of evidence: `{ eventLog }`, or nothing
 */
export function runtimeLogFor(
  crypto: CryptoPort,
  quote: Uint8Array,
  digests: readonly Uint8Array[] | undefined,
): { readonly eventLog?: Uint8Array } {
  if (digests === undefined || digests.length === 0 || digests.length > RTMR_EVENTS_MAX) return {}
  const rtMr3 = rtMr3Of(quote)
  if (rtMr3 === undefined || !equal(replayRegister(crypto, digests), rtMr3)) return {}
  return { eventLog: concat(...digests) }
}

/** Undefined: no quote that this program reads, which is for the verdict to say. */
function rtMr3Of(quote: Uint8Array): Uint8Array | undefined {
  try {
    return parseTdxQuote(quote).body.rtMr[3]
  } catch {
    return undefined
  }
}
