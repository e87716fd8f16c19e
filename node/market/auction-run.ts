/** One running auction: the pure rules of protocol/market/auction.ts, with gossip and timers. */
import type { Logger } from 'pino'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import {
  type Auction,
  type AuctionEffect,
  type AuctionEvent,
  type BidRefusal,
  stepAuction,
} from '#protocol/market/auction.ts'
import {
  type OpenedBid,
  type OpenedJob,
  signAcknowledgement,
  signAward,
  signClose,
} from '#protocol/market/job.ts'
import { encodeJobMessage, type JobMessageKind } from '#protocol/market/job-message.ts'
import { jobTopic } from '#protocol/market/topics.ts'
import type { Transcript } from '#protocol/market/transcript.ts'
import type { Transport } from '#protocol/transport.ts'
import type { SignedRecord } from '#protocol/wire/gen/cocoon_pb.ts'
import { CLOSE_REPEATS_MS, REPEAT_FIRST_MS, REPEAT_MAX_MS } from './constants.ts'
import { doubling, pause } from './timing.ts'

export interface AuctionRunOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  readonly log: Logger
  /** One-time job key. */
  readonly key: Ed25519KeyPair
  readonly auction: Auction
  readonly stopped: AbortSignal
  readonly onBid: ((bid: OpenedBid) => void) | undefined
  readonly onRefused: ((bid: OpenedBid, reason: BidRefusal) => void) | undefined
}

export interface ClosedAuction {
  readonly auction: Auction
  readonly transcript: Transcript
}

export class AuctionRun {
  readonly #options: AuctionRunOptions
  readonly #topic: string
  readonly #acknowledgements = new Map<string, SignedRecord>()
  readonly #closed = Promise.withResolvers<void>()
  #auction: Auction
  #award: SignedRecord | undefined
  #close: SignedRecord | undefined

  constructor(options: AuctionRunOptions) {
    this.#options = options
    this.#auction = options.auction
    this.#topic = jobTopic(options.globalId, options.auction.job.contents.modelRoot)
  }

  get job(): OpenedJob {
    return this.#auction.job
  }

  take(bid: OpenedBid): void {
    this.#step({ kind: 'bid', bid })
  }

  /** Announces the job until bidding ends. @throws the signal's reason */
  async untilClosed(signal: AbortSignal): Promise<ClosedAuction> {
    const over = new AbortController()
    const whileOpen = AbortSignal.any([signal, over.signal])
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      void this.#announce(whileOpen)
      void this.#closeInTime(whileOpen)
      await Promise.race([this.#closed.promise, aborted.promise])
    } catch (error) {
      this.#withdraw()
      throw error
    } finally {
      over.abort()
      signal.removeEventListener('abort', onAbort)
    }
    return { auction: this.#auction, transcript: this.#transcript() }
  }

  #step(event: AuctionEvent): void {
    const { state, effects } = stepAuction(this.#auction, event, this.#options.clock.nowMs())
    this.#auction = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: AuctionEffect): void {
    const { crypto, key, onRefused } = this.#options
    const jobId = this.job.hash
    if (effect.kind === 'refused') {
      onRefused?.(effect.bid, effect.reason)
    } else if (effect.kind === 'acknowledge') {
      this.#acknowledge(effect.bid)
    } else if (effect.kind === 'award') {
      const { winner, awardedAtMs } = effect
      this.#award = signAward(crypto, key, { jobId, bidHash: winner.hash, awardedAtMs })
    } else {
      const { bidHashes, winningBidHash } = effect
      this.#close = signClose(crypto, key, { jobId, bidHashes, winningBidHash })
      this.#closed.resolve()
      void this.#sendOutcome()
    }
  }

  /** Given up by the client: a close without a winner, so that bidders need not wait. */
  #withdraw(): void {
    if (this.#close !== undefined) return
    const bidHashes = [...this.#auction.bids.keys()].sort().map((name) => this.#bidHash(name))
    const { crypto, key } = this.#options
    const jobId = this.job.hash
    const close = signClose(crypto, key, { jobId, bidHashes, winningBidHash: undefined })
    void this.#publish('close', close)
  }

  #bidHash(name: string): Uint8Array {
    return this.#auction.bids.get(name)!.hash
  }

  #acknowledge(bid: OpenedBid): void {
    const { crypto, key, onBid } = this.#options
    const name = toHex(bid.hash)
    const known = this.#acknowledgements.get(name)
    const record = known ?? signAcknowledgement(crypto, key, this.job.hash, bid.hash)
    this.#acknowledgements.set(name, record)
    if (known === undefined) onBid?.(bid)
    void this.#publish('acknowledgement', record)
  }

  async #announce(signal: AbortSignal): Promise<void> {
    for (const pauseMs of doubling(REPEAT_FIRST_MS, REPEAT_MAX_MS)) {
      if (signal.aborted) return
      await this.#publish('job', this.job.record)
      if (!(await pause(pauseMs, signal))) return
    }
  }

  async #closeInTime(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const { bidsCloseAtMs } = this.job.contents
    // The clock may be moved; the auction ends by what it says, not by how long was slept.
    while (await pause(Math.max(1, Math.min(1_000, bidsCloseAtMs - clock.nowMs())), signal)) {
      this.#step({ kind: 'tick' })
    }
  }

  async #sendOutcome(): Promise<void> {
    for (const afterMs of [0, ...CLOSE_REPEATS_MS]) {
      if (afterMs > 0 && !(await pause(afterMs, this.#options.stopped))) return
      if (this.#award !== undefined) await this.#publish('award', this.#award)
      if (this.#close !== undefined) await this.#publish('close', this.#close)
    }
  }

  async #publish(kind: JobMessageKind, record: SignedRecord): Promise<void> {
    try {
      await this.#options.transport.publish(this.#topic, encodeJobMessage(kind, record))
    } catch (error) {
      this.#options.log.debug({ kind, error: String(error) }, 'a job record was not gossiped')
    }
  }

  #transcript(): Transcript {
    if (this.#close === undefined) throw new Error('unreachable: the auction is closed')
    return {
      job: this.job.record,
      bids: [...this.#auction.bids.values()].map(({ record }) => record),
      acknowledgements: [...this.#acknowledgements.values()],
      award: this.#award,
      close: this.#close,
    }
  }
}
