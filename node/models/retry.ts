/** Trying again, with pauses that double or that the other side asked for. */
import { HUB_PAUSE_FIRST_MS, HUB_PAUSE_MAX_MS, HUB_TRIES_MAX } from './constants.ts'
import { HubTrouble } from './hub-http.ts'
import type { TellPull } from './pull-events.ts'

/** Waits; replaced in tests. Rejects with the signal's reason. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export interface RetryParts {
  readonly wait: Wait
  readonly tell: TellPull
  readonly signal: AbortSignal
}

/**
 * Runs a task until it ends with something else than HubTrouble, HUB_TRIES_MAX times at most.
 * @param progressed true when the last try brought something: then it does not count
 */
export async function withRetries<T>(
  { wait, tell, signal }: RetryParts,
  what: string,
  task: () => Promise<T>,
  progressed: () => boolean = () => false,
): Promise<T> {
  let tries = 0
  for (;;) {
    try {
      return await task()
    } catch (error) {
      if (!(error instanceof HubTrouble)) throw error
      tries = progressed() ? 1 : tries + 1
      if (tries >= HUB_TRIES_MAX) throw error
      const doubled = HUB_PAUSE_FIRST_MS * 2 ** (tries - 1)
      const waitMs = Math.min(HUB_PAUSE_MAX_MS, Math.max(doubled, error.retryAfterMs ?? 0))
      tell({ kind: 'retry', what, reason: error.message, waitMs })
      await wait(waitMs, signal)
    }
  }
}
