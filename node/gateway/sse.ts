/** Server-sent events (WHATWG HTML, section 9.2) over a pulled stream: a slow reader slows the work. */
import { toJson } from './json.ts'

/** With the event's name, as /v1/responses has it. */
export const sseEvent = (name: string, value: unknown): string =>
  `event: ${name}\ndata: ${toJson(value)}\n\n`

export const sseData = (value: unknown): string => `data: ${toJson(value)}\n\n`

/** A line that clients ignore; it carries what becomes known only after the answer. */
export const sseComment = (name: string, value: string): string => `: ${name} ${value}\n\n`

export const SSE_DONE = 'data: [DONE]\n\n'

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
} as const

/**
 * `onCancel` runs when the reader left; it must make a `parts` that waits go on. Then `parts` is ended,
 * so that what it holds is given back even when it was not waiting for anything.
 */
export function pulledStream(
  parts: AsyncGenerator<string>,
  onCancel: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await parts.next()
        if (next.done) controller.close()
        else controller.enqueue(encoder.encode(next.value))
      },
      cancel() {
        onCancel()
        void parts.return(undefined).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
