import type { OfferDescription, OfferTerms } from './offer.ts'

/** What a provider states; issue, sequence and expiry are added when it is signed. */
export type OfferStatement = Omit<
  OfferTerms & OfferDescription,
  'globalId' | 'issuedAtMs' | 'sequence' | 'expiresAtMs' | 'addresses'
>

/** Share of the slots whose change is worth telling the whole network. */
const LOAD_CHANGE_SHARE = 0.25

/**
 * Whether a change is worth a gossip message: any change of price, tier, statement, model or size,
 * becoming full or free, or a quarter of the slots.
 */
export function isMaterialChange(before: OfferStatement, after: OfferStatement): boolean {
  return (
    fingerprint(before) !== fingerprint(after) ||
    (before.slotsFree === 0) !== (after.slotsFree === 0) ||
    Math.abs(loadOf(before) - loadOf(after)) >= LOAD_CHANGE_SHARE
  )
}

function loadOf(offer: OfferStatement): number {
  return (offer.slotsTotal - offer.slotsFree + offer.queued) / Math.max(1, offer.slotsTotal)
}

function fingerprint(offer: OfferStatement): string {
  const { prices } = offer
  return [
    prices.promptNanoPerMtok,
    prices.cachedNanoPerMtok,
    prices.completionNanoPerMtok,
    offer.tier,
    offer.slotsTotal,
    offer.modelRoot.join(),
    offer.statementDigest.join(),
    offer.modelId,
    offer.contextTokens,
    offer.engine,
    offer.textOnly,
    offer.embeddingDimensions,
  ].join('|')
}
