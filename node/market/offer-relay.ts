/**
 * Providers carry the offers of their models' topics: gossipsub forwards a topic only through peers that
 * subscribe to it, and a client is linked to few. Nothing is kept but what tells news from replay.
 */
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  EMPTY_OFFER_BOOK,
  type OfferBook,
  receiveOffer,
  stepOfferBook,
} from '#protocol/market/offer-book.ts'
import { offerTopic } from '#protocol/market/topics.ts'
import type { GossipVerdict, PeerRef, Subscription, Transport } from '#protocol/transport.ts'
import { BOOK_TICK_MS } from './constants.ts'
import { AuthorRate, verdictOf } from './gossip-guard.ts'

export interface OfferRelayOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
}

export class OfferRelay {
  readonly #options: OfferRelayOptions
  readonly #rate = new AuthorRate()
  readonly #subscriptions = new Map<string, Subscription>()
  #book: OfferBook = EMPTY_OFFER_BOOK
  #tickedAtMs = 0

  constructor(options: OfferRelayOptions) {
    this.#options = options
  }

  carry(modelRoot: Uint8Array): void {
    const { transport, globalId } = this.#options
    const topic = offerTopic(globalId, modelRoot)
    if (this.#subscriptions.has(topic)) return
    const subscription = transport.subscribe(
      topic,
      (message, from) => this.#judge(message, from),
      () => undefined,
    )
    this.#subscriptions.set(topic, subscription)
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
  }

  #judge(message: Uint8Array, from: PeerRef): GossipVerdict {
    const { crypto, clock, globalId } = this.#options
    const nowMs = clock.nowMs()
    if (!this.#rate.allows(from.peerId, nowMs)) return 'ignore'
    if (nowMs - this.#tickedAtMs >= BOOK_TICK_MS) {
      this.#book = stepOfferBook(this.#book, { kind: 'tick' }, nowMs).state
      this.#tickedAtMs = nowMs
    }
    const event = receiveOffer(crypto, message, { globalId, nowMs }, 'delta')
    const { state, effects } = stepOfferBook(this.#book, event, nowMs)
    this.#book = state
    for (const effect of effects) if (effect.kind === 'dropped') return verdictOf(effect.reason)
    return 'accept'
  }
}
