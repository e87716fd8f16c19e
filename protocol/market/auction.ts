/**
 * The auction of one job. The client's side is a pure state machine: it collects bids until bidding
 * closes or every expected bid is in, acknowledges each, awards the best and closes with the hash of
 * every bid that counted. Signing is the caller's: effects say what to sign.
 */
import { toHex } from '../bytes.ts'
import { BIDS_MAX } from './constants.ts'
import type { BidTerms, OpenedBid, OpenedJob } from './job.ts'
import { checkBidFits } from './job.ts'
import { RecordRefusedError } from './records.ts'
import { tierRank } from './tier.ts'

export interface Auction {
  readonly job: OpenedJob
  /** Ends early when so many bids are in; undefined: waits for bids_close_at. */
  readonly bidsExpected: number | undefined
  readonly phase: 'bidding' | 'awarded' | 'failed'
  /** By hexadecimal hash; one per provider. */
  readonly bids: ReadonlyMap<string, OpenedBid>
  /** Set when closed with a winner. */
  readonly winner: OpenedBid | undefined
  readonly refused: Readonly<Partial<Record<BidRefusal, number>>>
}

export type BidRefusal = 'unfit' | 'second-bid' | 'too-many' | 'too-late' | 'expired'

export type AuctionEvent =
  | { readonly kind: 'bid'; readonly bid: OpenedBid }
  | { readonly kind: 'tick' }

export type AuctionEffect =
  /** Sign and send; also for a bid that came again, since its first acknowledgement may be lost. */
  | { readonly kind: 'acknowledge'; readonly bid: OpenedBid }
  | { readonly kind: 'refused'; readonly bid: OpenedBid; readonly reason: BidRefusal }
  | { readonly kind: 'award'; readonly winner: OpenedBid; readonly awardedAtMs: number }
  /** Always the last effect: lists every acknowledged bid, sorted. */
  | {
      readonly kind: 'close'
      readonly bidHashes: readonly Uint8Array[]
      readonly winningBidHash: Uint8Array | undefined
    }

export interface AuctionStep {
  readonly state: Auction
  readonly effects: readonly AuctionEffect[]
}

export function openAuction(job: OpenedJob, bidsExpected?: number): Auction {
  return { job, bidsExpected, phase: 'bidding', bids: new Map(), winner: undefined, refused: {} }
}

export function stepAuction(state: Auction, event: AuctionEvent, nowMs: number): AuctionStep {
  const taken = event.kind === 'bid' ? takeBid(state, event.bid, nowMs) : { state, effects: [] }
  if (taken.state.phase !== 'bidding' || !isOver(taken.state, nowMs)) return taken
  const closed = closeAuction(taken.state, nowMs)
  return { state: closed.state, effects: [...taken.effects, ...closed.effects] }
}

/**
 * The best bid that has not expired: lowest price, then earliest finish, then highest tier, then
 * lowest hash. Anyone recomputes it from the transcript.
 */
export function chooseBid(bids: Iterable<OpenedBid>, awardedAtMs: number): OpenedBid | undefined {
  return [...bids].filter(({ contents }) => contents.expiresAtMs > awardedAtMs).sort(compareBids)[0]
}

export function compareBids(a: OpenedBid, b: OpenedBid): number {
  if (a.contents.priceNano !== b.contents.priceNano) {
    return a.contents.priceNano < b.contents.priceNano ? -1 : 1
  }
  const finish = a.contents.finishInMs - b.contents.finishInMs
  if (finish !== 0) return finish
  const tier = tierRank(b.contents.tier) - tierRank(a.contents.tier)
  if (tier !== 0) return tier
  return toHex(a.hash) < toHex(b.hash) ? -1 : 1
}

function takeBid(state: Auction, bid: OpenedBid, nowMs: number): AuctionStep {
  const name = toHex(bid.hash)
  if (state.bids.has(name)) return { state, effects: [{ kind: 'acknowledge', bid }] }
  const reason = refusalOf(state, bid, nowMs)
  if (reason !== undefined) {
    const refused = { ...state.refused, [reason]: (state.refused[reason] ?? 0) + 1 }
    return { state: { ...state, refused }, effects: [{ kind: 'refused', bid, reason }] }
  }
  const bids = new Map(state.bids).set(name, bid)
  return { state: { ...state, bids }, effects: [{ kind: 'acknowledge', bid }] }
}

function refusalOf(state: Auction, bid: OpenedBid, nowMs: number): BidRefusal | undefined {
  const isOpen = state.phase === 'bidding' && nowMs < state.job.contents.bidsCloseAtMs
  if (!isOpen) return 'too-late'
  if (bid.contents.expiresAtMs <= nowMs) return 'expired'
  if (!fits(state.job, bid.contents)) return 'unfit'
  const bidder = toHex(bid.signer)
  for (const other of state.bids.values()) {
    if (toHex(other.signer) === bidder) return 'second-bid'
  }
  return state.bids.size >= BIDS_MAX ? 'too-many' : undefined
}

function fits(job: OpenedJob, bid: BidTerms): boolean {
  try {
    checkBidFits(job, bid)
    return true
  } catch (error) {
    if (error instanceof RecordRefusedError) return false
    throw error
  }
}

function isOver(state: Auction, nowMs: number): boolean {
  const isComplete = state.bidsExpected !== undefined && state.bids.size >= state.bidsExpected
  return isComplete || nowMs >= state.job.contents.bidsCloseAtMs
}

function closeAuction(state: Auction, nowMs: number): AuctionStep {
  const winner = chooseBid(state.bids.values(), nowMs)
  const names = [...state.bids.keys()].sort()
  const close: AuctionEffect = {
    kind: 'close',
    bidHashes: names.map((name) => state.bids.get(name)!.hash),
    winningBidHash: winner?.hash,
  }
  if (winner === undefined) return { state: { ...state, phase: 'failed' }, effects: [close] }
  const award: AuctionEffect = { kind: 'award', winner, awardedAtMs: nowMs }
  return { state: { ...state, phase: 'awarded', winner }, effects: [award, close] }
}
