/** A value that takes a while to read, for a status that must not wait: the last one known. */
import type { Clock } from '#protocol/clock.ts'

/**
 * Each call starts a reading when the last one is older than `ageMsMax`, one at a time. Undefined until
 * the first has come; a reading that fails leaves what was known.
 */
export function lastKnown<T>(
  read: () => Promise<T>,
  clock: Clock,
  ageMsMax: number,
): () => T | undefined {
  let known: T | undefined
  let atMs = Number.NEGATIVE_INFINITY
  return () => {
    if (clock.nowMs() - atMs >= ageMsMax) {
      atMs = clock.nowMs()
      read().then(
        (value) => {
          known = value
        },
        () => undefined,
      )
    }
    return known
  }
}
