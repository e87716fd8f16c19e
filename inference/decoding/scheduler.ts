/** Shares one model among several requests: one step each in turn, as far as readers follow. */
import { asCocoonError, type CocoonError } from '#protocol/errors.ts'
import { ENGINE_WINDOW_EVENTS } from '../constants.ts'
import type { GenerateEvent } from '../engine.ts'
import {
  type DecodingParts,
  type DecodingRequest,
  Generation,
  STEP_EVENTS_MAX,
} from './generation.ts'

export interface SchedulerOutput {
  event(id: number, event: GenerateEvent): void
  /** The request is over without an `end`. */
  failed(id: number, error: CocoonError): void
}

interface Job<Cache> {
  readonly generation: Generation<Cache>
  /** Events its reader still has room for. */
  credit: number
  cancelled: boolean
}

/**
 * Round robin over at most as many jobs as were started; the caller bounds their number. A model
 * call in progress is always finished: cancelling takes effect before the next one.
 */
export class Scheduler<Cache> {
  readonly #parts: DecodingParts<Cache>
  readonly #output: SchedulerOutput
  /** In order of turns: a job that had its step goes to the end. */
  readonly #jobs = new Map<number, Job<Cache>>()
  #running = false

  constructor(parts: DecodingParts<Cache>, output: SchedulerOutput) {
    this.#parts = parts
    this.#output = output
  }

  get active(): number {
    return this.#jobs.size
  }

  /** An id that is in use is ignored. */
  start(id: number, request: DecodingRequest): void {
    if (this.#jobs.has(id)) return
    const generation = new Generation(this.#parts, request)
    this.#jobs.set(id, { generation, credit: ENGINE_WINDOW_EVENTS, cancelled: false })
    void this.#run()
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
    if (job === undefined) return
    job.cancelled = true
    void this.#run()
  }

  cancelAll(): void {
    for (const id of [...this.#jobs.keys()]) this.cancel(id)
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    // Callers start several jobs in one turn; the first of them must not get a head start.
    await Promise.resolve()
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      await this.#step(...next)
    }
    this.#running = false
  }

  #next(): [number, Job<Cache>] | undefined {
    for (const [id, job] of this.#jobs) {
      if (job.cancelled || job.credit >= STEP_EVENTS_MAX) return [id, job]
    }
    return undefined
  }

  async #step(id: number, job: Job<Cache>): Promise<void> {
    try {
      const events: readonly GenerateEvent[] = job.cancelled
        ? [{ kind: 'end', finish: 'cancelled' }]
        : await job.generation.step()
      job.credit -= events.filter((event) => event.kind !== 'end').length
      this.#jobs.delete(id)
      if (events.at(-1)?.kind !== 'end') this.#jobs.set(id, job)
      for (const event of events) this.#output.event(id, event)
    } catch (thrown) {
      this.#jobs.delete(id)
      this.#output.failed(id, asCocoonError(thrown))
    }
  }
}
