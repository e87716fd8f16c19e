/**
 * Who is next, of those who wait: whoever pays more goes first, and whoever waits moves up, a step of
 * priority for every QUEUE_AGEING_MS. Nobody starves: a request is overtaken only by such as come within
 * QUEUE_PRIORITY_MAX steps after it. A rule without a clock of its own.
 */
import { QUEUE_AGEING_MS } from '../constants.ts'

export interface Place {
  /** 0 to QUEUE_PRIORITY_MAX. */
  readonly priority: number
  readonly sinceMs: number
  /** Unix milliseconds; infinite: waits as long as it takes. */
  readonly deadlineMs: number
}

interface Entry<Item> extends Place {
  readonly item: Item
  readonly arrival: number
}

export class FairQueue<Item> {
  readonly #entries = new Map<Item, Entry<Item>>()
  #arrivals = 0
  #nextDeadlineMs = Number.POSITIVE_INFINITY

  get length(): number {
    return this.#entries.size
  }

  /** When the first deadline passes; infinite: none does. */
  get nextDeadlineMs(): number {
    return this.#nextDeadlineMs
  }

  add(item: Item, place: Place): void {
    this.#entries.set(item, { ...place, item, arrival: this.#arrivals++ })
    this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, place.deadlineMs)
  }

  /** False when it does not wait here. */
  remove(item: Item): boolean {
    const removed = this.#entries.delete(item)
    if (removed) this.#findNextDeadline()
    return removed
  }

  /** Takes out the one that is next. */
  takeNext(): Item | undefined {
    let first: Entry<Item> | undefined
    for (const entry of this.#entries.values()) {
      if (first === undefined || isBefore(entry, first)) first = entry
    }
    if (first !== undefined) this.remove(first.item)
    return first?.item
  }

  /** Who is next, who after that. */
  inOrder(): Item[] {
    const entries = [...this.#entries.values()]
    return entries.sort((a, b) => (isBefore(a, b) ? -1 : 1)).map(({ item }) => item)
  }

  /** Takes out those whose deadline has passed. */
  takeExpired(nowMs: number): Item[] {
    if (nowMs < this.#nextDeadlineMs) return []
    const expired = [...this.#entries.values()].filter((entry) => entry.deadlineMs <= nowMs)
    for (const { item } of expired) this.#entries.delete(item)
    this.#findNextDeadline()
    return expired.map((entry) => entry.item)
  }

  takeAll(): Item[] {
    const items = [...this.#entries.keys()]
    this.#entries.clear()
    this.#findNextDeadline()
    return items
  }

  #findNextDeadline(): void {
    this.#nextDeadlineMs = Number.POSITIVE_INFINITY
    for (const { deadlineMs } of this.#entries.values()) {
      this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, deadlineMs)
    }
  }
}

/** All age alike, so the order of two never changes: what counts is when each would have come at 0. */
function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  const cameAt = (entry: Entry<unknown>) => entry.sinceMs - entry.priority * QUEUE_AGEING_MS
  return cameAt(a) - cameAt(b) < 0 || (cameAt(a) === cameAt(b) && a.arrival < b.arrival)
}
