/** A client's service that can be drained: new questions are refused, running answers go on. */
import type { ChatEvent, ClientService } from '#node/roles/client-service.ts'
import { UnavailableError } from '#protocol/errors.ts'

export interface Drainable {
  readonly service: ClientService
  readonly running: () => number
  /** Resolves when the last running answer has ended, or at the limit. */
  drain(limit: AbortSignal): Promise<void>
}

export function drainable(inner: ClientService): Drainable {
  let running = 0
  let draining = false
  let onIdle: () => void = () => undefined
  async function* chat(...asked: Parameters<ClientService['chat']>): AsyncIterable<ChatEvent> {
    if (draining) {
      asked[2]?.({ priceNano: 0n, promptTokens: 0, completionTokens: 0 })
      throw new UnavailableError('CLIENT_DRAINING', 'this client is shutting down', {
        remedy: 'Ask again when it runs again.',
      })
    }
    running += 1
    const [, signal] = asked
    // A reader may leave without a word after the last event, or when it gave up.
    const end = once(() => {
      running -= 1
      if (running === 0) onIdle()
    })
    signal.addEventListener('abort', end, { once: true })
    try {
      for await (const event of inner.chat(...asked)) {
        if (event.kind === 'done') end()
        yield event
      }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }
  return {
    service: { ...inner, chat },
    running: () => running,
    async drain(limit) {
      draining = true
      if (running === 0 || limit.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      onIdle = resolve
      limit.addEventListener('abort', () => resolve(), { once: true })
      await promise
    },
  }
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) work()
    isDone = true
  }
}
