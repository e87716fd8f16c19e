/** Stands before the engine: counts what it makes, and takes no new work once the peer drains. */
import type {
  Engine,
  EngineInfo,
  EngineLoad,
  GenerateEvent,
  GenerateRequest,
  VerifyRequest,
} from '#inference/engine.ts'
import type { Agreement } from '#inference/verification/agreement.ts'
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { type Embedder, EmbeddingWork } from './embedding-work.ts'

/** Tokens per second is a mean over so many whole seconds. */
const RATE_WINDOW_S = 5

export class WorkMeter implements Engine {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #isReady: () => boolean
  /** Tokens by whole second; only those of the window are kept. */
  readonly #bySecond = new Map<number, number>()
  #tokens = 0
  #answers = 0
  #running = 0
  #isDraining = false

  /** `isReady`: whether new work could be done at all, for engines that live elsewhere. */
  constructor(engine: Engine, clock: Clock, isReady: () => boolean = () => true) {
    this.#engine = engine
    this.#clock = clock
    this.#isReady = isReady
  }

  get info(): EngineInfo {
    return this.#engine.info
  }

  /** Undefined: the model answers chats. */
  get embedder(): Embedder | undefined {
    const engine = this.#engine
    if (!(engine instanceof EmbeddingWork)) return undefined
    const { dimensions } = engine
    return { dimensions, embed: (inputs, signal) => this.#embed(engine, inputs, signal) }
  }

  /** Tokens since the start. */
  get tokens(): number {
    return this.#tokens
  }

  /** Answers generated to their end since the start. */
  get answers(): number {
    return this.#answers
  }

  get running(): number {
    return this.#running
  }

  /** New work is refused from now on; running answers go on. */
  drain(): void {
    this.#isDraining = true
  }

  /** A draining peer has no slot to offer, and neither has one whose engine is out of reach. */
  load(): EngineLoad {
    const load = this.#engine.load()
    return this.#isDraining || !this.#isReady() ? { ...load, active: this.info.slotsTotal } : load
  }

  /** Mean over the last RATE_WINDOW_S seconds, all slots together. */
  tokensPerS(): number {
    const second = this.#second()
    let sum = 0
    for (let at = second - RATE_WINDOW_S; at < second; at++) sum += this.#bySecond.get(at) ?? 0
    return sum / RATE_WINDOW_S
  }

  /** @throws UnavailableError PROVIDER_DRAINING, and what the engine throws */
  async *generate(request: GenerateRequest): AsyncIterable<GenerateEvent> {
    this.#refuseDraining()
    this.#running += 1
    try {
      for await (const event of this.#engine.generate(request)) {
        if (event.kind === 'token') this.#count()
        if (event.kind === 'end') this.#answers += 1
        yield event
      }
    } finally {
      this.#running -= 1
    }
  }

  /** Counts as an answer without tokens. */
  async *#embed(
    embedder: Embedder,
    ...[inputs, signal]: Parameters<Embedder['embed']>
  ): AsyncGenerator<Float32Array> {
    this.#refuseDraining()
    this.#running += 1
    try {
      yield* embedder.embed(inputs, signal)
      this.#answers += 1
    } finally {
      this.#running -= 1
    }
  }

  #refuseDraining(): void {
    if (!this.#isDraining) return
    throw new UnavailableError('PROVIDER_DRAINING', 'this provider takes no further work', {
      remedy: 'Use another provider.',
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#engine[Symbol.asyncDispose]())
  }

  #count(): void {
    const second = this.#second()
    this.#tokens += 1
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1)
    for (const at of this.#bySecond.keys()) {
      if (at < second - RATE_WINDOW_S) this.#bySecond.delete(at)
    }
  }

  /** What the owner checks is no work that is sold. */
  verify(request: VerifyRequest): Promise<Agreement> {
    return this.#engine.verify(request)
  }

  #second(): number {
    return Math.floor(this.#clock.nowMs() / 1_000)
  }
}
