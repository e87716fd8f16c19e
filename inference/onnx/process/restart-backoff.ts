/** When what crashes, an engine or a launched server, may be started again. */
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { ENGINE_RESTART_BACKOFF_MAX_MS, ENGINE_RESTART_BACKOFF_MS } from '../../constants.ts'

/** The first restart is immediate; each further crash in a row doubles the wait. */
export class RestartBackoff {
  readonly #clock: Clock
  #failures = 0
  #lastFailureMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  failed(): void {
    this.#failures++
    this.#lastFailureMs = this.#clock.nowMs()
  }

  /** It works. */
  succeeded(): void {
    this.#failures = 0
  }

  /** Milliseconds until a start is allowed; 0 is now. */
  waitMs(): number {
    if (this.#failures <= 1) return 0
    const backoffMs = Math.min(
      ENGINE_RESTART_BACKOFF_MAX_MS,
      ENGINE_RESTART_BACKOFF_MS * 2 ** Math.min(this.#failures - 2, 20),
    )
    const nowMs = this.#clock.nowMs()
    // A clock that was set back says nothing of how long ago it was: the wait begins anew, and is no longer.
    this.#lastFailureMs = Math.min(this.#lastFailureMs, nowMs)
    return Math.max(0, this.#lastFailureMs + backoffMs - nowMs)
  }
}

/** What a request is refused with until a start is allowed. */
export function engineRests(waitMs: number): UnavailableError {
  return new UnavailableError('ENGINE_CRASHED', 'the engine crashed repeatedly and rests', {
    remedy: 'Try again later, or raise the engine memory limit.',
    data: { waitMs },
  })
}
