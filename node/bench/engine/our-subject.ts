/** Cocoon's own engine as callers have it: the process, its messages, text and all. */
import type { ChatTokenizer } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import { createOnnxEngine, type OnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { systemClock } from '#node/clock.ts'
import { type DecodeTask, type PrefillTask, promptIds, type Subject } from './subject.ts'

export interface OurOptions {
  readonly folder: string
  readonly threads: number
  readonly slotsTotal: number
  /** Absent: as the graph has it. */
  readonly kvCache?: KvCache | undefined
}

/** Enough for the largest model of the table with full caches. */
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3

export class OurSubject implements Subject {
  readonly #engine: OnnxEngine
  readonly #tokenizer: ChatTokenizer
  readonly threads: number

  static async open({ folder, threads, slotsTotal, kvCache }: OurOptions): Promise<OurSubject> {
    const tokenizer = loadChatTokenizer(await readTokenizerFiles(folder))
    const engine = await createOnnxEngine({
      folder,
      modelId: 'bench',
      slotsTotal,
      threads,
      kvCache,
      memoryLimitBytes: MEMORY_LIMIT_BYTES,
      clock: systemClock,
    })
    return new OurSubject(engine, tokenizer, threads)
  }

  private constructor(engine: OnnxEngine, tokenizer: ChatTokenizer, threads: number) {
    this.threads = threads
    this.#engine = engine
    this.#tokenizer = tokenizer
  }

  /** For example "onnxruntime-node 1.30.0 (native, cpu)". */
  get name(): string {
    return this.#engine.info.engine
  }

  /** Ends all streams as soon as so many tokens were counted after the last one began. */
  async stepMs({ streams, promptTokens, tokens, salt }: DecodeTask): Promise<number> {
    const over = new AbortController()
    let begun = 0
    let counted = 0
    let startMs = 0
    let endMs = 0
    await Promise.all(
      Array.from({ length: streams }, async (_, stream) => {
        const text = this.#tokenizer.textStream([])
        let isFirst = true
        for await (const event of this.#events(promptTokens, stream, salt, over.signal)) {
          if (event.kind !== 'token' || over.signal.aborted) continue
          text.push(event.id)
          if (isFirst) begun++
          else if (startMs > 0) counted++
          isFirst = false
          if (begun === streams && startMs === 0) startMs = performance.now()
          if (counted < streams * tokens) continue
          endMs = performance.now()
          over.abort()
        }
      }),
    )
    return (endMs - startMs) / tokens
  }

  async prefillMs({ promptTokens, salt }: PrefillTask): Promise<number> {
    const over = new AbortController()
    const startMs = performance.now()
    let tookMs = Number.NaN
    for await (const event of this.#events(promptTokens, 0, salt, over.signal)) {
      if (event.kind !== 'token') continue
      tookMs = performance.now() - startMs
      break
    }
    return tookMs
  }

  /**
   * Milliseconds from the abort of one of several requests until its slot is free.
   * `during`: while its prompt is read, or while all answer.
   */
  async cancelMs(during: 'prefill' | 'decode', streams: number, salt: number): Promise<number> {
    const others = new AbortController()
    const one = new AbortController()
    const running = Promise.withResolvers<void>()
    let answering = 0
    const read = async (stream: number, signal: AbortSignal, promptTokens: number) => {
      for await (const event of this.#events(promptTokens, stream, salt, signal)) {
        if (event.kind === 'token' && answering < streams && ++answering === streams)
          running.resolve()
      }
    }
    const last = during === 'decode' ? streams - 1 : streams
    const reads = Array.from({ length: last }, (_, stream) => read(stream, others.signal, 64))
    // While a prompt is read, the others answer; a token each of them is enough to begin.
    const target = read(streams, one.signal, during === 'decode' ? 64 : 900)
    await running.promise
    const startMs = performance.now()
    one.abort()
    await target
    const tookMs = performance.now() - startMs
    others.abort()
    await Promise.all(reads)
    return tookMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]()
  }

  #events(promptTokens: number, stream: number, salt: number, signal: AbortSignal) {
    return this.#engine.generate({
      promptTokenIds: promptIds(promptTokens, stream, salt, this.#tokenizer.vocabularySize),
      resumeTokenIds: [],
      maxTokens: this.#engine.info.contextTokens - promptTokens,
      sampling: { temperature: 0, topP: 1, seed: 1n },
      stop: [],
      signal,
    })
  }
}
