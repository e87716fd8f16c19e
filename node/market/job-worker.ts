/**
 * The provider's side of the batch market: looks for jobs on the topic and through the DHT, gossips a
 * signed bid until it is acknowledged, and learns who won.
 */
import type { Logger } from 'pino'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { compareBids } from '#protocol/market/auction.ts'
import { type BidderState, decideBid } from '#protocol/market/bidding.ts'
import { type OpenedBid, type OpenedJob, openBid, signBid } from '#protocol/market/job.ts'
import { encodeJobMessage, type OpenedJobMessage } from '#protocol/market/job-message.ts'
import { jobTopic } from '#protocol/market/topics.ts'
import type { Transport } from '#protocol/transport.ts'
import type { SignedRecord } from '#protocol/wire/gen/cocoon_pb.ts'
import {
  BID_SENDS_MAX,
  JOB_POLL_MS,
  REPEAT_FIRST_MS,
  REPEAT_MAX_MS,
  WORKER_JOBS_MAX,
} from './constants.ts'
import { JobRelay } from './job-relay.ts'
import { JobSearch } from './job-search.ts'
import { JobTopics, jobNameOf } from './job-topic.ts'
import { doubling, pause } from './timing.ts'

export type JobWorkerEvent =
  | { readonly kind: 'seen'; readonly job: OpenedJob; readonly via: 'gossip' | 'dht' }
  | { readonly kind: 'passed'; readonly job: OpenedJob; readonly reason: string }
  | { readonly kind: 'bid'; readonly job: OpenedJob; readonly bid: OpenedBid }
  | { readonly kind: 'acknowledged'; readonly job: OpenedJob }
  /** This provider won: the client will open a session and seal the lines to it. */
  | { readonly kind: 'awarded'; readonly job: OpenedJob; readonly bid: OpenedBid }
  /** Closed without us. `winner` only when its bid was heard on the topic. */
  | {
      readonly kind: 'lost'
      readonly job: OpenedJob
      readonly own: OpenedBid | undefined
      readonly winner: OpenedBid | undefined
    }
  /** Acknowledged, yet not in the close: both records together prove it. */
  | {
      readonly kind: 'left-out'
      readonly job: OpenedJob
      readonly acknowledgement: SignedRecord
      readonly close: SignedRecord
    }

export interface JobWorkerOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly identity: Ed25519KeyPair
  readonly clock: Clock
  readonly globalId: number
  readonly log: Logger
  /** Models whose jobs are looked for. */
  readonly modelRoots: readonly Uint8Array[]
  /** This provider's state for a model right now, or undefined: not served. */
  readonly bidder: (modelRoot: Uint8Array) => BidderState | undefined
  readonly onEvent?: (event: JobWorkerEvent) => void
}

export interface JobWorker {
  /** Asks the DHT for work now, besides every 5 s. */
  look(signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}

interface Followed {
  readonly job: OpenedJob
  readonly bid: OpenedBid | undefined
  acknowledgement: SignedRecord | undefined
  /** The best bid of somebody else that was heard, to say later why ours was lost. */
  rival: OpenedBid | undefined
  outcome: 'open' | 'awarded' | 'lost' | 'left-out'
}

export function startJobWorker(options: JobWorkerOptions): JobWorker {
  const worker = new Worker(options)
  worker.start()
  return worker
}

class Worker implements JobWorker {
  readonly #options: JobWorkerOptions
  readonly #topics: JobTopics
  readonly #search: JobSearch
  readonly #relay: JobRelay
  readonly #stopped = new AbortController()
  readonly #jobs = new Map<string, Followed>()
  readonly #work = new Set<Promise<void>>()

  constructor(options: JobWorkerOptions) {
    this.#options = options
    this.#topics = new JobTopics({ ...options, onMessage: (message) => this.#hear(message) })
    this.#search = new JobSearch({ ...options, onJob: (job) => this.#consider(job, 'dht') })
    this.#relay = new JobRelay({
      ...options,
      jobs: () => [...this.#jobs.values()].map(({ job }) => job),
    })
  }

  start(): void {
    for (const modelRoot of this.#options.modelRoots) this.#topics.follow(modelRoot)
    this.#track(this.#relay.start())
    this.#track(this.#poll())
  }

  async look(signal?: AbortSignal): Promise<void> {
    const limits = signal === undefined ? [] : [signal]
    const limit = AbortSignal.any([this.#stopped.signal, ...limits])
    for (const modelRoot of this.#options.modelRoots) await this.#search.look(modelRoot, limit)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#topics.close()
    await Promise.all(this.#work)
  }

  async #poll(): Promise<void> {
    do {
      await this.look().catch((error: unknown) => {
        this.#options.log.debug({ error: String(error) }, 'looking for work failed')
      })
    } while (await pause(JOB_POLL_MS, this.#stopped.signal))
  }

  #hear(message: OpenedJobMessage): void {
    if (message.kind === 'job') this.#consider(message.job, 'gossip')
    const followed = this.#jobs.get(jobNameOf(message))
    if (followed?.bid === undefined || followed.outcome !== 'open') return
    if (message.kind === 'bid') this.#hearRival(followed, message.bid)
    this.#follow(message, followed, followed.bid)
  }

  /** Only the job's own key speaks for the job. An award to somebody else waits for the close. */
  #follow(message: OpenedJobMessage, followed: Followed, own: OpenedBid): void {
    const isFromClient = (opened: { readonly signer: Uint8Array }) =>
      equal(opened.signer, followed.job.signer)
    if (message.kind === 'acknowledgement' && isFromClient(message.acknowledgement)) {
      const { contents, record } = message.acknowledgement
      if (equal(contents.bidHash, own.hash)) this.#acknowledged(followed, record)
    } else if (message.kind === 'award' && isFromClient(message.award)) {
      if (equal(message.award.contents.bidHash, own.hash)) this.#ended(followed, own.hash)
    } else if (message.kind === 'close' && isFromClient(message.close)) {
      const { bidHashes, winningBidHash } = message.close.contents
      if (bidHashes.some((hash) => equal(hash, own.hash))) this.#ended(followed, winningBidHash)
      else this.#leftOut(followed, message.close.record)
    }
  }

  #consider(job: OpenedJob, via: 'gossip' | 'dht'): void {
    const name = toHex(job.hash)
    const own = this.#options.bidder(job.contents.modelRoot)
    if (own === undefined || this.#jobs.has(name) || !this.#hasRoom()) return
    this.#emit({ kind: 'seen', job, via })
    this.#track(this.#relay.carry(job, this.#stopped.signal))
    const decision = decideBid(job, own, this.#options.clock.nowMs())
    if (decision.kind === 'pass') {
      this.#jobs.set(name, {
        ...{ job, bid: undefined, acknowledgement: undefined, rival: undefined },
        outcome: 'lost',
      })
      this.#emit({ kind: 'passed', job, reason: decision.reason })
      return
    }
    const { crypto, identity, globalId, clock } = this.#options
    const record = signBid(crypto, identity, decision.bid)
    const bid = openBid(crypto, record, { globalId, nowMs: clock.nowMs() })
    const followed: Followed = {
      ...{ job, bid, acknowledgement: undefined, rival: undefined },
      outcome: 'open',
    }
    this.#jobs.set(name, followed)
    this.#emit({ kind: 'bid', job, bid })
    this.#track(this.#sendBid(followed, bid))
  }

  /** Gossip gives no promise: the bid is sent again until acknowledged, closed, or too late. */
  async #sendBid(followed: Followed, bid: OpenedBid): Promise<void> {
    const { transport, globalId, clock, log } = this.#options
    const { modelRoot, bidsCloseAtMs } = followed.job.contents
    const pauses = doubling(REPEAT_FIRST_MS, REPEAT_MAX_MS)
    for (let sends = 0; sends < BID_SENDS_MAX; sends += 1) {
      const isPending = followed.outcome === 'open' && followed.acknowledgement === undefined
      if (!isPending || clock.nowMs() >= bidsCloseAtMs) return
      await transport
        .publish(jobTopic(globalId, modelRoot), encodeJobMessage('bid', bid.record))
        .catch((error: unknown) => log.debug({ error: String(error) }, 'a bid was not gossiped'))
      if (!(await pause(pauses.next().value, this.#stopped.signal))) return
    }
  }

  #hearRival(followed: Followed, bid: OpenedBid): void {
    const isOwn = followed.bid !== undefined && equal(bid.signer, followed.bid.signer)
    if (isOwn) return
    if (followed.rival === undefined || compareBids(bid, followed.rival) < 0) followed.rival = bid
  }

  #acknowledged(followed: Followed, record: SignedRecord): void {
    if (followed.acknowledgement !== undefined) return
    followed.acknowledgement = record
    this.#emit({ kind: 'acknowledged', job: followed.job })
  }

  #ended(followed: Followed, winningBidHash: Uint8Array | undefined): void {
    const { bid, job } = followed
    const isOurs = bid !== undefined && winningBidHash && equal(bid.hash, winningBidHash)
    followed.outcome = isOurs ? 'awarded' : 'lost'
    if (isOurs) this.#emit({ kind: 'awarded', job, bid })
    else this.#lost(followed, winningBidHash)
  }

  #lost(followed: Followed, winningBidHash: Uint8Array | undefined): void {
    const { job, bid, rival } = followed
    const isWinner = rival !== undefined && winningBidHash && equal(rival.hash, winningBidHash)
    this.#emit({ kind: 'lost', job, own: bid, winner: isWinner ? rival : undefined })
  }

  #leftOut(followed: Followed, close: SignedRecord): void {
    const { job, acknowledgement } = followed
    followed.outcome = acknowledgement === undefined ? 'lost' : 'left-out'
    if (acknowledgement === undefined) this.#lost(followed, undefined)
    else this.#emit({ kind: 'left-out', job, acknowledgement, close })
  }

  /** Jobs past their deadline leave; when all are running, new ones are not followed. */
  #hasRoom(): boolean {
    if (this.#jobs.size < WORKER_JOBS_MAX) return true
    const nowMs = this.#options.clock.nowMs()
    for (const [name, { job, outcome }] of this.#jobs) {
      const isDone = outcome !== 'open' && nowMs >= job.contents.bidsCloseAtMs
      if (isDone || nowMs >= job.contents.deadlineMs) this.#jobs.delete(name)
    }
    return this.#jobs.size < WORKER_JOBS_MAX
  }

  #emit(event: JobWorkerEvent): void {
    this.#options.onEvent?.(event)
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#options.log.warn({ error: String(error) }, 'job worker')
      })
      .finally(() => this.#work.delete(tracked))
    this.#work.add(tracked)
  }
}
