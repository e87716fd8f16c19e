/** Reads the server-sent events of a streamed chat completion. */
import { z } from 'zod'
import { CocoonError, UnavailableError } from '#protocol/errors.ts'

export interface StreamedAnswer {
  readonly requestId: string
  readonly provider: string
  readonly tier: string
  /** Pieces of text; the loop ends with the answer. */
  readonly deltas: AsyncIterable<string>
}

const chunkSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })).optional(),
  error: z.object({ message: z.string(), code: z.string(), remedy: z.string() }).optional(),
})

/** One event carries one token or a little more. */
const EVENT_CHARS_MAX = 1_048_576

/**
 * @throws CocoonError as it was reported inside the stream
 * @throws UnavailableError ANSWER_INCOMPLETE when the stream ends without [DONE]
 */
export async function* openaiDeltas(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string> {
  for await (const data of eventData(body)) {
    if (data === '[DONE]') return
    const chunk = chunkSchema.parse(JSON.parse(data))
    if (chunk.error) {
      const { code, message, remedy } = chunk.error
      throw new CocoonError('unavailable', code, message, { remedy })
    }
    const text = chunk.choices?.[0]?.delta.content
    if (text) yield text
  }
  throw new UnavailableError('ANSWER_INCOMPLETE', 'the answer ended before it was complete')
}

/** The `data:` lines; comments and other fields are passed over. */
async function* eventData(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let buffered = ''
  for await (const bytes of body ?? []) {
    buffered += decoder.decode(bytes, { stream: true })
    if (buffered.length > EVENT_CHARS_MAX) {
      throw new UnavailableError('ANSWER_INCOMPLETE', 'the stream carries an event without an end')
    }
    const lines = buffered.split('\n')
    buffered = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data: ')) yield line.slice('data: '.length)
    }
  }
}
