/** One request while it is decoded: what the model reads next, and what that makes of it. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { ChatTokenizer, GenerateEvent, GenerateRequest, TextStream } from '../engine.ts'
import { sampleToken } from './sampling.ts'
import { type PrefillChunk, prefillChunks } from './schedule.ts'

/** A decoder-only model. `Cache` holds what it has read of one sequence. */
export interface TokenModel<Cache> {
  readonly vocabularySize: number
  readonly contextTokens: number
  emptyCache(): Cache
  /** Reads ids that follow the cache's; logits are those after the last of them. */
  read(cache: Cache, ids: readonly number[]): Promise<{ logits: Float32Array; cache: Cache }>
}

export interface DecodingParts<Cache> {
  readonly model: TokenModel<Cache>
  readonly tokenizer: ChatTokenizer
  readonly crypto: CryptoPort
}

/** A request as it may cross a process border: without its signal. */
export type DecodingRequest = Omit<GenerateRequest, 'signal'>

/** Events of one step besides `end`: the last chunk of a prompt also yields the first token. */
export const STEP_EVENTS_MAX = 2

export class Generation<Cache> {
  readonly #parts: DecodingParts<Cache>
  readonly #request: DecodingRequest
  readonly #sequence: number[]
  readonly #chunks: PrefillChunk[]
  readonly #text: TextStream
  #cache: Cache
  #tokens = 0
  #stopped: boolean

  constructor(parts: DecodingParts<Cache>, request: DecodingRequest) {
    this.#parts = parts
    this.#request = request
    this.#sequence = [...request.promptTokenIds, ...request.resumeTokenIds]
    this.#chunks = prefillChunks(this.#sequence.length)
    this.#text = parts.tokenizer.textStream(request.stop)
    this.#cache = parts.model.emptyCache()
    // The stop buffer is replayed, so that a continued answer stops where a whole one would.
    this.#stopped = request.resumeTokenIds.map((id) => this.#isStop(id)).includes(true)
  }

  /** One model call at most. The last event of a finished generation is `end`. */
  async step(): Promise<GenerateEvent[]> {
    if (this.#stopped) return [{ kind: 'end', finish: 'stop' }]
    const chunk = this.#chunks.shift()
    if (chunk === undefined) {
      const last = this.#sequence.length - 1
      return this.#accept(await this.#read(last, last + 1))
    }
    const logits = await this.#read(chunk.start, chunk.end)
    const events: GenerateEvent[] = []
    const promptTokens = this.#request.promptTokenIds.length
    if (chunk.start < promptTokens) {
      events.push({ kind: 'prefilled', tokens: Math.min(chunk.end, promptTokens) })
    }
    return this.#chunks.length > 0 ? events : [...events, ...this.#accept(logits)]
  }

  async #read(start: number, end: number): Promise<Float32Array> {
    const ids = this.#sequence.slice(start, end)
    const { logits, cache } = await this.#parts.model.read(this.#cache, ids)
    this.#cache = cache
    return logits
  }

  #accept(logits: Float32Array): GenerateEvent[] {
    const { crypto, model } = this.#parts
    const id = sampleToken(logits, this.#request.sampling, this.#sequence.length, crypto)
    this.#sequence.push(id)
    this.#tokens++
    const token: GenerateEvent = { kind: 'token', id }
    if (this.#isStop(id)) return [token, { kind: 'end', finish: 'stop' }]
    const isFull =
      this.#tokens >= this.#request.maxTokens || this.#sequence.length >= model.contextTokens
    return isFull ? [token, { kind: 'end', finish: 'length' }] : [token]
  }

  #isStop(id: number): boolean {
    this.#text.push(id)
    return this.#text.stopped || this.#parts.tokenizer.endTokenIds.includes(id)
  }
}
