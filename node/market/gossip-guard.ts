/** What gossip does with a market record: forward, drop, or drop and blame the sender. */
import type { DropReason } from '#protocol/market/offer-book.ts'
import type { GossipVerdict } from '#protocol/transport.ts'
import { AUTHOR_RECORDS_MAX, AUTHOR_WINDOW_MS, AUTHORS_MAX } from './constants.ts'

/** Nothing honest looks like this: whoever sends it is scored down. */
const BLAMED: ReadonlySet<DropReason> = new Set([
  'too-large',
  'malformed',
  'altered',
  'wrong-network',
  'too-long-lived',
])

/** Late, early, repeated or newer than this peer understands is nobody's fault. */
export function verdictOf(reason: DropReason): GossipVerdict {
  return BLAMED.has(reason) ? 'reject' : 'ignore'
}

/** Counts records by author in windows of 10 s; checking signatures is what a flood would exhaust. */
export class AuthorRate {
  #counts = new Map<string, number>()
  #windowStartMs = 0

  /** False: this author said too much in this window. */
  allows(peerId: string, nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= AUTHOR_WINDOW_MS || nowMs < this.#windowStartMs) {
      this.#counts = new Map()
      this.#windowStartMs = nowMs
    }
    const count = (this.#counts.get(peerId) ?? 0) + 1
    if (count === 1 && this.#counts.size >= AUTHORS_MAX) return false
    this.#counts.set(peerId, count)
    return count <= AUTHOR_RECORDS_MAX
  }
}
