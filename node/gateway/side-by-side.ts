/** Several answers as one: their events as they come, or all of them whole. */
import type { ChatEvent, ChatResult } from '#node/roles/client-service.ts'
import { type Call, endedEarly, type OpenAnswer } from './answering.ts'

export interface IndexedEvent {
  readonly index: number
  readonly event: ChatEvent
}

interface Pulled {
  readonly index: number
  readonly next: IteratorResult<ChatEvent>
}

/**
 * Each answer is asked for one event at a time, so a slow reader slows all of them; whoever was heard
 * last waits behind the others. Leaving the loop ends every answer.
 * @throws UnavailableError ANSWER_INCOMPLETE, and what the first answer that fails throws
 */
export async function* sideBySide(
  call: Call,
  answers: readonly OpenAnswer[],
): AsyncGenerator<IndexedEvent> {
  const pulling = new Map<number, Promise<Pulled>>()
  const pull = (index: number): void => {
    const { events } = answers[index]!
    pulling.delete(index)
    const pulled = events.next().then((next) => ({ index, next }))
    // Another one may fail first: then nobody waits for this one any more.
    pulled.catch(() => undefined)
    pulling.set(index, pulled)
  }
  try {
    for (const index of answers.keys()) pull(index)
    while (pulling.size > 0) {
      const { index, next } = await Promise.race(pulling.values())
      if (next.done) throw endedEarly()
      const event = next.value
      if (event.kind === 'done') {
        pulling.delete(index)
        call.parts.requests.add(event.result)
        // The answer puts away what it held only when it is read to its end.
        await answers[index]?.events.return?.()
      } else pull(index)
      yield { index, event }
    }
  } finally {
    // Not awaited: a reader that left must not wait for the providers.
    for (const { events } of answers) void events.return?.()?.catch(() => undefined)
  }
}

/** In the order of the answers. When one fails, all are given up. */
export async function collectAll(
  call: Call,
  answers: readonly OpenAnswer[],
): Promise<readonly ChatResult[]> {
  const results: ChatResult[] = []
  for await (const { index, event } of sideBySide(call, answers)) {
    if (event.kind === 'done') results[index] = event.result
  }
  return results
}
