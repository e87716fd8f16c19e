/**
 * The client's side of the batch market: announces a job by gossip and in the DHT, serves its record
 * over /cocoon/job/1, collects and acknowledges bids, awards, closes, and keeps the transcript.
 */
import type { Logger } from 'pino'
import { peerIdOf } from '#node/network/peer-ids.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { type Auction, type BidRefusal, openAuction } from '#protocol/market/auction.ts'
import { ADDRESSES_MAX } from '#protocol/market/constants.ts'
import {
  type JobTerms,
  type OpenedBid,
  type OpenedJob,
  openJob,
  signJob,
} from '#protocol/market/job.ts'
import type { OpenedJobMessage } from '#protocol/market/job-message.ts'
import { jobKey } from '#protocol/market/topics.ts'
import type { Transcript } from '#protocol/market/transcript.ts'
import type { Transport } from '#protocol/transport.ts'
import { answer } from './ask.ts'
import { AuctionRun } from './auction-run.ts'
import { CLIENT_JOBS_MAX, JOB_PROTOCOL, REQUEST_BYTES_MAX } from './constants.ts'
import { answerJobs } from './job-answers.ts'
import { JobTopics, jobNameOf } from './job-topic.ts'
import { keepProviding } from './provide.ts'

/** Shape of the work; sums are over all lines. No content. */
export interface JobSpec
  extends Pick<
    JobTerms,
    | 'modelRoot'
    | 'lines'
    | 'promptTokens'
    | 'completionTokensMax'
    | 'priceCapNano'
    | 'tierMin'
    | 'readersMax'
  > {
  /** How long bids are taken, from now. */
  readonly biddingMs: number
  /** When the work must be done, from now; longer than biddingMs. */
  readonly deadlineInMs: number
}

export interface AuctionWinner {
  /** Hexadecimal identity key. */
  readonly provider: string
  readonly identityKey: Uint8Array
  readonly peerId: string
  readonly bid: OpenedBid
}

export interface AuctionOutcome {
  /** Hexadecimal name of the job record. */
  readonly jobId: string
  readonly job: OpenedJob
  /** Undefined: nobody bid acceptably. */
  readonly winner: AuctionWinner | undefined
  readonly bids: readonly OpenedBid[]
  /** Bids that did not count, by reason. */
  readonly refused: Auction['refused']
  /** What anyone needs to check the award. */
  readonly transcript: Transcript
}

export interface AuctionOptions {
  /** Awards as soon as so many bids are in; undefined: when bidding closes. */
  readonly bidsExpected?: number
  readonly signal?: AbortSignal
  readonly onAnnounced?: (job: OpenedJob) => void
  readonly onBid?: (bid: OpenedBid) => void
  readonly onRefused?: (bid: OpenedBid, reason: BidRefusal) => void
  readonly onAwarded?: (winner: AuctionWinner) => void
}

export interface JobClientOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  readonly log: Logger
}

export interface JobClient {
  /**
   * Runs one auction to its close.
   * @throws ConfigError TOO_MANY_JOBS, JOB_INVALID
   * @throws the signal's reason when it aborts before the close
   */
  auction(spec: JobSpec, options?: AuctionOptions): Promise<AuctionOutcome>
  stop(): Promise<void>
}

export async function startJobClient(options: JobClientOptions): Promise<JobClient> {
  const client = new Client(options)
  await client.start()
  return client
}

class Client implements JobClient {
  readonly #options: JobClientOptions
  readonly #topics: JobTopics
  readonly #stopped = new AbortController()
  /** Open auctions by hexadecimal job name. */
  readonly #runs = new Map<string, AuctionRun>()

  constructor(options: JobClientOptions) {
    this.#options = options
    this.#topics = new JobTopics({ ...options, onMessage: (message) => this.#hear(message) })
  }

  start(): Promise<void> {
    return this.#options.transport.handle(JOB_PROTOCOL, (stream) =>
      answer(stream, REQUEST_BYTES_MAX, (question) =>
        answerJobs(
          question,
          [...this.#runs.values()].map(({ job }) => job),
        ),
      ),
    )
  }

  async auction(spec: JobSpec, options: AuctionOptions = {}): Promise<AuctionOutcome> {
    if (this.#runs.size >= CLIENT_JOBS_MAX) {
      throw new ConfigError('TOO_MANY_JOBS', `${this.#runs.size} jobs are open already`)
    }
    const { transport, crypto, clock, globalId, log } = this.#options
    const key = crypto.ed25519FromSeed(crypto.randomBytes(32))
    const job = this.#makeJob(spec, key)
    const run = new AuctionRun({
      ...{ transport, crypto, clock, globalId, log, key, stopped: this.#stopped.signal },
      onRefused: options.onRefused,
      onBid: options.onBid,
      auction: openAuction(job, options.bidsExpected),
    })
    this.#topics.follow(spec.modelRoot)
    this.#runs.set(toHex(job.hash), run)
    const signals = [this.#stopped.signal, ...(options.signal ? [options.signal] : [])]
    const announcing = new AbortController()
    const whileOpen = AbortSignal.any([...signals, announcing.signal])
    try {
      // Nobody can dial a peer without an address: others carry its job (job-relay.ts).
      if (transport.addresses().length > 0) {
        void keepProviding(transport, jobKey(crypto, spec.modelRoot), whileOpen, log)
      }
      options.onAnnounced?.(job)
      const outcome = outcomeOf(await run.untilClosed(AbortSignal.any(signals)), job)
      if (outcome.winner !== undefined) options.onAwarded?.(outcome.winner)
      return outcome
    } finally {
      announcing.abort()
      this.#runs.delete(toHex(job.hash))
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new ConfigError('CLIENT_STOPPED', 'the client stopped'))
    this.#topics.close()
  }

  #makeJob(spec: JobSpec, key: Ed25519KeyPair): OpenedJob {
    const { transport, crypto, clock, globalId } = this.#options
    const { biddingMs, deadlineInMs, ...shape } = spec
    const nowMs = clock.nowMs()
    const record = signJob(crypto, key, {
      ...shape,
      globalId,
      issuedAtMs: nowMs,
      bidsCloseAtMs: nowMs + biddingMs,
      deadlineMs: nowMs + deadlineInMs,
      clientIdentityKey: transport.self.identityKey,
      addresses: transport.addresses().slice(0, ADDRESSES_MAX),
    })
    try {
      return openJob(crypto, record, { globalId, nowMs })
    } catch (cause) {
      throw new ConfigError('JOB_INVALID', 'no peer would take this job record', { cause })
    }
  }

  #hear(message: OpenedJobMessage): void {
    if (message.kind === 'bid') this.#runs.get(jobNameOf(message))?.take(message.bid)
  }
}

function outcomeOf(
  closed: { readonly auction: Auction; readonly transcript: Transcript },
  job: OpenedJob,
): AuctionOutcome {
  const { auction, transcript } = closed
  const bid = auction.winner
  const winner = bid && {
    provider: toHex(bid.signer),
    identityKey: bid.signer,
    peerId: peerIdOf(bid.signer),
    bid,
  }
  const bids = [...auction.bids.values()]
  return { jobId: toHex(job.hash), job, winner, bids, refused: auction.refused, transcript }
}
