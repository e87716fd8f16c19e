import type { Clock } from '#protocol/clock.ts'

/**
 * Calls once when the latest deadline passes; setting it again moves it. Time runs by the machine's steady
 * clock, so that a wall clock that is set back cannot stretch a wait; one that is set forward may end it.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #expired: () => void
  #atMs = Number.POSITIVE_INFINITY
  /** The same moment by performance.now(). */
  #steadyAtMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Unix milliseconds. Cheap: the timer is only armed anew when it fires too early. */
  set(atMs: number): void {
    const steadyAtMs = performance.now() + Math.max(0, atMs - this.#clock.nowMs())
    const sooner = steadyAtMs < this.#steadyAtMs
    this.#atMs = atMs
    this.#steadyAtMs = steadyAtMs
    if (this.#timer === undefined || sooner) this.#arm()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
    this.#steadyAtMs = Number.POSITIVE_INFINITY
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const leftMs = Math.max(1, Math.ceil(this.#steadyAtMs - performance.now()))
    this.#timer = setTimeout(() => this.#fired(), Math.min(leftMs, 2 ** 31 - 1))
  }

  #fired(): void {
    this.#timer = undefined
    const isPast = performance.now() >= this.#steadyAtMs || this.#clock.nowMs() >= this.#atMs
    if (isPast) this.#expired()
    else this.#arm()
  }
}
