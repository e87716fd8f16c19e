/**
 * A light client cannot be dialled, so nobody can fetch its job from it. Providers that heard the job
 * carry it while bids are taken: they serve its signed record and stand in the DHT in its place. See
 * docs/decisions/016-light-clients.md.
 */
import type { Logger } from 'pino'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { OpenedJob } from '#protocol/market/job.ts'
import { jobKey } from '#protocol/market/topics.ts'
import type { Transport } from '#protocol/transport.ts'
import { answer } from './ask.ts'
import { JOB_PROTOCOL, REQUEST_BYTES_MAX } from './constants.ts'
import { answerJobs } from './job-answers.ts'
import { keepProviding } from './provide.ts'
import { pause } from './timing.ts'

export interface JobRelayOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly log: Logger
  /** The jobs this peer follows; bounded by WORKER_JOBS_MAX. */
  readonly jobs: () => readonly OpenedJob[]
}

export class JobRelay {
  readonly #options: JobRelayOptions
  /** When the last open job of a model, by its root, stops taking bids. */
  readonly #openUntilMs = new Map<string, number>()

  constructor(options: JobRelayOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    return this.#options.transport.handle(JOB_PROTOCOL, (stream) =>
      answer(stream, REQUEST_BYTES_MAX, (question) => answerJobs(question, this.#openJobs())),
    )
  }

  /** Resolves when the job takes no more bids, or the signal aborts. One DHT record a model. */
  async carry(job: OpenedJob, stopped: AbortSignal): Promise<void> {
    const { transport, crypto, clock, log } = this.#options
    const { modelRoot, addresses, bidsCloseAtMs } = job.contents
    if (addresses.length > 0) return
    const root = toHex(modelRoot)
    const known = this.#openUntilMs.get(root)
    this.#openUntilMs.set(root, Math.max(known ?? 0, bidsCloseAtMs))
    if (known !== undefined) return
    const done = new AbortController()
    const signal = AbortSignal.any([stopped, done.signal])
    const providing = keepProviding(transport, jobKey(crypto, modelRoot), signal, log)
    for (;;) {
      const leftMs = (this.#openUntilMs.get(root) ?? 0) - clock.nowMs()
      if (leftMs <= 0 || !(await pause(leftMs, stopped))) break
    }
    this.#openUntilMs.delete(root)
    done.abort()
    await providing
  }

  #openJobs(): OpenedJob[] {
    const nowMs = this.#options.clock.nowMs()
    return this.#options.jobs().filter(({ contents }) => contents.bidsCloseAtMs > nowMs)
  }
}
