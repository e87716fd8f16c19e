/**
 * Runs batches as jobs: each auction carries the lines that have no answer yet. A batch survives a
 * restart of its client: what was answered is in the results of its jobs, the rest is put up again.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { sleep } from '#node/async.ts'
import type { ApiKey } from '#node/keys/key-rules.ts'
import { checkModel } from '#node/keys/key-rules.ts'
import type { KeyStore } from '#node/keys/key-store.ts'
import type { ClientService, JobLine, JobLineResult } from '#node/roles/client-service.ts'
import type { Hold } from '#node/spending/ledger.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import type { Caller } from './access.ts'
import { type BatchBook, type BatchDocument, type BatchRecord, isRunning } from './batch-book.ts'
import { BATCH_ENDPOINT, type BatchInput, readBatchInput, toJobLine } from './batch-input.ts'
import { batchFiles } from './batch-output.ts'
import {
  BATCH_AUCTIONS_MAX,
  BATCH_PAUSE_MS,
  BATCH_WINDOW_MS,
  BATCHES_MAX,
  BATCHES_RUNNING_MAX,
  BUSY_RETRY_AFTER_MS,
} from './constants.ts'
import { defaultTokensMax } from './default-tokens.ts'
import type { FileStore } from './file-store.ts'

export interface BatchParts {
  readonly service: ClientService
  readonly files: FileStore
  readonly book: BatchBook
  readonly keys: KeyStore
  readonly clock: Clock
  readonly log: Logger
}

export interface NewBatch {
  readonly inputFileId: string
  readonly metadata: BatchDocument['metadata']
  readonly maxPriceNano: bigint | undefined
}

const EVERYBODY = { account: 'owner', isOwner: true } as const

export class BatchRunner {
  readonly #parts: BatchParts
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(parts: BatchParts) {
    this.#parts = parts
  }

  /** Goes on with what was running when the client ended. */
  resume(): void {
    for (const record of this.#parts.book.all().filter(isRunning)) this.#start(record)
  }

  /**
   * @throws ConfigError NOT_FOUND, KEY_MODEL_REFUSED
   * @throws UnavailableError BATCHES_TOO_MANY
   */
  create(caller: Caller, wanted: NewBatch): BatchDocument {
    const { book, clock } = this.#parts
    if (book.count >= BATCHES_MAX || this.#running.size >= BATCHES_RUNNING_MAX) throw tooMany()
    const { inputFileId, metadata, maxPriceNano } = wanted
    const input = this.#input(inputFileId, caller)
    if (caller.key !== undefined && input.lines.length > 0) checkModel(caller.key, input.model)
    const nowMs = clock.nowMs()
    const record: BatchRecord = {
      account: caller.account,
      jobs: [],
      maxPriceNano: maxPriceNano === undefined ? null : `${maxPriceNano}`,
      document: {
        ...EMPTY,
        id: `batch_${randomBytes(16).toString('hex')}`,
        model: input.model,
        input_file_id: inputFileId,
        metadata,
        created_at: Math.floor(nowMs / 1000),
        expires_at: Math.floor((nowMs + BATCH_WINDOW_MS) / 1000),
        request_counts: { total: input.lines.length, completed: 0, failed: 0 },
      },
    }
    book.save(record)
    this.#start(record)
    return record.document
  }

  /** Lines that were answered stay answered. */
  cancel(id: string, caller: Caller): BatchDocument {
    const record = this.#parts.book.get(id, caller)
    if (!isRunning(record) || record.document.status === 'cancelling') return record.document
    const next = this.#save(record, { status: 'cancelling', cancelling_at: this.#now() })
    for (const job of next.jobs) this.#parts.service.cancelJob(job)
    return next.document
  }

  /** A batch that is not over reads this file. */
  reads(fileId: string): boolean {
    return this.#parts.book
      .all()
      .some((record) => isRunning(record) && record.document.input_file_id === fileId)
  }

  /** Waits for what still writes; the jobs were stopped before, or go on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#running.values())
  }

  #start(record: BatchRecord): void {
    const { id } = record.document
    const work = this.#run(record)
      .catch((thrown: unknown) => {
        const { code } = asCocoonError(thrown)
        this.#parts.log.warn({ code, batch: id }, 'batch broke off')
        if (!this.#stopping.signal.aborted) this.#fail(this.#latest(id), code)
      })
      .finally(() => this.#running.delete(id))
    this.#running.set(id, work)
  }

  async #run(first: BatchRecord): Promise<void> {
    // The caller has its answer, `validating`, before the work begins.
    await Promise.resolve()
    const { id, input_file_id } = first.document
    const input = this.#input(input_file_id, EVERYBODY)
    if (input.errors.length > 0) {
      const errors = { object: 'list' as const, data: [...input.errors] }
      this.#save(first, { status: 'failed', failed_at: this.#now(), errors })
      return
    }
    const { lines, model } = input
    const tokensMax = await defaultTokensMax(this.#parts.service, model)
    const jobLines = lines.map((line) => toJobLine(line, tokensMax))
    let record = this.#latest(id)
    if (record.document.status === 'validating') {
      record = this.#save(record, { status: 'in_progress', in_progress_at: this.#now() })
    }
    for (let auctions = 0; ; auctions++) {
      // A restarted client knows no offers yet, and a failed auction is worth a pause.
      if (auctions > 0) await sleep(BATCH_PAUSE_MS, this.#stopping.signal)
      record = this.#latest(id)
      for (const job of record.jobs) await this.#parts.service.jobEnded(job)
      if (this.#stopping.signal.aborted) return
      const results = this.#results(record)
      const left = jobLines.filter(({ customId }) => !isAnswered(results.get(customId ?? '')))
      const isOver =
        left.length === 0 ||
        record.document.status !== 'in_progress' ||
        record.jobs.length >= BATCH_AUCTIONS_MAX ||
        this.#now() >= record.document.expires_at
      if (isOver) break
      await this.#auction(record, model, left).catch((thrown: unknown) => {
        if (asCocoonError(thrown).kind !== 'unavailable') throw thrown
      })
      if (this.#isAnswered(id, jobLines)) break
    }
    this.#finish(this.#latest(id), input)
  }

  #isAnswered(id: string, lines: readonly JobLine[]): boolean {
    const results = this.#results(this.#latest(id))
    return lines.every(({ customId }) => isAnswered(results.get(customId ?? '')))
  }

  /** One job, with what it may cost reserved in the key's budget until it has ended. */
  async #auction(record: BatchRecord, model: string, left: readonly JobLine[]): Promise<void> {
    const { service, keys } = this.#parts
    const key = this.#keyOf(record)
    const tierMin = key?.limits.tierMin
    const capNano = await this.#capNano(record, key, model, left)
    const hold: Hold | undefined =
      key === undefined
        ? undefined
        : keys.hold(key, key.limits.budgetNano === undefined ? 0n : (capNano ?? 0n))
    let jobId: string | undefined
    try {
      const job = await service.submitJob(model, left, capNano, tierMin)
      jobId = job.id
      this.#saveJob(this.#latest(record.document.id), jobId)
      if (this.#latest(record.document.id).document.status === 'cancelling')
        service.cancelJob(jobId)
      await service.jobEnded(jobId)
    } finally {
      if (key !== undefined && hold !== undefined) {
        keys.settle(key, hold, this.#spentBy(jobId))
      }
    }
  }

  async #capNano(
    record: BatchRecord,
    key: ApiKey | undefined,
    model: string,
    left: readonly JobLine[],
  ): Promise<bigint | undefined> {
    const { service, keys } = this.#parts
    const spent = record.jobs.reduce((sum, job) => sum + this.#spentBy(job).priceNano, 0n)
    const ownNano = record.maxPriceNano === null ? undefined : BigInt(record.maxPriceNano) - spent
    const budgetNano = key === undefined ? undefined : keys.leftNano(key)
    if (budgetNano === undefined) return ownNano
    let wantedNano = 0n
    for (const { messages, maxTokens, sampling } of left) {
      const greedy = { temperature: 0, topP: 1, seed: 0n, stop: [] }
      const request = { model, messages, maxTokens, ...(sampling ?? greedy) }
      wantedNano += (await service.estimate(request)).dearestPriceNano
    }
    return [budgetNano, ownNano ?? budgetNano, wantedNano].reduce((a, b) => (a < b ? a : b))
  }

  #finish(record: BatchRecord, input: BatchInput): void {
    const { files } = this.#parts
    const { account, document } = record
    const found = this.#results(record)
    const results = new Map(input.lines.map(({ customId }) => [customId, found.get(customId)]))
    const completed = [...results.values()].filter(isAnswered).length
    const counts = { total: results.size, completed, failed: results.size - completed }
    const written = batchFiles({
      batchId: document.id,
      model: input.model,
      created: document.created_at,
      results,
    })
    const add = (name: string, content: Uint8Array | undefined): string | null =>
      content === undefined
        ? null
        : files.add({ account, filename: name, purpose: 'batch_output', content }).id
    const final = finalStatus(document, completed, this.#now())
    this.#save(record, {
      ...final,
      finalizing_at: this.#now(),
      output_file_id: add(`${document.id}_output.jsonl`, written.output),
      error_file_id: add(`${document.id}_error.jsonl`, written.errors),
      request_counts: counts,
    })
  }

  #fail(record: BatchRecord, code: string): void {
    const message = 'the batch could not be run; docs/ERRORS.md explains the code'
    const data = [{ code, message, line: null, param: null }]
    this.#save(record, {
      status: 'failed',
      failed_at: this.#now(),
      errors: { object: 'list', data },
    })
  }

  /** By custom_id; an answer is kept over later failures of the same line. */
  #results(record: BatchRecord): Map<string, JobLineResult> {
    const results = new Map<string, JobLineResult>()
    for (const job of record.jobs) {
      for (const result of this.#parts.service.jobResults(job) ?? []) {
        const name = result.customId ?? ''
        if (!isAnswered(results.get(name))) results.set(name, result)
      }
    }
    return results
  }

  #spentBy(jobId: string | undefined) {
    const job = this.#parts.service.jobs().find(({ id }) => id === jobId)
    const results = jobId === undefined ? [] : (this.#parts.service.jobResults(jobId) ?? [])
    const sum = (of: 'promptTokens' | 'completionTokens') =>
      results.reduce((total, { usage }) => total + (usage?.[of] ?? 0), 0)
    return {
      priceNano: job?.spentNano ?? 0n,
      promptTokens: sum('promptTokens'),
      completionTokens: sum('completionTokens'),
    }
  }

  #keyOf({ account }: BatchRecord): ApiKey | undefined {
    return account === EVERYBODY.account ? undefined : this.#parts.keys.show(account)
  }

  #input(fileId: string, viewer: Pick<Caller, 'account' | 'isOwner'>): BatchInput {
    const { files } = this.#parts
    return readBatchInput(files.content(files.get(fileId, viewer)))
  }

  #latest(id: string): BatchRecord {
    return this.#parts.book.get(id, EVERYBODY)
  }

  #save(record: BatchRecord, change: Partial<BatchDocument>): BatchRecord {
    const next = { ...record, document: { ...record.document, ...change } }
    this.#parts.book.save(next)
    return next
  }

  #saveJob(record: BatchRecord, job: string): void {
    this.#parts.book.save({ ...record, jobs: [...record.jobs, job] })
  }

  #now(): number {
    return Math.floor(this.#parts.clock.nowMs() / 1000)
  }
}

const EMPTY = {
  object: 'batch',
  endpoint: BATCH_ENDPOINT,
  errors: null,
  completion_window: '24h',
  status: 'validating',
  output_file_id: null,
  error_file_id: null,
  in_progress_at: null,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
} as const

const isAnswered = (result: JobLineResult | undefined): boolean => result?.text !== undefined

function finalStatus(
  { status, expires_at }: BatchDocument,
  completed: number,
  now: number,
): Partial<BatchDocument> {
  if (status === 'cancelling') return { status: 'cancelled', cancelled_at: now }
  if (now >= expires_at) return { status: 'expired', expired_at: now }
  if (completed === 0) return { status: 'failed', failed_at: now }
  return { status: 'completed', completed_at: now }
}

function tooMany(): UnavailableError {
  return new UnavailableError('BATCHES_TOO_MANY', 'too many batches run, or are kept', {
    remedy: 'Wait until one has ended.',
    data: { retryAfterMs: 60 * BUSY_RETRY_AFTER_MS },
  })
}
