/**
 * An engine whose model runs behind another server's HTTP: vLLM, SGLang, llama.cpp's server or anything
 * with OpenAI's API. It is believed in nothing that can be counted or compared here; what stays
 * unproved is said in docs/OPERATING-UPSTREAM.md.
 */
import { tagged, utf8 } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError, type CocoonError, type ErrorData } from '#protocol/errors.ts'
import { ENGINE_SLOTS_DEFAULT, ENGINE_SLOTS_MAX } from '../constants.ts'
import type { DecodingRequest } from '../decoding/decoding-request.ts'
import { type Alarm, engineClosed, RequestDesk } from '../decoding/request-desk.ts'
import type {
  ChatTokenizer,
  Engine,
  EngineInfo,
  EngineLoad,
  GenerateEvent,
  GenerateRequest,
} from '../engine.ts'
import { loadChatTokenizer } from '../model/chat-tokenizer.ts'
import type { ModelFiles } from '../model/manifest.ts'
import { parseModelConfig } from '../model/model-config.ts'
import type { Agreement } from '../verification/agreement.ts'
import { verifyUnsupported } from '../verification/verify.ts'
import { UpstreamAnswer } from './answer.ts'
import { UpstreamCall } from './call.ts'
import type { Dialect, UpstreamAsk } from './dialects/dialect.ts'
import { badOption, drifted, noResume } from './errors.ts'
import { checkKey, DEFAULT_TIMEOUTS, type UpstreamAccess, upstreamBase } from './http.ts'
import { launchedRuntimeDigest } from './launch/digest.ts'
import {
  type DialectChoice,
  probeUpstream,
  tryUpstream,
  type UpstreamServer,
  withoutIds,
} from './probe.ts'
import { type TextToIds, textToIds } from './text-ids.ts'

export interface UpstreamEngineOptions {
  /** Address of the server, with or without `/v1`. */
  readonly url: string
  readonly modelId: string
  /** Name of the model at the server; the model's id when left out. */
  readonly upstreamModel?: string | undefined
  readonly dialect?: DialectChoice | undefined
  readonly apiKey?: string | undefined
  /** The small files of the model: tokenizer and configuration (readTokenizerFiles). */
  readonly files: ModelFiles
  /** 32 bytes. What the server really loaded is not proved by it. */
  readonly modelRoot: Uint8Array
  /** Of the launch that started the server (launchDigest), 32 bytes; undefined: somebody else did. */
  readonly launchDigest?: Uint8Array | undefined
  /** Requests at the server at once, 1 to ENGINE_SLOTS_MAX. */
  readonly slotsTotal?: number | undefined
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSignal: (timeoutMs: number) => AbortSignal
  readonly log?: ((event: string, data: ErrorData) => void) | undefined
}

export type UpstreamState = 'ready' | 'unreachable' | 'drifted'

export interface UpstreamEngine extends Engine {
  readonly state: UpstreamState
  /** Why it is not ready; undefined when it is. */
  readonly trouble: CocoonError | undefined
  readonly dialect: string
  /**
   * Looks at the server again; one look at a time. What it throws is also why `generate` refuses, until
   * a look finds the server good.
   */
  check(): Promise<void>
}

/**
 * Looks at the server, asks it for one token and opens the engine.
 * @throws ConfigError UPSTREAM_OPTION, and what the model's files are refused for
 * @throws UnavailableError UPSTREAM_UNREACHABLE, UPSTREAM_TIMEOUT, UPSTREAM_BUSY, UPSTREAM_REFUSED,
 *   UPSTREAM_MALFORMED, UPSTREAM_MODEL, UPSTREAM_DRIFT
 */
export async function createUpstreamEngine(
  options: UpstreamEngineOptions,
): Promise<UpstreamEngine> {
  const access = accessOf(options)
  const tokenizer = loadChatTokenizer(options.files)
  const server = await findServer(access, options, tokenizer)
  return new HttpEngine(options, access, tokenizer, server)
}

function accessOf({ url, apiKey, fetch, timeoutSignal }: UpstreamEngineOptions): UpstreamAccess {
  const baseUrl = upstreamBase(url)
  checkKey(apiKey)
  return { baseUrl, apiKey, fetch, timeoutSignal, timeouts: DEFAULT_TIMEOUTS }
}

async function findServer(
  access: UpstreamAccess,
  { modelId, upstreamModel = modelId, dialect = 'auto', crypto }: UpstreamEngineOptions,
  tokenizer: ChatTokenizer,
): Promise<UpstreamServer> {
  const server = await probeUpstream(access, upstreamModel, dialect)
  const tokenIds = tokenizer.encodeChat([{ role: 'user', content: 'Hi' }])
  const ask = { model: upstreamModel, tokenIds, cacheSalt: freshSalt(crypto) }
  try {
    await tryUpstream(access, server.dialect, ask)
    return server
  } catch (thrown) {
    const fallback = dialect === 'auto' ? withoutIds(thrown) : undefined
    if (fallback === undefined || fallback === server.dialect) throw thrown
    await tryUpstream(access, fallback, ask)
    return { ...server, dialect: fallback }
  }
}

function freshSalt(crypto: CryptoPort): string {
  return Buffer.from(crypto.randomBytes(16)).toString('hex')
}

class HttpEngine implements UpstreamEngine {
  readonly info: EngineInfo
  readonly #options: UpstreamEngineOptions
  readonly #access: UpstreamAccess
  readonly #tokenizer: ChatTokenizer
  readonly #textToIds: TextToIds
  readonly #dialect: Dialect
  readonly #desk: RequestDesk
  readonly #calls = new Map<number, UpstreamCall>()
  #checking: Promise<void> | undefined
  #trouble: CocoonError | undefined
  #closed = false

  constructor(
    options: UpstreamEngineOptions,
    access: UpstreamAccess,
    tokenizer: ChatTokenizer,
    server: UpstreamServer,
  ) {
    this.#options = options
    this.#access = access
    this.#tokenizer = tokenizer
    this.#textToIds = textToIds(options.files)
    this.#dialect = server.dialect
    this.info = infoOf(options, server)
    this.#desk = new RequestDesk(
      { ...this.info, vocabularySize: tokenizer.vocabularySize },
      {
        start: (id, request) => this.#start(id, request),
        credit: (id, events) => this.#calls.get(id)?.credit(events),
        cancel: (id) => this.#calls.get(id)?.cancel(),
      },
      { clock: options.clock, alarm: alarmOf(options.timeoutSignal) },
    )
  }

  get dialect(): string {
    return this.#dialect.name
  }

  get trouble(): CocoonError | undefined {
    return this.#trouble
  }

  get state(): UpstreamState {
    if (this.#trouble === undefined) return 'ready'
    return this.#trouble.code === 'UPSTREAM_DRIFT' ? 'drifted' : 'unreachable'
  }

  load(): EngineLoad {
    return this.#desk.load()
  }

  /** The server has the model: nothing can be replayed here. */
  verify(): Promise<Agreement> {
    return Promise.reject(verifyUnsupported())
  }

  async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    if (this.#closed) throw engineClosed()
    if (this.#trouble !== undefined) await this.check()
    yield* this.#desk.generate(request)
  }

  check(): Promise<void> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#desk.failAll(engineClosed())
    for (const call of this.#calls.values()) call.cancel()
  }

  async #look(): Promise<void> {
    try {
      // Asked for a token only when something was wrong: a look should cost nobody anything.
      const server = await (this.#trouble === undefined
        ? probeUpstream(this.#access, this.#model, this.#dialect.name)
        : findServer(this.#access, this.#options, this.#tokenizer))
      const { contextTokens } = infoOf(this.#options, server)
      // What the offer says must still hold: fewer ids than promised, or another kind of server, does not.
      if (server.dialect.name !== this.#dialect.name) throw drifted('ids')
      if (contextTokens < this.info.contextTokens) throw drifted('length')
      if (this.#trouble !== undefined) this.#options.log?.('upstream is back', {})
      this.#trouble = undefined
    } catch (thrown) {
      this.#troubled(asCocoonError(thrown))
      throw thrown
    }
  }

  #troubled(error: CocoonError): void {
    if (this.#trouble?.code !== error.code) {
      this.#options.log?.('upstream in trouble', { code: error.code, ...error.data })
    }
    this.#trouble = error
  }

  #start(id: number, request: DecodingRequest): void {
    const call = new UpstreamCall(this.#access, this.#dialect, {
      deliver: (event) => this.#desk.deliver(id, event),
      fail: (error) => {
        if (isLasting(error)) this.#troubled(error)
        this.#desk.fail(id, error)
      },
    })
    this.#calls.set(id, call)
    const maxTokens = this.#room(request)
    const terms = {
      dialect: this.#dialect,
      model: this.#model,
      promptTokens: request.promptTokenIds.length,
      resumeTokenIds: request.resumeTokenIds,
      maxTokens,
      stop: request.stop,
      constraint: request.constraint,
      topLogprobs: request.topLogprobs,
    }
    const tools = { tokenizer: this.#tokenizer, textToIds: this.#textToIds }
    void call
      .run(
        () => this.#ask(request, maxTokens),
        () => new UpstreamAnswer(terms, tools),
      )
      .finally(() => this.#calls.delete(id))
  }

  /** No server takes a request that could outgrow its context. */
  #room({ promptTokenIds, resumeTokenIds, maxTokens }: DecodingRequest): number {
    const used = promptTokenIds.length + resumeTokenIds.length
    return Math.min(maxTokens, this.info.contextTokens - used)
  }

  #ask(request: DecodingRequest, maxTokens: number): UpstreamAsk {
    const { sampling, constraint, topLogprobs, messages, cacheKey } = request
    const { promptTokenIds, resumeTokenIds } = request
    if (resumeTokenIds.length > 0) checkResume(this.#dialect, request)
    const tokenIds = [...promptTokenIds, ...resumeTokenIds]
    const cacheSalt = this.#salt(cacheKey)
    const model = this.#model
    return { model, tokenIds, messages, maxTokens, sampling, constraint, topLogprobs, cacheSalt }
  }

  get #model(): string {
    return this.#options.upstreamModel ?? this.#options.modelId
  }

  /** The same for one customer, another for everybody else, and never the key itself. */
  #salt(cacheKey: string | undefined): string {
    const { crypto } = this.#options
    if (cacheKey === undefined) return freshSalt(crypto)
    const digest = crypto.sha256(tagged('cocoon/upstream-cache/1', utf8(cacheKey)))
    return Buffer.from(digest).toString('hex')
  }
}

/**
 * A server reads what is resumed as a part of the prompt: it would leave these ids out of penalties that
 * count the answer, and begin a second document behind the half of the first.
 * @throws UnavailableError UPSTREAM_NO_RESUME
 */
function checkResume(dialect: Dialect, { sampling, constraint }: DecodingRequest): void {
  if (!dialect.exactTokenIds) throw noResume(dialect.name, 'no token ids')
  if (constraint !== undefined) throw noResume(dialect.name, 'a grammar begun anew')
  const { frequencyPenalty = 0, presencePenalty = 0 } = sampling
  if (frequencyPenalty !== 0 || presencePenalty !== 0) {
    throw noResume(dialect.name, 'penalties counted anew')
  }
}

function alarmOf(timeoutSignal: (timeoutMs: number) => AbortSignal): Alarm {
  return (delayMs, ring) => {
    const signal = timeoutSignal(delayMs)
    signal.addEventListener('abort', ring, { once: true })
    return () => signal.removeEventListener('abort', ring)
  }
}

const LASTING: ReadonlySet<string> = new Set(['UPSTREAM_DRIFT', 'UPSTREAM_UNREACHABLE'])

/**
 * Troubles of the server, not of one request: new work waits until a look finds it good. A schema is chosen by
 * who asks, and no look would see what a server makes of it: nobody shall stop others' work by one.
 */
function isLasting({ code, data }: CocoonError): boolean {
  return LASTING.has(code) && data['rule'] !== 'constraint'
}

function infoOf(options: UpstreamEngineOptions, server: UpstreamServer): EngineInfo {
  const { crypto, files, modelId, modelRoot, slotsTotal = ENGINE_SLOTS_DEFAULT } = options
  if (!Number.isSafeInteger(slotsTotal) || slotsTotal < 1 || slotsTotal > ENGINE_SLOTS_MAX) {
    throw badOption('slots', `1 to ${ENGINE_SLOTS_MAX}`)
  }
  const { dialect, version } = server
  const own = parseModelConfig(files).contextTokens
  const digest = (tag: string) =>
    crypto.sha256(tagged(tag, utf8(dialect.name), utf8(version), utf8(modelId)))
  const { launchDigest } = options
  const isLaunched = launchDigest !== undefined
  return {
    engine: `${dialect.name} ${version} (${isLaunched ? 'launched' : 'upstream'})`,
    modelId,
    modelRoot,
    // What was started is measured; what the server says of itself is not.
    runtimeDigest: isLaunched
      ? launchedRuntimeDigest(crypto, launchDigest)
      : digest('cocoon/upstream-runtime/1'),
    scheduleDigest: digest('cocoon/upstream-schedule/1'),
    contextTokens: Math.min(own, server.contextTokens ?? own),
    slotsTotal,
    exactTokenIds: dialect.exactTokenIds,
  }
}
