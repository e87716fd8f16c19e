/** One answer as it arrives, and what it was when it is whole. */
import type { Verdict } from '#attestation/types.ts'
import type { ChatToolCall } from '#inference/engine.ts'
import type {
  ChatEvent,
  ChatResult,
  TextToken,
  Timings,
  Usage,
} from '#node/roles/client-service.ts'
import { UnavailableError } from '#protocol/errors.ts'

export interface Answer {
  /** Names this request everywhere: receipt, logs, `cocoon why`. */
  readonly requestId: string
  /** Without calls of tools. */
  readonly text: string
  /** In order; none unless the question had tools. Their arguments are JSON unless the answer was cut. */
  readonly toolCalls: readonly ChatToolCall[]
  /** Undefined unless `topLogprobs` asked for them. */
  readonly logprobs: readonly TextToken[] | undefined
  readonly finish: 'stop' | 'length'
  readonly usage: Usage
  /** What was paid for this answer. */
  readonly priceNano: bigint
  readonly model: string
  /** Hexadecimal identity key of the provider. */
  readonly provider: string
  /** Why this provider. */
  readonly reason: string
  /** Every check of the provider's evidence; `verdict.tier` says what it proves. */
  readonly verdict: Verdict
  readonly receipt: {
    readonly id: string
    /** Verify it anywhere: `cocoon receipts verify FILE`. */
    readonly file: string
    /** Address of the payment channel. */
    readonly channel: string
  }
  readonly timings: Timings
}

type Ask = (signal: AbortSignal) => AsyncIterable<ChatEvent>

/** Iterated once; `answer()` reads what is left of it. */
export class AnswerStream implements AsyncIterable<string> {
  readonly #pieces: AsyncGenerator<string, void, void>
  readonly #abort = new AbortController()
  #answer: Answer | undefined

  constructor(ask: Ask, signal?: AbortSignal) {
    this.#pieces = this.#read(ask, signal)
  }

  [Symbol.asyncIterator](): AsyncIterator<string, void, void> {
    return this.#pieces
  }

  /**
   * Reads to the end and returns the whole answer, the pieces already iterated included.
   * @throws what `CocoonClient.ask` throws
   * @throws UnavailableError ANSWER_CUT when the loop over the pieces was left before the end
   */
  async answer(): Promise<Answer> {
    for await (const _ of this.#pieces);
    if (this.#answer !== undefined) return this.#answer
    throw new UnavailableError('ANSWER_CUT', 'the answer was left before its end', {
      remedy: 'Read the stream to its end, or ask again.',
    })
  }

  async *#read(ask: Ask, signal?: AbortSignal): AsyncGenerator<string, void, void> {
    const stop = AbortSignal.any([this.#abort.signal, ...(signal === undefined ? [] : [signal])])
    try {
      for await (const event of ask(stop)) {
        if (event.kind === 'text' && event.text !== '') yield event.text
        if (event.kind === 'done') this.#answer = answerOf(event.result)
      }
    } finally {
      this.#abort.abort()
    }
  }
}

function answerOf(result: ChatResult): Answer {
  const { requestId, text, finish, usage, priceNano, model, provider, reason } = result
  const { toolCalls, logprobs } = result
  const { verdict, timings, receiptId, receiptFile, channel } = result
  const receipt = { id: receiptId, file: receiptFile, channel }
  const what = { requestId, text, toolCalls, logprobs, finish, usage, priceNano, model }
  return { ...what, provider, reason, verdict, receipt, timings }
}
