/** How fast bytes come, and how long the rest will take. */
import { bytesText } from './model-text.ts'

/** The first moments say nothing of the rest. */
const SETTLE_MS = 2_000

export interface Bytes {
  readonly bytesDone: number
  readonly bytesTotal: number
}

export class Pace {
  readonly #nowMs: () => number
  #start: { readonly atMs: number; readonly bytes: number } | undefined

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** ", 3.1 MiB/s, 2 min left"; empty while nothing can be said. */
  text({ bytesDone, bytesTotal }: Bytes): string {
    this.#start ??= { atMs: this.#nowMs(), bytes: bytesDone }
    const elapsedMs = this.#nowMs() - this.#start.atMs
    const bytesPerS = ((bytesDone - this.#start.bytes) * 1_000) / elapsedMs
    if (elapsedMs < SETTLE_MS || bytesPerS <= 0) return ''
    const leftS = Math.max(0, bytesTotal - bytesDone) / bytesPerS
    return `, ${bytesText(Math.round(bytesPerS))}/s, ${durationText(leftS)} left`
  }
}

/** "40 s", "12 min", "3.4 h". */
function durationText(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  if (seconds < 6_000) return `${Math.ceil(seconds / 60)} min`
  return `${(seconds / 3_600).toFixed(1)} h`
}
