/** The provider's side of an auction: whether to bid, and what. */
import { toHex } from '../bytes.ts'
import type { UnitPrices } from '../money.ts'
import { BID_LIFE_MS_MAX } from './constants.ts'
import { type BidTerms, jobPriceNano, type OpenedJob } from './job.ts'
import { type AssuranceTier, tierRank } from './tier.ts'

/** What a provider knows of itself when a job comes by. */
export interface BidderState {
  readonly modelRoot: Uint8Array
  readonly prices: UnitPrices
  readonly tier: AssuranceTier
  readonly statementDigest: Uint8Array
  readonly contextTokens: number
  readonly slotsTotal: number
  readonly queued: number
  /** Measured, or a cautious first guess; tokens per second of one slot. */
  readonly promptTokensPerS: number
  readonly completionTokensPerS: number
}

export type BidDecision =
  | { readonly kind: 'bid'; readonly bid: BidTerms }
  | { readonly kind: 'pass'; readonly reason: string }

/** Bids at its own offered prices, or passes with the reason, which `cocoon jobs` shows. */
export function decideBid(job: OpenedJob, own: BidderState, nowMs: number): BidDecision {
  const terms = job.contents
  const priceNano = jobPriceNano(terms, own.prices)
  const finishInMs = estimateFinishMs(job, own)
  const pass = (reason: string): BidDecision => ({ kind: 'pass', reason })
  if (toHex(terms.modelRoot) !== toHex(own.modelRoot)) return pass('another model')
  if (nowMs >= terms.bidsCloseAtMs) return pass('bidding is over')
  if (tierRank(own.tier) < tierRank(terms.tierMin)) return pass(`tier ${own.tier} is too low`)
  if (own.slotsTotal === 0) return pass('no slots')
  if (terms.promptTokens / terms.lines > own.contextTokens) return pass('lines exceed the context')
  if (priceNano > terms.priceCapNano) return pass('price cap is below our price')
  if (terms.bidsCloseAtMs + finishInMs > terms.deadlineMs) return pass('deadline is too near')
  const expiresAtMs = Math.min(terms.deadlineMs, nowMs + BID_LIFE_MS_MAX)
  const { prices, tier, statementDigest } = own
  const bid: BidTerms = {
    ...{ jobId: job.hash, prices, priceNano, finishInMs, tier, statementDigest },
    issuedAtMs: nowMs,
    expiresAtMs,
  }
  return { kind: 'bid', bid }
}

/** All slots share the lines, behind what is queued already. Milliseconds, rounded up. */
function estimateFinishMs(job: OpenedJob, own: BidderState): number {
  const { promptTokens, completionTokensMax, lines } = job.contents
  const oneSlotMs =
    (promptTokens / own.promptTokensPerS + completionTokensMax / own.completionTokensPerS) * 1000
  const parallel = Math.max(1, Math.min(own.slotsTotal, lines))
  const queueMs = (own.queued / Math.max(1, own.slotsTotal)) * (oneSlotMs / lines)
  return Math.ceil(oneSlotMs / parallel + queueMs)
}
