/** Finding work through the DHT: who announced jobs for a model, and what those jobs are. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Logger } from 'pino'
import { equal } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { JOBS_RESPONSE_MAX } from '#protocol/market/constants.ts'
import { type OpenedJob, openJob } from '#protocol/market/job.ts'
import { RecordRefusedError } from '#protocol/market/records.ts'
import { jobKey } from '#protocol/market/topics.ts'
import type { PeerRef, Transport } from '#protocol/transport.ts'
import { JobsRequestSchema, JobsResponseSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { ask } from './ask.ts'
import {
  ASKED_PEERS_MAX,
  ASKS_PARALLEL_MAX,
  JOB_PROTOCOL,
  JOB_UNREACHABLE_MS,
  JOBS_RESPONSE_BYTES_MAX,
} from './constants.ts'
import { forEachLimited } from './timing.ts'

export interface JobSearchOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  readonly log: Logger
  readonly onJob: (job: OpenedJob) => void
}

type Found = PeerRef & { readonly addresses: readonly string[] }

export class JobSearch {
  readonly #options: JobSearchOptions
  /** DHT records outlive their clients: whoever could not be reached rests for a while. */
  #unreachableUntilMs = new Map<string, number>()

  constructor(options: JobSearchOptions) {
    this.#options = options
  }

  async look(modelRoot: Uint8Array, signal: AbortSignal): Promise<void> {
    const { transport, crypto } = this.#options
    const nowMs = this.#options.clock.nowMs()
    this.#unreachableUntilMs = new Map(
      [...this.#unreachableUntilMs].filter(([, untilMs]) => untilMs > nowMs),
    )
    const found: Found[] = []
    for await (const peer of transport.findProviders(jobKey(crypto, modelRoot), signal)) {
      if (!this.#unreachableUntilMs.has(peer.peerId)) found.push(peer)
      if (found.length >= ASKED_PEERS_MAX) break
    }
    await forEachLimited(found, ASKS_PARALLEL_MAX, (peer) => this.#ask(peer, modelRoot, signal))
  }

  async #ask(peer: Found, modelRoot: Uint8Array, signal: AbortSignal): Promise<void> {
    const { transport, clock, log } = this.#options
    const question = toBinary(JobsRequestSchema, create(JobsRequestSchema, { modelRoot }))
    try {
      const { bytes } = await ask(transport, peer.peerId, JOB_PROTOCOL, question, {
        ...{ signal, addresses: peer.addresses, answerBytesMax: JOBS_RESPONSE_BYTES_MAX },
      })
      const { jobs } = fromBinary(JobsResponseSchema, bytes, { readUnknownFields: false })
      for (const record of jobs.slice(0, JOBS_RESPONSE_MAX)) this.#take(record, modelRoot)
    } catch (error) {
      this.#unreachableUntilMs.set(peer.peerId, clock.nowMs() + JOB_UNREACHABLE_MS)
      log.debug({ peer: peer.peerId, error: String(error) }, 'a client did not give its jobs')
    }
  }

  #take(record: Parameters<typeof openJob>[1], modelRoot: Uint8Array): void {
    const { crypto, clock, globalId, onJob } = this.#options
    try {
      const job = openJob(crypto, record, { globalId, nowMs: clock.nowMs() })
      // Whoever serves it: a record is signed by its job's key and stands for itself.
      if (equal(job.contents.modelRoot, modelRoot)) onJob(job)
    } catch (error) {
      if (!(error instanceof RecordRefusedError)) throw error
    }
  }
}
