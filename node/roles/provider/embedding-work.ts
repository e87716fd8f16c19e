/** An embedding engine as what a provider sells: it has load and info like any engine, and answers no chat. */
import type { EmbeddingEngine, EmbedRequest } from '#inference/embedding/engine.ts'
import type { Engine, EngineInfo, EngineLoad, GenerateEvent } from '#inference/engine.ts'
import type { Agreement } from '#inference/verification/agreement.ts'
import { utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { embedsOnly } from '../shared/model-kind.ts'

/** What a session asks of a model that embeds. */
export interface Embedder {
  /** Numbers of a vector. */
  readonly dimensions: number
  /**
   * The vectors of texts in their order; pull-based: no text is begun before its vector is asked for.
   * @throws ConfigError EMBEDDING_INPUT_INVALID; UnavailableError ENGINE_BUSY, ENGINE_CRASHED, PROVIDER_DRAINING
   */
  embed(inputs: EmbedRequest['inputs'], signal: AbortSignal): AsyncIterable<Float32Array>
}

/** How texts are scheduled, for receipts: there is one way only. */
const SCHEDULE = 'cocoon/embedding-schedule/1: each text alone'

export class EmbeddingWork implements Engine, Embedder {
  readonly info: EngineInfo
  readonly dimensions: number
  readonly #engine: EmbeddingEngine
  #waiting = 0

  constructor(engine: EmbeddingEngine, crypto: CryptoPort) {
    const { dimensions, ...info } = engine.info
    this.info = { ...info, scheduleDigest: crypto.sha256(utf8(SCHEDULE)) }
    this.dimensions = dimensions
    this.#engine = engine
  }

  load(): EngineLoad {
    const active = Math.min(this.#waiting, this.info.slotsTotal)
    return { active, queued: this.#waiting - active }
  }

  async *embed(inputs: EmbedRequest['inputs'], signal: AbortSignal): AsyncGenerator<Float32Array> {
    this.#waiting++
    try {
      for (const ids of inputs) yield* await this.#engine.embed({ inputs: [ids], signal })
    } finally {
      this.#waiting--
    }
  }

  /** @throws ConfigError MODEL_EMBEDS_ONLY */
  generate(): AsyncIterable<GenerateEvent> {
    throw embedsOnly(this.info.modelId)
  }

  /** @throws ConfigError MODEL_EMBEDS_ONLY */
  verify(): Promise<Agreement> {
    return Promise.reject(embedsOnly(this.info.modelId))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]()
  }
}
