/** The ONNX engine as the node sees it; the work happens in a process of its own. */
import { equal } from '#protocol/bytes.ts'
import { CocoonError } from '#protocol/errors.ts'
import { CACHE_CALIBRATION_SEQUENCES, CACHE_CALIBRATION_TOKENS } from '../constants.ts'
import type { DecodingRequest } from '../decoding/decoding-request.ts'
import { engineClosed, RequestDesk } from '../decoding/request-desk.ts'
import type {
  Engine,
  EngineInfo,
  EngineLoad,
  GenerateEvent,
  GenerateRequest,
  VerifyRequest,
} from '../engine.ts'
import { rootMismatch } from '../model/root-mismatch.ts'
import type { Agreement } from '../verification/agreement.ts'
import { verifyByReplay } from '../verification/verify.ts'
import { startOnDevice } from './device/choice.ts'
import { loadMessage, type OnnxEngineOptions } from './engine-options.ts'
import { type ChildLink, restartError, startChild } from './process/child-link.ts'
import type { FromChild, LoadMessage, ReadyMessage, ToChild } from './process/messages.ts'
import { copyForWire } from './process/request-message.ts'
import { engineRests, RestartBackoff } from './process/restart-backoff.ts'

export type { OnnxEngineOptions }

export interface OnnxEngine extends Engine {
  /** Of the engine process; undefined while none runs. */
  readonly processId: number | undefined
}

/**
 * Starts the engine process and loads the model.
 * @throws ConfigError ENGINE_OPTION_OUT_OF_RANGE, MODEL_ROOT_MISMATCH, MODEL_LOAD_FAILED, and what
 *   readModel, loadChatTokenizer and openModel refuse a folder for
 */
export async function createOnnxEngine(options: OnnxEngineOptions): Promise<OnnxEngine> {
  options.signal?.throwIfAborted()
  return await startOnDevice(options, async (device) => {
    const engine = new ChildEngine(options, loadMessage(options, device))
    await engine.start(options.signal)
    return engine
  })
}

class ChildEngine implements OnnxEngine {
  readonly #options: OnnxEngineOptions
  readonly #load: LoadMessage
  readonly #backoff: RestartBackoff
  #desk: RequestDesk | undefined
  #info: EngineInfo | undefined
  #link: ChildLink | undefined
  #starting: Promise<ChildLink> | undefined
  #closed = false

  constructor(options: OnnxEngineOptions, load: LoadMessage) {
    this.#options = options
    this.#load = load
    this.#backoff = new RestartBackoff(options.clock)
  }

  get info(): EngineInfo {
    if (this.#info === undefined) throw engineClosed()
    return this.#info
  }

  get processId(): number | undefined {
    return this.#link?.processId
  }

  load(): EngineLoad {
    return this.#desk?.load() ?? { active: 0, queued: 0 }
  }

  async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    if (this.#closed || this.#desk === undefined) throw engineClosed()
    yield* this.#desk.generate(request)
  }

  verify(request: VerifyRequest): Promise<Agreement> {
    return verifyByReplay(this, request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#desk?.failAll(engineClosed())
    const link = this.#link ?? (await this.#starting?.catch(() => undefined))
    await link?.close()
  }

  async start(signal: AbortSignal | undefined): Promise<ChildLink> {
    const link = await startChild(
      this.#load,
      { message: (message) => this.#receive(message), gone: (error) => this.#lost(error) },
      signal,
      this.#options.environment,
    )
    try {
      this.#adopt(link.ready)
    } catch (thrown) {
      await link.close()
      throw thrown
    }
    this.#link = link
    const { processId } = link
    this.#options.log?.('engine started', { processId, engine: link.ready.engine })
    const { fallback } = link.ready
    if (fallback !== undefined) this.#options.log?.('engine falls back', { reason: fallback })
    const { contextTokens, modelContextTokens, kvCache } = link.ready
    if (kvCache === 'int8') {
      const idsRead = CACHE_CALIBRATION_SEQUENCES * CACHE_CALIBRATION_TOKENS
      this.#options.log?.('cache kept in int8', { idsRead })
    }
    if (contextTokens < modelContextTokens) {
      this.#options.log?.('context lowered', { contextTokens, modelContextTokens })
    }
    return link
  }

  /** The first start fixes what this engine is; a restart must find the same model. */
  #adopt(ready: ReadyMessage): void {
    const expected = this.#info?.modelRoot ?? this.#options.expectedRoot
    if (expected !== undefined && !equal(expected, ready.modelRoot)) {
      throw rootMismatch(ready.modelRoot, expected)
    }
    if (this.#closed) throw engineClosed()
    const { slotsTotal, device } = this.#load
    const { vocabularySize, contextTokens } = ready
    this.#info ??= {
      engine: ready.engine,
      modelId: this.#options.modelId,
      modelRoot: ready.modelRoot,
      runtimeDigest: ready.runtimeDigest,
      scheduleDigest: ready.scheduleDigest,
      kvCache: ready.kvCache,
      otherCacheDigest: ready.otherCacheDigest,
      contextTokens,
      modelContextTokens: ready.modelContextTokens,
      slotsTotal,
      ...(device === 'cpu' ? {} : { exactBits: false }),
    }
    this.#desk ??= new RequestDesk(
      { vocabularySize, contextTokens, slotsTotal },
      {
        start: (id, request) => this.#startRequest(id, request),
        credit: (id, events) => this.#post({ kind: 'credit', id, events }),
        cancel: (id) => this.#post({ kind: 'cancel', id }),
      },
      this.#options,
    )
  }

  #startRequest(id: number, request: DecodingRequest): void {
    const message: ToChild = { kind: 'start', id, request: copyForWire(request) }
    if (this.#link !== undefined) {
      this.#link.send(message)
      return
    }
    this.#restart().then(
      (link) => link.send(message),
      (thrown) => this.#desk?.fail(id, restartError(thrown)),
    )
  }

  /** In order behind a start that still waits for its process. */
  #post(message: ToChild): void {
    if (this.#link !== undefined) this.#link.send(message)
    else this.#starting?.then((link) => link.send(message)).catch(() => {})
  }

  /** On the next use after a crash, and not before the backoff allows it. */
  #restart(): Promise<ChildLink> {
    const waitMs = this.#backoff.waitMs()
    if (waitMs > 0 && this.#starting === undefined) return Promise.reject(engineRests(waitMs))
    this.#starting ??= this.start(undefined)
      .catch((thrown) => {
        this.#backoff.failed()
        throw thrown
      })
      .finally(() => {
        this.#starting = undefined
      })
    return this.#starting
  }

  #receive(message: FromChild): void {
    if (message.kind === 'events') {
      for (const { id, event } of message.events) {
        if (event.kind === 'end') this.#backoff.succeeded()
        this.#desk?.deliver(id, event)
      }
    } else if (message.kind === 'failed') {
      const { errorKind, code, message: text, remedy } = message
      this.#desk?.fail(message.id, new CocoonError(errorKind, code, text, { remedy }))
    }
  }

  #lost(error: CocoonError): void {
    this.#link = undefined
    if (this.#closed) return
    this.#backoff.failed()
    this.#options.log?.('engine crashed', { code: error.code })
    this.#desk?.failAll(error)
  }
}
