/**
 * Batch jobs on the client's side: shape announced, bids gathered, one winner awarded, lines sealed to
 * it one after the other, results in the order of the lines. Texts lie in the owner's own file only.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { AuctionOutcome, JobClient } from '#node/market/job-client.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Offer } from '#protocol/market/offer.ts'
import { priceNano } from '#protocol/money.ts'
import type {
  BidView,
  ChatEvent,
  ChatRequest,
  JobLine,
  JobLineResult,
  JobView,
} from '../client-service.ts'
import { JOB_BIDDING_MS, JOB_DEADLINE_MS, JOB_LINES_PARALLEL_MAX, JOBS_MAX } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import type { ClientModels } from './models.ts'

export interface JobsComponents {
  readonly clock: Clock
  readonly store: PeerStore
  readonly models: ClientModels
  readonly auctions: JobClient
  readonly dataDir: string
  readonly emit: EmitEvent
  /** Complete offers for a model that are known now. */
  readonly offers: (modelRoot: Uint8Array) => readonly Offer[]
  /** Answers one line with one provider alone. */
  readonly chatWith: (
    provider: string,
    request: ChatRequest,
    signal: AbortSignal,
  ) => AsyncIterable<ChatEvent>
}

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
  error: z.string().optional(),
})

/** The price cap when the owner names none: this many times the dearest offer. */
const CAP_FACTOR = 2n

export class ClientJobs {
  readonly #parts: JobsComponents
  readonly #folder: string
  readonly #jobs = new Map<string, JobView>()
  readonly #stopped = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(parts: JobsComponents) {
    this.#parts = parts
    this.#folder = join(parts.dataDir, 'jobs')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    for (const row of parts.store.jobs().toReversed()) this.#restore(row.id, row.stateJson)
  }

  list(): readonly JobView[] {
    return [...this.#jobs.values()].toReversed()
  }

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

  /**
   * Announces the job and returns; its lines run when the auction has a winner.
   * @throws ConfigError MODEL_UNKNOWN, JOB_EMPTY, JOB_INVALID, TOO_MANY_JOBS
   * @throws UnavailableError NO_PROVIDER when no offer gives a price to cap
   */
  async submit(modelId: string, lines: readonly JobLine[], capNano?: bigint): Promise<JobView> {
    const { models, auctions } = this.#parts
    if (lines.length === 0) throw new ConfigError('JOB_EMPTY', 'the job has no lines')
    const model = models.find(modelId)
    const { tokenizer } = await models.load(model)
    const promptTokens = lines.reduce(
      (sum, line) => sum + tokenizer.encodeChat(line.messages).length,
      0,
    )
    const completionTokensMax = lines.reduce((sum, line) => sum + line.maxTokens, 0)
    const priceCapNano = capNano ?? this.#defaultCap(model.root, promptTokens, completionTokensMax)
    const announced = Promise.withResolvers<string>()
    const auction = auctions.auction(
      {
        modelRoot: model.root,
        lines: lines.length,
        promptTokens,
        completionTokensMax,
        priceCapNano,
        tierMin: 'simulated',
        readersMax: 1,
        biddingMs: JOB_BIDDING_MS,
        deadlineInMs: JOB_DEADLINE_MS,
      },
      {
        signal: this.#stopped.signal,
        onAnnounced: (job) => announced.resolve(toHex(job.hash)),
      },
    )
    auction.catch(announced.reject)
    const id = await announced.promise
    this.#save(id, { ...emptyJob, id, model: modelId, lines: lines.length })
    this.#event(id, 'announced', `${lines.length} lines, cap ${priceCapNano} nanoTON`)
    this.#track(this.#run(id, auction, modelId, lines))
    return this.#jobs.get(id)!
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new UnavailableError('CLIENT_STOPPED', 'this client is shutting down'))
    await Promise.all(this.#running)
  }

  #defaultCap(modelRoot: Uint8Array, promptTokens: number, completionTokens: number): bigint {
    const prices = this.#parts
      .offers(modelRoot)
      .map((offer) => priceNano(offer.prices, { promptTokens, cachedTokens: 0, completionTokens }))
    const dearest = prices.reduce((max, one) => (one > max ? one : max), -1n)
    if (dearest >= 0n) return dearest * CAP_FACTOR
    throw new UnavailableError('NO_PROVIDER', 'no offer is known to set a price cap by', {
      remedy: 'Wait for an offer, or name a cap.',
    })
  }

  async #run(
    id: string,
    auction: Promise<AuctionOutcome>,
    model: string,
    lines: readonly JobLine[],
  ): Promise<void> {
    try {
      const outcome = await auction
      const bids = outcome.bids.map(
        (bid): BidView => ({
          provider: toHex(bid.signer),
          priceNano: bid.contents.priceNano,
          finishInMs: bid.contents.finishInMs,
          tier: bid.contents.tier,
        }),
      )
      for (const bid of bids)
        this.#event(id, 'bid', `${bid.provider.slice(0, 12)} at ${bid.priceNano}`)
      const { winner } = outcome
      this.#update(id, { bids, winner: winner?.provider })
      if (winner === undefined) {
        throw new UnavailableError('JOB_NO_BIDS', 'no provider bid within the cap and deadline', {
          remedy: 'Raise the price cap or give more time.',
        })
      }
      this.#event(id, 'awarded', winner.provider.slice(0, 12))
      this.#update(id, { status: 'running' })
      await this.#runLines(id, winner.provider, model, lines)
      this.#update(id, { status: 'done' })
      this.#event(id, 'done', `${lines.length} lines`)
    } catch (thrown) {
      const error = asCocoonError(thrown)
      this.#update(id, { status: 'failed', error: `${error.code}: ${error.message}` })
      this.#event(id, 'failed', error.code)
    }
  }

  async #runLines(
    id: string,
    provider: string,
    model: string,
    lines: readonly JobLine[],
  ): Promise<void> {
    const left = lines.map((line, index) => ({ line, index }))
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        this.#stopped.signal.throwIfAborted()
        await this.#runLine(id, provider, model, next.line, next.index)
      }
    }
    await Promise.all(Array.from({ length: JOB_LINES_PARALLEL_MAX }, worker))
  }

  async #runLine(
    id: string,
    provider: string,
    model: string,
    line: JobLine,
    index: number,
  ): Promise<void> {
    const { chatWith, store } = this.#parts
    const request: ChatRequest = {
      model,
      messages: line.messages,
      maxTokens: line.maxTokens,
      temperature: 0,
      topP: 1,
      seed: 0n,
      stop: [],
    }
    let result: JobLineResult = { ...noResult, index, customId: line.customId }
    try {
      for await (const event of chatWith(provider, request, this.#stopped.signal)) {
        if (event.kind !== 'done') continue
        const { text, finish, receiptId } = event.result
        result = { ...result, text, finish, receiptId }
      }
    } catch (thrown) {
      result = { ...result, error: asCocoonError(thrown).code }
    }
    appendFileSync(this.#fileOf(id), `${JSON.stringify(result)}\n`, { mode: 0o600, flush: true })
    const { receiptId, error } = result
    const status = error === undefined ? 'done' : 'failed'
    store.saveJobLine({ jobId: id, lineIndex: index, status, receiptId, error })
    this.#update(id, { linesDone: this.#jobs.get(id)!.linesDone + 1 })
    this.#event(id, 'line', `${index + 1}: ${error ?? 'done'}`)
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id.slice(0, 32)}.results.jsonl`)
  }

  #event(
    jobId: string,
    action: 'announced' | 'bid' | 'awarded' | 'line' | 'done' | 'failed',
    detail: string,
  ): void {
    this.#parts.emit({ kind: 'job', jobId, action, detail })
  }

  #track(work: Promise<void>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  #update(id: string, change: Partial<JobView>): void {
    this.#save(id, { ...this.#jobs.get(id)!, ...change })
  }

  #save(id: string, job: JobView): void {
    const { store, clock } = this.#parts
    const { id: _, ...state } = job
    const bids = state.bids.map((bid) => ({ ...bid, priceNano: `${bid.priceNano}` }))
    const stateJson = JSON.stringify({ ...state, bids })
    store.saveJob({ id, stateJson, updatedAtMs: clock.nowMs() })
    this.#jobs.set(id, job)
    const oldest = this.#jobs.keys().next().value
    if (this.#jobs.size > JOBS_MAX && oldest !== undefined) this.#jobs.delete(oldest)
  }

  /** A job that was running when this client died does not go on: its lines are not kept. */
  #restore(id: string, stateJson: string): void {
    const job: JobView = { ...emptyJob, id, ...stateSchema.parse(JSON.parse(stateJson)) }
    this.#jobs.set(id, job)
    if (job.status === 'done' || job.status === 'failed') return
    this.#save(id, { ...job, status: 'failed', error: 'the client was restarted' })
  }
}

const emptyJob = {
  status: 'bidding',
  linesDone: 0,
  bids: [],
  winner: undefined,
  error: undefined,
} as const

const noResult = {
  customId: undefined,
  text: undefined,
  finish: undefined,
  receiptId: undefined,
  error: undefined,
} as const
