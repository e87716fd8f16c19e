/** One question, one answer, over a stream of its own that is always ended. */
import { ProtocolError, UnavailableError } from '#protocol/errors.ts'
import type { DialOptions, MessageStream, Transport } from '#protocol/transport.ts'
import { ASK_TIMEOUT_MS } from './constants.ts'

export interface Answer {
  readonly bytes: Uint8Array
  /** From the question sent to the answer received; dialling is not in it. */
  readonly roundTripMs: number
}

/**
 * @throws UnavailableError PEER_UNREACHABLE, STREAM_RESET, ASK_TIMEOUT, ASK_ABORTED
 * @throws ProtocolError ANSWER_MISSING, ANSWER_TOO_LARGE
 */
export async function ask(
  transport: Transport,
  peerId: string,
  protocol: string,
  question: Uint8Array,
  options: DialOptions & { readonly answerBytesMax: number },
): Promise<Answer> {
  const stream = await transport.openStream(peerId, protocol, options)
  return bounded(stream, options.signal, async () => {
    const startMs = performance.now()
    await stream.send(question)
    await stream.close()
    const bytes = await stream.receive()
    if (bytes === undefined) throw new ProtocolError('ANSWER_MISSING', `no answer on ${protocol}`)
    if (bytes.length > options.answerBytesMax) {
      throw new ProtocolError('ANSWER_TOO_LARGE', `${bytes.length} bytes on ${protocol}`)
    }
    const roundTripMs = performance.now() - startMs
    // Waits for the other side's end, so that no half-open stream is left; the answer stands anyway.
    await stream.receive().catch(() => undefined)
    return { bytes, roundTripMs }
  })
}

/** The answering side; the transport ends the stream when this settles. */
export async function answer(
  stream: MessageStream,
  questionBytesMax: number,
  respond: (question: Uint8Array) => Uint8Array,
): Promise<void> {
  await bounded(stream, undefined, async () => {
    const question = await stream.receive()
    if (question === undefined || question.length > questionBytesMax) {
      throw new ProtocolError('QUESTION_INVALID', 'no question, or one that is too large')
    }
    await stream.send(respond(question))
  })
}

/** Runs one exchange; whatever happens, the stream does not stay half-open. */
async function bounded<T>(
  stream: MessageStream,
  signal: AbortSignal | undefined,
  exchange: () => Promise<T>,
): Promise<T> {
  let reason: Error | undefined
  const stop = (why: Error) => {
    reason = why
    stream.abort(why)
  }
  const onAbort = () => stop(new UnavailableError('ASK_ABORTED', 'the question was given up'))
  const timer = setTimeout(() => {
    stop(new UnavailableError('ASK_TIMEOUT', `no answer within ${ASK_TIMEOUT_MS} ms`))
  }, ASK_TIMEOUT_MS)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  try {
    return await exchange()
  } catch (error) {
    if (reason === undefined) stream.abort(error instanceof Error ? error : new Error('exchange'))
    throw reason ?? error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
