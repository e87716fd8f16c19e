/** One request at the server: sent, read no faster than it is taken, closed when it is over. */
import { asCocoonError, type CocoonError } from '#protocol/errors.ts'
import { ENGINE_WINDOW_EVENTS } from '../constants.ts'
import type { GenerateEvent } from '../engine.ts'
import type { UpstreamAnswer } from './answer.ts'
import { UPSTREAM_STREAM_BYTES_BASE, UPSTREAM_STREAM_BYTES_PER_TOKEN } from './constants.ts'
import type { Dialect, UpstreamAsk } from './dialects/dialect.ts'
import { endedEarly, malformed } from './errors.ts'
import { postStream, type UpstreamAccess } from './http.ts'
import { readEvents } from './sse.ts'

export interface CallSink {
  deliver(event: GenerateEvent): void
  fail(error: CocoonError): void
}

const DONE = '[DONE]'

export class UpstreamCall {
  readonly #access: UpstreamAccess
  readonly #dialect: Dialect
  readonly #sink: CallSink
  readonly #abort = new AbortController()
  #credit = ENGINE_WINDOW_EVENTS
  #wake: () => void = () => {}

  constructor(access: UpstreamAccess, dialect: Dialect, sink: CallSink) {
    this.#access = access
    this.#dialect = dialect
    this.#sink = sink
  }

  credit(events: number): void {
    this.#credit += events
    this.#wake()
  }

  /** Closes the connection, which is how every such server is told. */
  cancel(): void {
    this.#abort.abort()
    this.#wake()
  }

  /** Delivers up to one `end`, or fails once. Never throws. */
  async run(ask: () => UpstreamAsk, createAnswer: () => UpstreamAnswer): Promise<void> {
    try {
      const answer = createAnswer()
      if (answer.isOverAlready) this.#sink.deliver({ kind: 'end', finish: 'stop' })
      else await this.#stream(ask(), answer)
    } catch (thrown) {
      if (this.#abort.signal.aborted) this.#sink.deliver({ kind: 'end', finish: 'cancelled' })
      else this.#sink.fail(asCocoonError(thrown))
    } finally {
      this.#abort.abort()
    }
  }

  async #stream(ask: UpstreamAsk, answer: UpstreamAnswer): Promise<void> {
    const { signal } = this.#abort
    const body = this.#dialect.body(ask)
    const stream = await postStream(this.#access, this.#dialect.path, body, signal)
    const bytesMax = UPSTREAM_STREAM_BYTES_BASE + ask.maxTokens * UPSTREAM_STREAM_BYTES_PER_TOKEN
    const read = this.#dialect.reader()
    const limits = { bytesMax, moves: () => answer.moves }
    for await (const data of readEvents(stream, this.#access, limits)) {
      if (data === DONE) break
      const event = parsed(data)
      // vLLM and Cocoon say in the stream that an answer failed.
      if (isError(event)) throw endedEarly()
      const events = answer.take(read(event))
      if (await this.#deliver(events)) return
    }
    signal.throwIfAborted()
    await this.#deliver(answer.finish())
  }

  /** Waits for the reader; true once the answer has ended. */
  async #deliver(events: readonly GenerateEvent[]): Promise<boolean> {
    for (const event of events) {
      if (event.kind !== 'end') await this.#allowed()
      this.#sink.deliver(event)
      if (event.kind === 'end') return true
    }
    return false
  }

  async #allowed(): Promise<void> {
    while (this.#credit <= 0 && !this.#abort.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#abort.signal.throwIfAborted()
    this.#credit--
  }
}

function isError(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'error' in event && event.error !== null
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw malformed('an event that is not JSON')
  }
}
