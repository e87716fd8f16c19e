/**
 * The same events, ended with the signal's reason when it aborts. Leaving the loop, in whatever way,
 * ends the source too: an answer that nobody reads is cancelled at its provider.
 */
export async function* abortable<T>(
  events: AsyncGenerator<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    for (;;) {
      const next = await Promise.race([events.next(), aborted.promise])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a generator that waits for its next event returns only after that event.
    void events.return(undefined).catch(() => undefined)
  }
}
