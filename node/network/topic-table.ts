/** Who in this process listens to which topic; shared by every transport. */
import { ConfigError } from '#protocol/errors.ts'
import type { GossipValidator, GossipVerdict, PeerRef, Subscription } from '#protocol/transport.ts'
import { TOPIC_SUBSCRIBERS_MAX } from './constants.ts'

export interface TopicSubscriber {
  readonly validator: GossipValidator
  readonly onMessage: (message: Uint8Array, from: PeerRef) => void
}

export class TopicTable {
  readonly #byTopic = new Map<string, Set<TopicSubscriber>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic)
  }

  /**
   * @param hooks first and last: called when a topic gains its first and loses its last subscriber
   * @throws ConfigError TOPIC_FULL
   */
  add(
    topic: string,
    subscriber: TopicSubscriber,
    hooks: { readonly first: () => void; readonly last: () => void },
  ): Subscription {
    const subscribers = this.#byTopic.get(topic) ?? new Set()
    if (subscribers.size >= TOPIC_SUBSCRIBERS_MAX) {
      throw new ConfigError('TOPIC_FULL', `topic ${topic} has ${subscribers.size} subscribers`)
    }
    subscribers.add(subscriber)
    this.#byTopic.set(topic, subscribers)
    if (subscribers.size === 1) hooks.first()
    return {
      close: () => {
        if (!subscribers.delete(subscriber) || subscribers.size > 0) return
        this.#byTopic.delete(topic)
        hooks.last()
      },
    }
  }

  /** Any `reject` rejects, otherwise any `accept` accepts. A validator that throws says `ignore`. */
  verdict(topic: string, message: Uint8Array, from: PeerRef): GossipVerdict {
    const verdicts = [...(this.#byTopic.get(topic) ?? [])].map(({ validator }) => {
      try {
        return validator(message, from)
      } catch (error) {
        this.#onError(error)
        return 'ignore'
      }
    })
    if (verdicts.includes('reject')) return 'reject'
    return verdicts.includes('accept') ? 'accept' : 'ignore'
  }

  deliver(topic: string, message: Uint8Array, from: PeerRef): void {
    for (const { onMessage } of this.#byTopic.get(topic) ?? []) {
      try {
        onMessage(message, from)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
