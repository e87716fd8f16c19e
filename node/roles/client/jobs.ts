/**
 * Batch jobs on the client's side: shape announced, bids gathered, one winner awarded, lines sealed to
 * it one after the other, results in the order of the lines. Texts lie in the owner's own file only.
 */
import type { AuctionOutcome, JobClient } from '#node/market/job-client.ts'
import { toHex } from '#protocol/bytes.ts'
import { asCocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { AssuranceTier } from '#protocol/market/tier.ts'
import { priceNano } from '#protocol/money.ts'
import type {
  BidView,
  ChatEvent,
  ChatRequest,
  JobLine,
  JobLineResult,
  JobView,
  Spent,
} from '../client-service.ts'
import { JOB_BIDDING_MS, JOB_DEADLINE_MS, JOB_LINES_PARALLEL_MAX } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import type { AwardedProvider } from './choosing.ts'
import { JobBook, type JobBookComponents, noResult } from './job-book.ts'
import type { ClientModels } from './models.ts'

export interface JobsComponents extends JobBookComponents {
  readonly models: ClientModels
  readonly auctions: JobClient
  readonly emit: EmitEvent
  /** Complete offers for a model that are known now. */
  readonly offers: (modelRoot: Uint8Array) => readonly Offer[]
  /** Answers one line with one provider alone, at no more than its bid. */
  readonly chatWith: (
    winner: AwardedProvider,
    request: ChatRequest,
    signal: AbortSignal,
    onSpent: (spent: Spent) => void,
  ) => AsyncIterable<ChatEvent>
}

/** The price cap when the owner names none: this many times the dearest offer. */
const CAP_FACTOR = 2n

export class ClientJobs {
  readonly #parts: JobsComponents
  readonly #book: JobBook
  readonly #stopped = new AbortController()
  readonly #running = new Map<
    string,
    { readonly done: Promise<void>; readonly cancel: AbortController }
  >()

  constructor(parts: JobsComponents) {
    this.#parts = parts
    this.#book = new JobBook(parts)
  }

  list(): readonly JobView[] {
    return this.#book.list()
  }

  results(id: string): readonly JobLineResult[] | undefined {
    return this.#book.results(id)
  }

  /**
   * Announces the job and returns; its lines run when the auction has a winner.
   * @throws ConfigError MODEL_UNKNOWN, JOB_EMPTY, JOB_INVALID, TOO_MANY_JOBS
   * @throws UnavailableError NO_PROVIDER when no offer gives a price to cap
   */
  async submit(
    modelId: string,
    lines: readonly JobLine[],
    capNano?: bigint,
    tierMin: AssuranceTier = 'simulated',
  ): Promise<JobView> {
    const { models, auctions } = this.#parts
    if (lines.length === 0) throw new ConfigError('JOB_EMPTY', 'the job has no lines')
    const model = models.find(modelId)
    const { tokenizer } = await models.load(model)
    const promptTokens = lines.reduce(
      (sum, { messages, sampling }) => sum + tokenizer.encodeChat(messages, sampling?.tools).length,
      0,
    )
    const completionTokensMax = lines.reduce((sum, line) => sum + line.maxTokens, 0)
    const priceCapNano = capNano ?? this.#defaultCap(model.root, promptTokens, completionTokensMax)
    const announced = Promise.withResolvers<string>()
    const cancel = new AbortController()
    const signal = AbortSignal.any([this.#stopped.signal, cancel.signal])
    const auction = auctions.auction(
      {
        modelRoot: model.root,
        lines: lines.length,
        promptTokens,
        completionTokensMax,
        priceCapNano,
        tierMin,
        readersMax: 1,
        biddingMs: JOB_BIDDING_MS,
        deadlineInMs: JOB_DEADLINE_MS,
      },
      {
        signal,
        onAnnounced: (job) => announced.resolve(toHex(job.hash)),
      },
    )
    auction.catch(announced.reject)
    const id = await announced.promise
    this.#book.open(id, modelId, lines.length)
    this.#event(id, 'announced', `${lines.length} lines, cap ${priceCapNano} nanoTON`)
    this.#track(id, this.#run(id, auction, modelId, lines, signal), cancel)
    return this.#book.get(id)
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new UnavailableError('CLIENT_STOPPED', 'this client is shutting down'))
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  cancel(id: string): void {
    const reason = new UnavailableError('JOB_CANCELLED', 'the job was cancelled')
    this.#running.get(id)?.cancel.abort(reason)
  }

  async ended(id: string): Promise<void> {
    await this.#running.get(id)?.done
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
    signal: AbortSignal,
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
      this.#book.update(id, { bids, winner: winner?.provider })
      if (winner === undefined) {
        throw new UnavailableError('JOB_NO_BIDS', 'no provider bid within the cap and deadline', {
          remedy: 'Raise the price cap or give more time.',
        })
      }
      this.#event(id, 'awarded', winner.provider.slice(0, 12))
      this.#book.update(id, { status: 'running' })
      const { provider, bid } = winner
      const awarded = { provider, pricesMax: bid.contents.prices }
      await this.#runLines(id, awarded, model, lines, signal)
      if (this.#book.results(id)?.every((line) => line.error !== undefined)) {
        throw new UnavailableError('JOB_LINES_FAILED', 'no line of the job was answered', {
          remedy: 'Look at the error of each line, then submit the job again.',
        })
      }
      this.#book.update(id, { status: 'done' })
      this.#event(id, 'done', `${lines.length} lines`)
    } catch (thrown) {
      const error = asCocoonError(thrown)
      this.#book.update(id, { status: 'failed', error: `${error.code}: ${error.message}` })
      this.#event(id, 'failed', error.code)
    }
  }

  async #runLines(
    id: string,
    winner: AwardedProvider,
    model: string,
    lines: readonly JobLine[],
    signal: AbortSignal,
  ): Promise<void> {
    const left = lines.map((line, index) => ({ line, index }))
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        signal.throwIfAborted()
        await this.#runLine(id, winner, toRequest(model, next.line), next, signal)
      }
    }
    const workers = Array.from({ length: JOB_LINES_PARALLEL_MAX }, worker)
    const [failed] = (await Promise.allSettled(workers)).filter((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #runLine(
    id: string,
    winner: AwardedProvider,
    request: ChatRequest,
    { line, index }: { readonly line: JobLine; readonly index: number },
    signal: AbortSignal,
  ): Promise<void> {
    const billed = Promise.withResolvers<Spent>()
    let result: JobLineResult = { ...noResult, index, customId: line.customId }
    try {
      for await (const event of this.#parts.chatWith(winner, request, signal, billed.resolve)) {
        if (event.kind !== 'done') continue
        const { text, finish, receiptId, usage } = event.result
        result = { ...result, text, finish, receiptId, usage }
      }
    } catch (thrown) {
      result = { ...result, error: asCocoonError(thrown).code }
    }
    const { priceNano: spentNano } = await billed.promise
    this.#book.addResult(id, result, spentNano)
    this.#event(id, 'line', `${index + 1}: ${result.error ?? 'done'}`)
  }

  #event(
    jobId: string,
    action: 'announced' | 'bid' | 'awarded' | 'line' | 'done' | 'failed',
    detail: string,
  ): void {
    this.#parts.emit({ kind: 'job', jobId, action, detail })
  }

  #track(id: string, work: Promise<void>, cancel: AbortController): void {
    const done = work
      .catch((error: unknown) => {
        const { code, message } = asCocoonError(error)
        this.#parts.emit({ kind: 'warning', code, message })
      })
      .finally(() => this.#running.delete(id))
    this.#running.set(id, { done, cancel })
  }
}

/** Without sampling of its own a line is answered greedily. */
function toRequest(model: string, { messages, maxTokens, sampling }: JobLine): ChatRequest {
  return { ...(sampling ?? GREEDY), model, messages, maxTokens }
}

const GREEDY = { temperature: 0, topP: 1, seed: 0n, stop: [] } as const
