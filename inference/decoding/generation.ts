/** One request while it is decoded: what the model reads next, and what that makes of it. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { PREFILL_CHUNK_TOKENS } from '../constants.ts'
import type { ChatTokenizer, GenerateEvent, TextStream } from '../engine.ts'
import { AnswerSampler, type SamplingTools } from './answer-sampler.ts'
import type { DecodingRequest } from './decoding-request.ts'
import { nextPiece, type PrefillChunk } from './schedule.ts'
import type { TokenModel } from './token-model.ts'

export interface DecodingParts<Cache> {
  readonly model: TokenModel<Cache>
  readonly tokenizer: ChatTokenizer
  readonly crypto: CryptoPort
}

export interface GenerationParts {
  readonly model: { readonly contextTokens: number }
  readonly tokenizer: ChatTokenizer
  readonly tools: SamplingTools
}

/** Events of one step besides `end`: the last chunk of a prompt also yields the first token. */
export const STEP_EVENTS_MAX = 2

/** `stopped`: nothing is to be read, the ids that were resumed from already end the answer. */
export type Phase = 'prefill' | 'decode' | 'stopped'

export class Generation {
  readonly #tokenizer: ChatTokenizer
  readonly #contextTokens: number
  readonly #request: DecodingRequest
  readonly #sequence: number[]
  readonly #text: TextStream
  readonly #sampler: AnswerSampler
  readonly #cachedTokens: number
  /** Of prompt and resumed ids; what the model has read of them. */
  readonly #givenTokens: number
  #readTokens: number
  #chunk: PrefillChunk | undefined
  #tokens = 0
  #stopped: boolean

  /**
   * @param cachedTokens how many of the first ids the model has read before
   * @throws ConfigError those of AnswerSampler
   */
  constructor(
    { model, tokenizer, tools }: GenerationParts,
    request: DecodingRequest,
    cachedTokens: number,
  ) {
    this.#tokenizer = tokenizer
    this.#contextTokens = model.contextTokens
    this.#request = request
    this.#sequence = [...request.promptTokenIds, ...request.resumeTokenIds]
    this.#cachedTokens = cachedTokens
    this.#givenTokens = this.#sequence.length
    this.#readTokens = cachedTokens
    // Refused here and not in a round.
    nextPiece(this.#givenTokens, cachedTokens, PREFILL_CHUNK_TOKENS)
    this.#text = tokenizer.textStream(request.stop)
    this.#sampler = new AnswerSampler(tools, request)
    // The stop buffer is replayed, so that a continued answer stops where a whole one would.
    this.#stopped = request.resumeTokenIds.map((id) => this.#isStop(id)).includes(true)
  }

  get phase(): Phase {
    if (this.#stopped) return 'stopped'
    return this.#readTokens < this.#givenTokens ? 'prefill' : 'decode'
  }

  /** The piece to read in phase `prefill`, of at most so many tokens. */
  piece(tokensMax: number): readonly number[] {
    const chunk = nextPiece(this.#givenTokens, this.#readTokens, tokensMax)
    this.#chunk = chunk
    return this.#sequence.slice(chunk.start, chunk.end)
  }

  /** The id to read in phase `decode`. */
  get lastId(): number {
    return this.#sequence.at(-1) ?? 0
  }

  /**
   * Takes the logits of the read that the phase asked for. The last event of a finished generation is
   * `end`.
   */
  accept(logits: Float32Array): GenerateEvent[] {
    const chunk = this.#chunk
    this.#chunk = undefined
    if (chunk === undefined) return this.#sample(logits)
    this.#readTokens = chunk.end
    const events: GenerateEvent[] = []
    const promptTokens = this.#request.promptTokenIds.length
    if (chunk.start < promptTokens || chunk.start === this.#cachedTokens) {
      const tokens = Math.min(chunk.end, promptTokens)
      events.push({ kind: 'prefilled', tokens, cachedTokens: Math.min(this.#cachedTokens, tokens) })
    }
    return this.#readTokens < this.#givenTokens ? events : [...events, ...this.#sample(logits)]
  }

  #sample(logits: Float32Array): GenerateEvent[] {
    const claimed = this.#request.replayTokenIds?.[this.#tokens]
    if (claimed !== undefined) return this.#replay(logits, claimed)
    const { id, logprobs } = this.#sampler.pick(logits, this.#sequence.length)
    this.#sequence.push(id)
    this.#tokens++
    const token: GenerateEvent =
      logprobs === undefined ? { kind: 'token', id } : { kind: 'token', id, logprobs }
    if (this.#isStop(id)) return [token, { kind: 'end', finish: 'stop' }]
    const isFull =
      this.#tokens >= this.#request.maxTokens || this.#sequence.length >= this.#contextTokens
    return isFull ? [token, { kind: 'end', finish: 'length' }] : [token]
  }

  #replay(logits: Float32Array, claimed: number): GenerateEvent[] {
    const replayed = this.#sampler.replay(logits, this.#sequence.length, claimed)
    if (replayed === undefined) return [{ kind: 'end', finish: 'stop' }]
    this.#sequence.push(claimed)
    this.#tokens++
    const token: GenerateEvent = { kind: 'token', ...replayed }
    if (this.#isStop(claimed)) return [token, { kind: 'end', finish: 'stop' }]
    const isOver = this.#tokens === this.#request.replayTokenIds?.length
    return isOver ? [token, { kind: 'end', finish: 'length' }] : [token]
  }

  #isStop(id: number): boolean {
    this.#text.push(id)
    return this.#text.stopped || this.#tokenizer.endTokenIds.includes(id)
  }
}
