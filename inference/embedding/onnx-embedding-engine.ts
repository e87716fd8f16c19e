/** The embedding engine over onnxruntime; the work happens in a process of its own. */
import { resolve } from 'node:path'
import { equal } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import {
  EMBEDDING_QUEUE_MAX,
  ENGINE_MEMORY_DEFAULT_BYTES,
  ENGINE_THREADS_DEFAULT,
} from '../constants.ts'
import { engineClosed } from '../decoding/request-desk.ts'
import { rootMismatch } from '../model/root-mismatch.ts'
import { restartError } from '../onnx/process/child-link.ts'
import { engineRests, RestartBackoff } from '../onnx/process/restart-backoff.ts'
import { EncoderLink } from './encoder-link.ts'
import { checkIds } from './encoder-tokenizer.ts'
import type { EmbeddingEngine, EmbeddingInfo, EmbedRequest } from './engine.ts'
import type { EncoderLoad, EncoderReady } from './messages.ts'

export interface EmbeddingEngineOptions {
  /** Folder in the Hugging Face layout of sentence-transformers, with one onnx/*.onnx. */
  readonly folder: string
  readonly modelId: string
  /** Refuse any other model. 32 bytes. */
  readonly expectedRoot?: Uint8Array
  /** Resident memory at which the process is ended. */
  readonly memoryLimitBytes?: number
  readonly threads?: number
  /** Says when a process that crashed again and again may be started anew. */
  readonly clock: Clock
}

export interface OnnxEmbeddingEngine extends EmbeddingEngine {
  /** Of the embedding process; undefined while none runs. */
  readonly processId: number | undefined
}

/**
 * Starts the process and loads the model.
 * @throws ConfigError MODEL_ROOT_MISMATCH, MODEL_LOAD_FAILED, and those of readEncoder and EncoderGraph.open
 */
export async function createEmbeddingEngine(
  options: EmbeddingEngineOptions,
): Promise<OnnxEmbeddingEngine> {
  const load: EncoderLoad = {
    kind: 'load',
    folder: resolve(options.folder),
    threads: options.threads ?? ENGINE_THREADS_DEFAULT,
    memoryLimitBytes: options.memoryLimitBytes ?? ENGINE_MEMORY_DEFAULT_BYTES,
  }
  const { link, ready } = await EncoderLink.start(load)
  const expected = options.expectedRoot
  if (expected !== undefined && !equal(expected, ready.modelRoot)) {
    await link.close()
    throw rootMismatch(ready.modelRoot, expected)
  }
  return new ChildEmbeddingEngine(load, options, link, ready)
}

class ChildEmbeddingEngine implements OnnxEmbeddingEngine {
  readonly info: EmbeddingInfo
  readonly #load: EncoderLoad
  readonly #vocabularySize: number
  readonly #backoff: RestartBackoff
  /** The one that runs, or the last that did. */
  #link: EncoderLink
  /** The end of the queue: one text runs at a time, in the order of the requests. */
  #last: Promise<unknown> = Promise.resolve()
  #queued = 0
  #closed = false

  constructor(
    load: EncoderLoad,
    { modelId, clock }: Pick<EmbeddingEngineOptions, 'modelId' | 'clock'>,
    link: EncoderLink,
    ready: EncoderReady,
  ) {
    const { engine, modelRoot, runtimeDigest, contextTokens, dimensions } = ready
    this.info = {
      engine,
      modelId,
      modelRoot,
      runtimeDigest,
      contextTokens,
      dimensions,
      slotsTotal: 1,
    }
    this.#load = load
    this.#link = this.#counted(link)
    this.#backoff = new RestartBackoff(clock)
    this.#vocabularySize = ready.vocabularySize
  }

  get processId(): number | undefined {
    return this.#link.processId
  }

  embed({ inputs, signal }: EmbedRequest): Promise<readonly Float32Array[]> {
    return this.#enqueue(async () => {
      const vectors: Float32Array[] = []
      for (const ids of inputs) {
        signal.throwIfAborted()
        if (this.#closed) throw engineClosed()
        vectors.push(await (await this.#running()).embed(ids))
        this.#backoff.succeeded()
      }
      return vectors
    }, inputs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#link.close()
  }

  async #enqueue<T>(work: () => Promise<T>, inputs: EmbedRequest['inputs']): Promise<T> {
    const { contextTokens } = this.info
    for (const ids of inputs) checkIds(ids, { contextTokens, vocabularySize: this.#vocabularySize })
    if (this.#queued >= EMBEDDING_QUEUE_MAX) throw busy()
    this.#queued++
    try {
      const mine = this.#last.then(work)
      this.#last = mine.catch(() => {})
      return await mine
    } finally {
      this.#queued--
    }
  }

  /**
   * Started again after a crash, with the next text.
   * @throws UnavailableError ENGINE_CRASHED, also while it rests after several in a row
   * @throws ConfigError what the model is refused for, changed as it may be
   */
  async #running(): Promise<EncoderLink> {
    if (!this.#link.isGone) return this.#link
    const waitMs = this.#backoff.waitMs()
    if (waitMs > 0) throw engineRests(waitMs)
    try {
      this.#link = this.#counted(await this.#restart())
      return this.#link
    } catch (thrown) {
      this.#backoff.failed()
      throw restartError(thrown)
    }
  }

  /** A crash counts when it happens, not when the next text finds it: what rested long may start at once. */
  #counted(link: EncoderLink): EncoderLink {
    link.onLost = () => {
      if (!this.#closed) this.#backoff.failed()
    }
    return link
  }

  async #restart(): Promise<EncoderLink> {
    const { link, ready } = await EncoderLink.start(this.#load)
    if (equal(ready.modelRoot, this.info.modelRoot) && !this.#closed) return link
    await link.close()
    throw this.#closed ? engineClosed() : rootMismatch(ready.modelRoot, this.info.modelRoot)
  }
}

function busy(): UnavailableError {
  return new UnavailableError('ENGINE_BUSY', 'too many requests wait for the embedding model', {
    remedy: 'Try again in a few seconds, or use another provider.',
  })
}
