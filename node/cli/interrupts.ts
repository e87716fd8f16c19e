/** Ctrl-C as two signals: the first asks to finish in order, the second to end at once. */
import { UnavailableError } from '#protocol/errors.ts'

export interface Interrupts {
  readonly first: AbortSignal
  readonly second: AbortSignal
}

/** npm passes on the Ctrl-C that the terminal has already sent: two of one key press are one. */
const SAME_PRESS_MS = 500

export interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

export function listenForInterrupts(
  source: SignalSource = process,
  nowMs: () => number = Date.now,
): Interrupts {
  const first = new AbortController()
  const second = new AbortController()
  let firstAtMs = 0
  const interrupted = () => {
    if (!first.signal.aborted) {
      firstAtMs = nowMs()
      first.abort()
    } else if (nowMs() - firstAtMs > SAME_PRESS_MS) {
      second.abort()
    }
  }
  source.on('SIGINT', interrupted)
  source.on('SIGTERM', interrupted)
  return { first: first.signal, second: second.signal }
}

/**
 * What a task that Ctrl-C ended failed with, in words that fit the task.
 * @param remedy what is kept, and how to go on
 */
export async function withRemedy<T>(
  signal: AbortSignal,
  remedy: string,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (signal.aborted) throw new UnavailableError('INTERRUPTED', 'interrupted', { remedy })
    throw error
  }
}

/**
 * For work that heeds no signal: it is left behind, and ends with this process.
 * @throws DOMException AbortError when the signal aborts first
 */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new DOMException('interrupted', 'AbortError'))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort))
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
