/** The client's list of jobs: states in the store, results in the owner's own files, in line order. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { PeerStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import type { JobLineResult, JobView } from '../client-service.ts'
import { JOBS_MAX } from '../constants.ts'

const bidSchema = z.strictObject({
  provider: z.string(),
  priceNano: z.string().regex(/^\d+$/).transform(BigInt),
  finishInMs: z.number(),
  tier: z.enum(['confidential', 'simulated', 'open']),
})

const stateSchema = z.strictObject({
  status: z.enum(['bidding', 'running', 'done', 'failed']),
  model: z.string(),
  lines: z.number().int(),
  linesDone: z.number().int(),
  spentNano: z.string().regex(/^\d+$/).transform(BigInt).default(0n),
  bids: z.array(bidSchema),
  winner: z.string().optional(),
  error: z.string().optional(),
})

const resultSchema = z.strictObject({
  index: z.number().int(),
  customId: z.string().optional(),
  text: z.string().optional(),
  finish: z.string().optional(),
  receiptId: z.string().optional(),
  usage: z
    .strictObject({
      promptTokens: z.number(),
      cachedTokens: z.number(),
      completionTokens: z.number(),
    })
    .optional(),
  error: z.string().optional(),
})

const noJob = {
  status: 'bidding',
  linesDone: 0,
  spentNano: 0n,
  bids: [],
  winner: undefined,
  error: undefined,
} as const

export const noResult = {
  customId: undefined,
  text: undefined,
  finish: undefined,
  receiptId: undefined,
  usage: undefined,
  error: undefined,
} as const

export interface JobBookComponents {
  readonly clock: Clock
  readonly store: PeerStore
  readonly dataDir: string
}

export class JobBook {
  readonly #parts: JobBookComponents
  readonly #folder: string
  readonly #jobs = new Map<string, JobView>()

  constructor(parts: JobBookComponents) {
    this.#parts = parts
    this.#folder = join(parts.dataDir, 'jobs')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    for (const row of parts.store.jobs().toReversed()) this.#restore(row.id, row.stateJson)
  }

  /** Newest first. */
  list(): readonly JobView[] {
    return [...this.#jobs.values()].toReversed()
  }

  /** @throws RangeError when there is no such job */
  get(id: string): JobView {
    const job = this.#jobs.get(id)
    if (job === undefined) throw new RangeError('no such job')
    return job
  }

  /** In line order; undefined: no such job. */
  results(id: string): readonly JobLineResult[] | undefined {
    if (!this.#jobs.has(id)) return undefined
    const file = this.#fileOf(id)
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    const results = lines.map((line) => ({ ...noResult, ...resultSchema.parse(JSON.parse(line)) }))
    return results.sort((a, b) => a.index - b.index)
  }

  open(id: string, model: string, lines: number): void {
    this.#save(id, { ...noJob, id, model, lines })
  }

  update(id: string, change: Partial<JobView>): void {
    this.#save(id, { ...this.get(id), ...change })
  }

  /** Durable when it returns. */
  addResult(id: string, result: JobLineResult, lineSpentNano: bigint): void {
    appendFileSync(this.#fileOf(id), `${JSON.stringify(result)}\n`, { mode: 0o600, flush: true })
    const { index: lineIndex, receiptId, error } = result
    const status = error === undefined ? 'done' : 'failed'
    this.#parts.store.saveJobLine({ jobId: id, lineIndex, status, receiptId, error })
    const { linesDone, spentNano } = this.get(id)
    this.update(id, { linesDone: linesDone + 1, spentNano: spentNano + lineSpentNano })
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id.slice(0, 32)}.results.jsonl`)
  }

  #save(id: string, job: JobView): void {
    const { store, clock } = this.#parts
    const { id: _, ...state } = job
    const bids = state.bids.map((bid) => ({ ...bid, priceNano: `${bid.priceNano}` }))
    const stateJson = JSON.stringify({ ...state, bids, spentNano: `${state.spentNano}` })
    store.saveJob({ id, stateJson, updatedAtMs: clock.nowMs() })
    this.#jobs.set(id, job)
    const oldest = this.#jobs.keys().next().value
    if (this.#jobs.size > JOBS_MAX && oldest !== undefined) this.#jobs.delete(oldest)
  }

  /** A job that was running when this client died does not go on: its lines are not kept. */
  #restore(id: string, stateJson: string): void {
    const job: JobView = { ...noJob, id, ...stateSchema.parse(JSON.parse(stateJson)) }
    this.#jobs.set(id, job)
    if (job.status === 'done' || job.status === 'failed') return
    this.#save(id, { ...job, status: 'failed', error: 'the client was restarted' })
  }
}
