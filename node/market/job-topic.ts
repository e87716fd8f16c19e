/** Listening on a job topic: opens each record once, forwards what is sound, hands it on. */
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type OpenedJobMessage, openJobMessage } from '#protocol/market/job-message.ts'
import { RecordRefusedError, type RefusalReason } from '#protocol/market/records.ts'
import { jobTopic } from '#protocol/market/topics.ts'
import type { GossipVerdict, PeerRef, Subscription, Transport } from '#protocol/transport.ts'
import { AuthorRate, verdictOf } from './gossip-guard.ts'

export interface JobTopicOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  readonly onMessage: (message: OpenedJobMessage) => void
}

/** Follows job topics by model root; a topic shared by several models is joined once. */
export class JobTopics {
  readonly #options: JobTopicOptions
  readonly #rate = new AuthorRate()
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #dropped = new Map<RefusalReason, number>()

  constructor(options: JobTopicOptions) {
    this.#options = options
  }

  /** Dropped records by reason. */
  get dropped(): ReadonlyMap<RefusalReason, number> {
    return this.#dropped
  }

  follow(modelRoot: Uint8Array): void {
    const topic = jobTopic(this.#options.globalId, modelRoot)
    if (this.#subscriptions.has(topic)) return
    const subscription = this.#options.transport.subscribe(
      topic,
      (message, from) => this.#hear(message, from),
      () => undefined,
    )
    this.#subscriptions.set(topic, subscription)
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
  }

  #hear(message: Uint8Array, from: PeerRef): GossipVerdict {
    const { crypto, clock, globalId, onMessage } = this.#options
    const nowMs = clock.nowMs()
    if (!this.#rate.allows(from.peerId, nowMs)) return 'ignore'
    try {
      onMessage(openJobMessage(crypto, message, { globalId, nowMs }))
      return 'accept'
    } catch (error) {
      if (!(error instanceof RecordRefusedError)) throw error
      this.#dropped.set(error.reason, (this.#dropped.get(error.reason) ?? 0) + 1)
      return verdictOf(error.reason)
    }
  }
}

/** Name of the job a message belongs to, hexadecimal. */
export function jobNameOf(message: OpenedJobMessage): string {
  switch (message.kind) {
    case 'job':
      return toHex(message.job.hash)
    case 'bid':
      return toHex(message.bid.contents.jobId)
    case 'acknowledgement':
      return toHex(message.acknowledgement.contents.jobId)
    case 'award':
      return toHex(message.award.contents.jobId)
    case 'close':
      return toHex(message.close.contents.jobId)
  }
}
