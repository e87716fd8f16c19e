/**
 * Continuous batching: requests join and leave at every step. Each round reads one piece of one prompt
 * and then one token of every answer whose reader follows, in one model call, so that a long prompt
 * stalls nobody for longer than a piece, and pieces are short while others answer (Yu et al., Orca, OSDI 2022; Agrawal et al., Sarathi, 2023).
 */
import { asCocoonError, type CocoonError } from '#protocol/errors.ts'
import { ENGINE_WINDOW_EVENTS, PREFILL_CHUNK_TOKENS, PREFILL_SHARED_TOKENS } from '../constants.ts'
import type { GenerateEvent } from '../engine.ts'
import { SamplingTools } from './answer-sampler.ts'
import type { DecodingRequest } from './decoding-request.ts'
import { type DecodingParts, Generation, STEP_EVENTS_MAX } from './generation.ts'
import type { TokenModel } from './token-model.ts'

export interface SchedulerOutput {
  event(id: number, event: GenerateEvent): void
  /** The request is over without an `end`. */
  failed(id: number, error: CocoonError): void
  /** Now is the time to send what was said: the next call runs meanwhile, or nothing goes on. */
  flush?(): void
}

interface Job<Cache> {
  readonly id: number
  readonly generation: Generation
  readonly cache: Cache
  /** Events its reader still has room for. */
  credit: number
  readonly cancel: AbortController
}

/**
 * The caller bounds the number of jobs. Cancelling ends a request at once, and the reading of its prompt where the
 * backend can; a step that others share is finished, and only then its cache is free for the next one.
 */
export class Scheduler<Cache> {
  readonly #parts: DecodingParts<Cache>
  readonly #tools: SamplingTools
  readonly #output: SchedulerOutput
  /** In order of turns: a job whose prompt was read on goes to the end. */
  readonly #jobs = new Map<number, Job<Cache>>()
  /** Came since the last round began: their caches may be those of jobs that are still in a call. */
  readonly #arrivals = new Map<number, DecodingRequest>()
  #inCall: ReadonlySet<Job<Cache>> = new Set()
  /** Over, but still in the call: their caches are closed behind it. */
  readonly #leaving: Job<Cache>[] = []
  #running = false

  constructor(parts: DecodingParts<Cache>, output: SchedulerOutput) {
    this.#parts = parts
    const { model, tokenizer, crypto } = parts
    this.#tools = new SamplingTools(model.vocabularySize, tokenizer, crypto)
    this.#output = output
  }

  get active(): number {
    return this.#jobs.size + this.#arrivals.size
  }

  /** An id that is in use is ignored. */
  start(id: number, request: DecodingRequest): void {
    if (this.#jobs.has(id) || this.#arrivals.has(id)) return
    this.#arrivals.set(id, request)
    void this.#run()
  }

  #admit(id: number, request: DecodingRequest): void {
    const { promptTokenIds, resumeTokenIds, cacheKey: key } = request
    const sequence =
      key === undefined ? undefined : { key, ids: [...promptTokenIds, ...resumeTokenIds] }
    try {
      const { cache, cachedTokens } = this.#parts.model.openCache(sequence)
      try {
        const generation = this.#generation(request, cachedTokens)
        const cancel = new AbortController()
        this.#jobs.set(id, { id, generation, cache, credit: ENGINE_WINDOW_EVENTS, cancel })
      } catch (thrown) {
        this.#parts.model.closeCache(cache)
        throw thrown
      }
    } catch (thrown) {
      this.#output.failed(id, asCocoonError(thrown))
    }
  }

  #generation(request: DecodingRequest, cachedTokens: number): Generation {
    const { model, tokenizer } = this.#parts
    return new Generation({ model, tokenizer, tools: this.#tools }, request, cachedTokens)
  }

  /** The reader took this many events. */
  credit(id: number, events: number): void {
    const job = this.#jobs.get(id)
    if (job === undefined) return
    job.credit = Math.min(ENGINE_WINDOW_EVENTS, job.credit + events)
    void this.#run()
  }

  cancel(id: number): void {
    const job = this.#jobs.get(id)
    if (job !== undefined) {
      job.cancel.abort()
      this.#end(job, 'cancelled')
    } else if (this.#arrivals.delete(id)) {
      this.#output.event(id, { kind: 'end', finish: 'cancelled' })
    }
    this.#output.flush?.()
  }

  cancelAll(): void {
    for (const id of [...this.#jobs.keys(), ...this.#arrivals.keys()]) this.cancel(id)
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    // Callers start several jobs in one turn; the first of them must not get a head start.
    await Promise.resolve()
    while (await this.#round());
    this.#running = false
    this.#output.flush?.()
  }

  /** False: nobody can go on before something happens. */
  async #round(): Promise<boolean> {
    this.#admitArrivals()
    this.#endThoseThatNeedNoModel()
    const reading = this.#ready().find((job) => job.generation.phase === 'prefill')
    if (reading !== undefined) await this.#prefill(reading)
    this.#endThoseThatNeedNoModel()
    const writing = this.#writing()
    if (writing.length > 0) await this.#decode(writing)
    return reading !== undefined || writing.length > 0 || this.#arrivals.size > 0
  }

  #admitArrivals(): void {
    const arrivals = [...this.#arrivals]
    this.#arrivals.clear()
    for (const [id, request] of arrivals) this.#admit(id, request)
  }

  /** Those whose readers follow. */
  #ready(): Job<Cache>[] {
    return [...this.#jobs.values()].filter((job) => job.credit >= STEP_EVENTS_MAX)
  }

  #writing(): Job<Cache>[] {
    return this.#ready().filter((job) => job.generation.phase === 'decode')
  }

  #endThoseThatNeedNoModel(): void {
    for (const job of [...this.#jobs.values()]) {
      if (job.generation.phase === 'stopped') this.#end(job, 'stop')
    }
  }

  async #prefill(job: Job<Cache>): Promise<void> {
    const tokensMax = this.#writing().length > 0 ? PREFILL_SHARED_TOKENS : PREFILL_CHUNK_TOKENS
    const { pieceTokens = tokensMax } = this.#parts.model
    const ids = job.generation.piece(Math.min(tokensMax, pieceTokens))
    const { signal } = job.cancel
    try {
      const logits = await this.#call([job], (model) => model.read(job.cache, ids, signal))
      if (!this.#isHere(job)) return
      this.#jobs.delete(job.id)
      this.#jobs.set(job.id, job)
      this.#accept(job, logits)
    } catch (thrown) {
      this.#fail(job, thrown)
    }
  }

  async #decode(jobs: readonly Job<Cache>[]): Promise<void> {
    const rows = jobs.map((job) => ({ cache: job.cache, id: job.generation.lastId }))
    let logits: readonly Float32Array[]
    try {
      logits = await this.#call(jobs, (model) => model.decode(rows))
    } catch (thrown) {
      for (const job of jobs) this.#fail(job, thrown)
      return
    }
    for (const [at, job] of jobs.entries()) {
      if (!this.#isHere(job)) continue
      try {
        this.#accept(job, logits[at] ?? new Float32Array())
      } catch (thrown) {
        this.#fail(job, thrown)
      }
    }
  }

  async #call<Result>(
    jobs: readonly Job<Cache>[],
    call: (model: TokenModel<Cache>) => Promise<Result>,
  ): Promise<Result> {
    this.#inCall = new Set(jobs)
    try {
      const running = call(this.#parts.model)
      this.#output.flush?.()
      return await running
    } finally {
      this.#inCall = new Set()
      for (const job of this.#leaving.splice(0)) this.#parts.model.closeCache(job.cache)
    }
  }

  /** False: it was cancelled while it was in a call. */
  #isHere(job: Job<Cache>): boolean {
    return this.#jobs.get(job.id) === job
  }

  #accept(job: Job<Cache>, logits: Float32Array): void {
    const events = job.generation.accept(logits)
    job.credit -= events.filter((event) => event.kind !== 'end').length
    if (events.at(-1)?.kind === 'end') this.#leave(job)
    for (const event of events) this.#output.event(job.id, event)
  }

  #end(job: Job<Cache>, finish: 'stop' | 'cancelled'): void {
    this.#leave(job)
    this.#output.event(job.id, { kind: 'end', finish })
  }

  #fail(job: Job<Cache>, thrown: unknown): void {
    if (!this.#isHere(job)) return
    this.#leave(job)
    this.#output.failed(job.id, asCocoonError(thrown))
  }

  #leave(job: Job<Cache>): void {
    if (!this.#jobs.delete(job.id)) return
    if (this.#inCall.has(job)) this.#leaving.push(job)
    else this.#parts.model.closeCache(job.cache)
  }
}
