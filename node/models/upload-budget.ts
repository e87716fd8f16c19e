/** What an owner gives: so many bytes a second over all streams, so many a day (UTC). */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeDurably } from '#node/wallet/durable-file.ts'
import type { Clock } from '#protocol/clock.ts'
import { SHARE_AHEAD_MS_MAX, SHARE_STEP_BYTES } from './constants.ts'
import type { Wait } from './retry.ts'

const DAY_MS = 86_400_000

export interface UploadCaps {
  readonly bytesPerS: number
  readonly bytesPerDay: number
}

const fileSchema = z.strictObject({ day: z.int().min(0), bytes: z.int().min(0) })

export class UploadBudget {
  readonly #caps: UploadCaps
  readonly #clock: Clock
  readonly #wait: Wait
  readonly #file: string
  #day: number
  /** Sent today. */
  #bytes: number
  /** On the disk as sent today: never less than `#bytes`. */
  #bytesKept: number
  #freeAtMs = 0

  /** @param file where the day's sum is kept; one that cannot be read counts as a day used up */
  constructor(caps: UploadCaps, file: string, clock: Clock, wait: Wait) {
    this.#caps = caps
    this.#clock = clock
    this.#wait = wait
    this.#file = file
    this.#day = this.#today()
    this.#bytes = this.#kept()
    this.#bytesKept = this.#bytes
  }

  /** True when the day has room; then they count as sent, on the disk before this returns. */
  reserve(bytes: number): boolean {
    if (this.#today() !== this.#day) {
      this.#day = this.#today()
      this.#bytes = 0
      this.#bytesKept = 0
    }
    if (this.#bytes + bytes > this.#caps.bytesPerDay) return false
    this.#bytes += bytes
    if (this.#bytes > this.#bytesKept) {
      this.#bytesKept = this.#bytes + SHARE_STEP_BYTES
      writeDurably(this.#file, JSON.stringify({ day: this.#day, bytes: this.#bytesKept }))
    }
    return true
  }

  /** Until the next day, milliseconds. */
  msUntilTomorrow(): number {
    return (this.#today() + 1) * DAY_MS - this.#clock.nowMs()
  }

  /** Waits until these bytes may leave. Rejects with the signal's reason. */
  async pace(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const isAstray = this.#freeAtMs > nowMs + SHARE_AHEAD_MS_MAX
    const startMs = isAstray ? nowMs : Math.max(nowMs, this.#freeAtMs)
    this.#freeAtMs = startMs + (bytes * 1_000) / this.#caps.bytesPerS
    if (startMs > nowMs) await this.#wait(startMs - nowMs, signal)
  }

  #today(): number {
    return Math.floor(this.#clock.nowMs() / DAY_MS)
  }

  #kept(): number {
    if (!existsSync(this.#file)) return 0
    try {
      const { day, bytes } = fileSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
      return day === this.#day ? bytes : 0
    } catch {
      return this.#caps.bytesPerDay
    }
  }
}
