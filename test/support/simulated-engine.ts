/**
 * An engine without a model: the real admission, scheduling, sampling and tokenizer over logits
 * made from a hash of the last ids. Passes the same contract suite as the real engines; fast, in
 * this process, and never to be mistaken for one: `info.engine` says simulated.
 */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { reusableTokens } from '#inference/decoding/prefix.ts'
import { engineClosed, RequestDesk } from '#inference/decoding/request-desk.ts'
import { scheduleDigest } from '#inference/decoding/schedule.ts'
import { Scheduler } from '#inference/decoding/scheduler.ts'
import type {
  DecodingRow,
  KeyedSequence,
  OpenedCache,
  TokenModel,
} from '#inference/decoding/token-model.ts'
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { type ModelFiles, manifestOf, manifestRoot } from '#inference/model/manifest.ts'
import { verifyByReplay } from '#inference/verification/verify.ts'
import { utf8 } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { type CocoonError, UnavailableError } from '#protocol/errors.ts'
import { TINY_END_TOKEN_ID, TINY_VOCABULARY, tinyTokenizerFiles } from './tiny-tokenizer.ts'

export interface SimulatedEngineOptions {
  readonly modelId?: string
  readonly slotsTotal?: number
  readonly contextTokens?: number
  /** Greedy requests answer this text, then the end token. Without it: noise, which ends by chance. */
  readonly answer?: string
  /** Whether a request may begin with what an earlier one of its customer read; true by default. */
  readonly keepsPrefixes?: boolean
  /** Another chat template, for example one that knows tools. */
  readonly chatTemplate?: string | undefined
  /** SIMULATED slowness: a model call takes at least so long; nothing when left out. */
  readonly callMs?: number
  /** SIMULATED stall: after so many model calls it stands still until it falls; never when left out. */
  readonly callsUntilStall?: number
}

export interface SimulatedEngine extends Engine {
  readonly tokenizer: ChatTokenizer
  /** Fails everything in progress with ENGINE_CRASHED; the next request works again. */
  crash(): void
  /** Model calls so far: what a reader that stops pulling must stop. */
  callsTotal(): number
}

const LIBRARY = 'simulated-engine 1'
const MARKER_START_ID = 257

/** The small files of the simulated model: enough for a client's tokenizer. */
export function simulatedModelFiles(contextTokens = 512, chatTemplate?: string): ModelFiles {
  const config = { vocab_size: TINY_VOCABULARY, max_position_embeddings: contextTokens }
  const texts = {
    ...{ ...tinyTokenizerFiles(), 'config.json': JSON.stringify(config) },
    ...(chatTemplate === undefined ? {} : { 'chat_template.jinja': chatTemplate }),
  }
  return new Map(Object.entries(texts).map(([path, text]) => [path, utf8(text)]))
}

export function createSimulatedEngine(options: SimulatedEngineOptions = {}): SimulatedEngine {
  const { slotsTotal = 4, contextTokens = 512 } = options
  const files = simulatedModelFiles(contextTokens, options.chatTemplate)
  const tokenizer = loadChatTokenizer(files)
  const crypto = nodeCrypto
  const script = scriptIds(tokenizer, options.answer)
  const model = new HashModel(contextTokens, script, options)
  let closed = false
  const newScheduler = () => {
    const own: Scheduler<SequenceCache> = new Scheduler(
      { model, tokenizer, crypto },
      {
        event: (id, event) => scheduler === own && desk.deliver(id, event),
        failed: (id, error) => scheduler === own && desk.fail(id, error),
      },
    )
    return own
  }
  const desk = new RequestDesk(
    { vocabularySize: TINY_VOCABULARY, contextTokens, slotsTotal },
    {
      start: (id, request) => scheduler.start(id, request),
      credit: (id, events) => scheduler.credit(id, events),
      cancel: (id) => scheduler.cancel(id),
    },
    { clock: { nowMs: () => Date.now() }, alarm: timerAlarm },
  )
  let scheduler = newScheduler()
  const failEverything = (error: CocoonError) => {
    const fallen = scheduler
    scheduler = newScheduler()
    desk.failAll(error)
    fallen.cancelAll()
  }
  return {
    tokenizer,
    info: {
      engine: `${LIBRARY} (no model)`,
      modelId: options.modelId ?? 'simulated',
      modelRoot: manifestRoot(manifestOf(files, crypto), crypto),
      runtimeDigest: crypto.sha256(utf8(LIBRARY)),
      scheduleDigest: scheduleDigest(crypto, {
        library: LIBRARY,
        hardware: 'any',
        kvCache: 'graph',
      }),
      contextTokens,
      slotsTotal,
    },
    load: () => desk.load(),
    callsTotal: () => model.callsTotal,
    async *generate(request) {
      if (closed) throw engineClosed()
      yield* desk.generate(request)
    },
    verify(request) {
      return verifyByReplay(this, request)
    },
    crash() {
      failEverything(new UnavailableError('ENGINE_CRASHED', 'the simulated engine fell'))
      model.endStall()
    },
    async [Symbol.asyncDispose]() {
      closed = true
      failEverything(engineClosed())
      model.endStall()
    },
  }
}

function scriptIds(tokenizer: ChatTokenizer, answer: string | undefined): number[] | undefined {
  if (answer === undefined) return undefined
  // The ids of the text alone: what a chat with it has more than a chat with nothing.
  const withText = tokenizer.encodeChat([{ role: 'user', content: `\u0000${answer}` }])
  const without = tokenizer.encodeChat([{ role: 'user', content: '\u0000' }])
  const head = without.lastIndexOf(0) + 1
  return [...withText.slice(head, withText.length - (without.length - head)), TINY_END_TOKEN_ID]
}

function timerAlarm(delayMs: number, ring: () => void): () => void {
  const timer = setTimeout(ring, delayMs)
  return () => clearTimeout(timer)
}

/** Its cache is the sequence itself. */
interface SequenceCache {
  readonly key: string | undefined
  sequence: readonly number[]
  /** The beginning that was read in pieces. */
  read: readonly number[]
}

class HashModel implements TokenModel<SequenceCache> {
  readonly vocabularySize = TINY_VOCABULARY
  readonly contextTokens: number
  readonly #script: readonly number[] | undefined
  readonly #keepsPrefixes: boolean
  readonly #callMs: number
  readonly #callsUntilStall: number
  readonly #stall = Promise.withResolvers<void>()
  readonly #kept = new Map<string, readonly number[]>()
  callsTotal = 0
  /** For good. */
  readonly endStall = this.#stall.resolve

  constructor(
    contextTokens: number,
    script: readonly number[] | undefined,
    { keepsPrefixes = true, callMs = 0, callsUntilStall = Infinity }: SimulatedEngineOptions,
  ) {
    this.contextTokens = contextTokens
    this.#keepsPrefixes = keepsPrefixes
    this.#callMs = callMs
    this.#callsUntilStall = callsUntilStall
    this.#script = script
  }

  /** Keeps the latest sequence of each key, as far as it was read and not made. */
  openCache(wanted?: KeyedSequence): OpenedCache<SequenceCache> {
    const kept = wanted === undefined ? [] : (this.#kept.get(wanted.key) ?? [])
    const cachedTokens = wanted === undefined ? 0 : reusableTokens(kept, wanted.ids)
    const sequence = kept.slice(0, cachedTokens)
    return { cache: { key: wanted?.key, sequence, read: sequence }, cachedTokens }
  }

  closeCache({ key, read }: SequenceCache): void {
    if (key !== undefined && this.#keepsPrefixes) this.#kept.set(key, read)
  }

  async decode(rows: readonly DecodingRow<SequenceCache>[]): Promise<Float32Array[]> {
    await this.#work()
    return rows.map(({ cache, id }) => this.#append(cache, [id]))
  }

  async read(cache: SequenceCache, ids: readonly number[]): Promise<Float32Array> {
    await this.#work()
    if (cache.read.length === cache.sequence.length) cache.read = [...cache.read, ...ids]
    return this.#append(cache, ids)
  }

  async #work(): Promise<void> {
    await (this.#callMs > 0 ? wait(this.#callMs) : nextTurn())
    if (this.callsTotal >= this.#callsUntilStall) await this.#stall.promise
    this.callsTotal++
  }

  #append(cache: SequenceCache, ids: readonly number[]): Float32Array {
    cache.sequence = [...cache.sequence, ...ids]
    return this.#logits(cache.sequence)
  }

  #logits(sequence: readonly number[]): Float32Array {
    const logits = hashLogits(sequence)
    const next = this.#script?.[answerLength(sequence)]
    if (next !== undefined) logits[next] = 50
    return logits
  }
}

/** Ids after the last `<|im_start|>assistant\n`; the header of the answer has 3 ids. */
function answerLength(sequence: readonly number[]): number {
  return sequence.length - sequence.lastIndexOf(MARKER_START_ID) - 3
}

/** Logits in [-4, 4) from a mix of the length and the last three ids (Murmur3's finaliser). */
function hashLogits(sequence: readonly number[]): Float32Array {
  let state = sequence.length
  for (const id of sequence.slice(-3)) state = mix(state ^ (id + 0x9e3779b9))
  return Float32Array.from({ length: TINY_VOCABULARY }, () => {
    state = mix(state + 0x6d2b79f5)
    return (state >>> 0) / 2 ** 29 - 4
  })
}

function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
