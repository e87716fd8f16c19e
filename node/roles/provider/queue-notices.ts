/** Tells a client whose request waits for the engine how many go first, at once and then every few seconds. */
import type { Clock } from '#protocol/clock.ts'
import { QUEUED_AHEAD_MAX } from '#protocol/constants.ts'
import { QUEUE_NOTICE_MS } from '../constants.ts'
import { Deadline } from '../shared/deadline.ts'

export class QueueNotices {
  readonly #clock: Clock
  readonly #send: (ahead: number) => void
  readonly #due: Deadline
  #ahead: number | undefined

  /** @param send must not throw */
  constructor(clock: Clock, send: (ahead: number) => void) {
    this.#clock = clock
    this.#send = send
    this.#due = new Deadline(clock, () => this.#tell())
  }

  /** See GenerateRequest.onQueue. Places in between two notices are not told: a queue may move fast. */
  moved(ahead: number | undefined): void {
    const wasWaiting = this.#ahead !== undefined
    this.#ahead = ahead
    if (ahead === undefined) this.#due.clear()
    else if (!wasWaiting) this.#tell()
  }

  #tell(): void {
    if (this.#ahead === undefined) return
    this.#due.set(this.#clock.nowMs() + QUEUE_NOTICE_MS)
    this.#send(Math.min(this.#ahead, QUEUED_AHEAD_MAX))
  }
}
