import type { Clock } from '#protocol/clock.ts'

/** Calls once when the latest deadline passes; setting it again moves it. */
export class Deadline {
  readonly #clock: Clock
  readonly #expired: () => void
  #atMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Unix milliseconds. Cheap: the timer is only armed anew when it fires too early. */
  set(atMs: number): void {
    const sooner = atMs < this.#atMs
    this.#atMs = atMs
    if (this.#timer === undefined || sooner) this.#arm()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const leftMs = Math.max(0, this.#atMs - this.#clock.nowMs())
    this.#timer = setTimeout(() => this.#fired(), Math.min(leftMs, 2 ** 31 - 1))
  }

  #fired(): void {
    this.#timer = undefined
    if (this.#clock.nowMs() >= this.#atMs) this.#expired()
    else this.#arm()
  }
}
