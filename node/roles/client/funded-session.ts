/** What an attempt needs before it can ask: a session at agreed prices, and coins on its channel. */
import { peerIdOf } from '#node/network/peer-ids.ts'
import { fromHex } from '#protocol/bytes.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import type { ChatRequest } from '../client-service.ts'
import { type AttemptsProgress, resumedIds } from './attempts-progress.ts'
import { tierMinOf } from './choosing.ts'
import type { Funding } from './funding.ts'
import type { ReadySession, Sessions } from './sessions.ts'

export interface FundedSessionComponents {
  readonly sessions: Sessions
  readonly funding: Funding
}

export interface FundedSession {
  readonly ready: ReadySession
  /** Gives back what was set aside of the channel for this request; called once. */
  readonly giveBack: () => void
}

/**
 * A session at prices no higher than offered or bid, on a channel that covers the whole request.
 * @throws UnavailableError PRICE_ABOVE_OFFER, PROVIDER_BUSY and those of a session and of its funding
 */
export async function openFunded(
  parts: FundedSessionComponents,
  request: Pick<ChatRequest, 'maxTokens' | 'tierMin'>,
  progress: Pick<AttemptsProgress, 'ids' | 'model' | 'promptTokens'>,
  offer: Offer,
  pricesMax: UnitPrices,
): Promise<FundedSession> {
  const ready = await parts.sessions.get({
    provider: offer.provider,
    peerId: peerIdOf(fromHex(offer.provider)),
    addresses: offer.addresses,
    modelRoot: progress.model.root,
    tierMin: tierMinOf(request),
  })
  const { desk, priceQuote } = ready.session
  const { prices } = priceQuote
  requirePrices(prices, pricesMax)
  const units = progress.promptTokens + request.maxTokens
  const promptUnits = progress.promptTokens + resumedIds(request, progress).length
  const costNano = unitsCostNano(prices, promptUnits, 0, units)
  return { ready, giveBack: await parts.funding.reserve(desk, costNano) }
}

function requirePrices(prices: UnitPrices, pricesMax: UnitPrices): void {
  const isHigher =
    prices.promptNanoPerMtok > pricesMax.promptNanoPerMtok ||
    prices.cachedNanoPerMtok > pricesMax.cachedNanoPerMtok ||
    prices.completionNanoPerMtok > pricesMax.completionNanoPerMtok
  if (!isHigher) return
  throw new UnavailableError('PRICE_ABOVE_OFFER', 'the provider quotes more than it offered or bid')
}
