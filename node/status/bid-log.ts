/** How this provider's bids went, and why the last ones were lost. */
import type { JobWorkerEvent } from '#node/market/job-worker.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { OpenedBid } from '#protocol/market/job.ts'
import type { LostBid, ProviderStatus } from './status-document.ts'

const LAST_LOST_MAX = 5

export class BidLog {
  readonly #clock: Clock
  readonly #counts = { made: 0, won: 0, lost: 0, passed: 0 }
  #last: LostBid[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly hear = (event: JobWorkerEvent): void => {
    if (event.kind === 'bid') this.#counts.made += 1
    else if (event.kind === 'awarded') this.#counts.won += 1
    else if (event.kind === 'lost') this.#lost(event, lostReason(event.own, event.winner))
    else if (event.kind === 'left-out') this.#lost(event, 'the client left out our bid')
    else if (event.kind === 'passed') {
      this.#counts.passed += 1
      this.#note(event, `no bid: ${event.reason}`)
    }
  }

  /** Newest first. */
  status(): ProviderStatus['bids'] {
    return { ...this.#counts, last: this.#last }
  }

  #lost(event: JobWorkerEvent, reason: string): void {
    this.#counts.lost += 1
    this.#note(event, reason)
  }

  #note(event: JobWorkerEvent, reason: string): void {
    const lost = { jobId: toHex(event.job.hash), reason, atMs: this.#clock.nowMs() }
    this.#last = [lost, ...this.#last].slice(0, LAST_LOST_MAX)
  }
}

/**
 * By the order of `compareBids`: price, then finish, then tier, then hash.
 * @param winner undefined: this peer never heard the winning bid, or nobody won
 */
export function lostReason(own: OpenedBid | undefined, winner: OpenedBid | undefined): string {
  if (own === undefined || winner === undefined) return 'another bid, which this peer did not hear'
  const [ours, theirs] = [own.contents, winner.contents]
  if (theirs.priceNano < ours.priceNano) {
    return `price: ${theirs.priceNano} nanoTON against our ${ours.priceNano}`
  }
  if (theirs.priceNano > ours.priceNano) return 'our bid did not arrive in time, or had expired'
  if (theirs.finishInMs < ours.finishInMs) {
    return `time: done in ${theirs.finishInMs} ms against our ${ours.finishInMs}, at the same price`
  }
  if (theirs.tier !== ours.tier) return `tier: ${theirs.tier} against our ${ours.tier}`
  return 'a tie, which the lower hash wins'
}
