/**
 * A polite way to an endpoint: at most so many requests a second (token bucket), and reads that failed for a
 * reason that passes are tried again after a growing, jittered pause.
 */
import type { Clock } from '#protocol/clock.ts'
import {
  CHAIN_ATTEMPTS_MAX,
  CHAIN_BACKOFF_MS,
  CHAIN_BACKOFF_MS_MAX,
  CHAIN_WAITING_MAX,
} from '../constants.ts'
import { unreachable } from './access.ts'

export interface Pace {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** 0 <= x < 1; jitter only, no secret rests on it. */
  readonly random: () => number
  /** Tokens that come back each second; Infinity: no limit. */
  readonly perSecond: number
  /** Requests that may follow each other at once. */
  readonly burst: number
}

/** @throws UnavailableError CHAIN_UNREACHABLE when too many already wait for their turn */
export function pacedFetch(pace: Pace): typeof globalThis.fetch {
  const bucket = new TokenBucket(pace)
  return async (input, init) => {
    const signal = init?.signal ?? undefined
    for (let attempt = 1; ; attempt++) {
      await bucket.take(signal)
      const isLast = attempt >= CHAIN_ATTEMPTS_MAX || isSend(init?.body)
      try {
        const response = await pace.fetch(input, init)
        if (isLast || !passes(response.status)) return response
        await response.body?.cancel()
      } catch (error) {
        if (isLast || signal?.aborted) throw error
      }
      await pace.sleep(backoffMs(attempt, pace.random()), signal)
    }
  }
}

/** "Full jitter": anything from 0 to a ceiling that doubles, so that clients do not come back together. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(CHAIN_BACKOFF_MS_MAX, CHAIN_BACKOFF_MS * 2 ** (attempt - 1))
  return Math.floor(random * ceiling)
}

/** Too many requests, and a gateway that has nobody behind it: 500 is an answer about the request. */
function passes(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

/** Whether a message that was lost on the way back has arrived cannot be known: its sender decides. */
function isSend(body: RequestInit['body'] | undefined): boolean {
  return typeof body === 'string' && /"method":"sendBoc/.test(body)
}

class TokenBucket {
  readonly #pace: Pace
  #tokens: number
  #filledMs: number
  #waiting = 0
  #tail: Promise<void> = Promise.resolve()

  constructor(pace: Pace) {
    this.#pace = pace
    this.#tokens = pace.burst
    this.#filledMs = pace.clock.nowMs()
  }

  take(signal: AbortSignal | undefined): Promise<void> {
    if (this.#pace.perSecond === Number.POSITIVE_INFINITY) return Promise.resolve()
    if (this.#waiting >= CHAIN_WAITING_MAX)
      throw unreachable('too many requests wait for the chain')
    this.#waiting++
    const turn = this.#tail.then(() => this.#takeOne(signal))
    this.#tail = turn.catch(() => undefined)
    return turn.finally(() => {
      this.#waiting--
    })
  }

  async #takeOne(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      this.#fill()
      if (this.#tokens >= 1) {
        this.#tokens -= 1
        return
      }
      await this.#pace.sleep(Math.ceil(((1 - this.#tokens) * 1000) / this.#pace.perSecond), signal)
    }
  }

  #fill(): void {
    const { clock, perSecond, burst } = this.#pace
    const now = clock.nowMs()
    // A clock that was set back must not empty the bucket.
    const passedMs = Math.max(0, now - this.#filledMs)
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perSecond) / 1000)
    this.#filledMs = now
  }
}
