/**
 * The client's side of the offer market: feeds the offer book from gossip and direct answers. A cold
 * client asks the DHT who sells a model and each of them for its full offer.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Logger } from 'pino'
import { peerIdOf } from '#node/network/peer-ids.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { BOOK_OFFERS_PER_PROVIDER_MAX } from '#protocol/market/constants.ts'
import type { Offer, OfferDelta } from '#protocol/market/offer.ts'
import {
  allOffers,
  EMPTY_OFFER_BOOK,
  entryKey,
  isHeld,
  type OfferBook,
  type OfferBookEvent,
  offersFor,
  receiveOffer,
  stepOfferBook,
} from '#protocol/market/offer-book.ts'
import { offerKey, offerTopic } from '#protocol/market/topics.ts'
import type { GossipVerdict, PeerRef, Subscription, Transport } from '#protocol/transport.ts'
import {
  OfferRequestSchema,
  OfferResponseSchema,
  type SignedRecord,
} from '#protocol/wire/gen/cocoon_pb.ts'
import { ask } from './ask.ts'
import {
  ASKED_PEERS_MAX,
  ASKS_PARALLEL_MAX,
  BOOK_TICK_MS,
  FETCH_PAUSES_MS,
  FETCH_QUEUE_MAX,
  OFFER_PROTOCOL,
  OFFERS_RESPONSE_BYTES_MAX,
  SEARCH_FIRST_MS,
  SEARCH_MAX_MS,
  SEARCH_TIMEOUT_MS,
} from './constants.ts'
import { AuthorRate, verdictOf } from './gossip-guard.ts'
import { Measurements } from './measurements.ts'
import { doubling, forEachLimited, pause } from './timing.ts'

export interface OfferDiscoveryOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  /** Models this client may want; offers for others are checked and forwarded, not kept. */
  readonly modelRoots: readonly Uint8Array[]
  readonly log: Logger
  /** A complete offer is new or changed. */
  readonly onOffer?: (offer: Offer) => void
}

export interface OfferDiscovery {
  readonly measurements: Measurements
  /** The book as it stands, with its counters of accepted and dropped records. */
  book(): OfferBook
  /** Complete, unexpired offers: for one model, or all. */
  offers(modelRoot?: Uint8Array): readonly Offer[]
  /**
   * Asks the DHT for providers of a model and each of them directly, measuring its latency. Resolves
   * with the offers then known; peers that do not answer are left out.
   */
  refresh(modelRoot: Uint8Array, signal?: AbortSignal): Promise<readonly Offer[]>
  stop(): Promise<void>
}

export function startOfferDiscovery(options: OfferDiscoveryOptions): OfferDiscovery {
  const discovery = new Discovery(options)
  discovery.start()
  return discovery
}

class Discovery implements OfferDiscovery {
  readonly measurements: Measurements
  readonly #options: OfferDiscoveryOptions
  readonly #wanted: ReadonlySet<string>
  readonly #rate = new AuthorRate()
  readonly #stopped = new AbortController()
  readonly #fetching = new Map<string, Promise<void>>()
  #subscriptions: Subscription[] = []
  #book: OfferBook = EMPTY_OFFER_BOOK

  constructor(options: OfferDiscoveryOptions) {
    this.#options = options
    this.#wanted = new Set(options.modelRoots.map(toHex))
    this.measurements = new Measurements(options.clock)
  }

  start(): void {
    const { transport, globalId, modelRoots } = this.#options
    const topics = new Set(modelRoots.map((root) => offerTopic(globalId, root)))
    this.#subscriptions = [...topics].map((topic) =>
      transport.subscribe(
        topic,
        (message, from) => this.#hear(message, from),
        // Everything is done in the validator: only its verdict decides what is forwarded.
        () => undefined,
      ),
    )
    void this.#tick()
    void this.#search()
  }

  book(): OfferBook {
    return this.#book
  }

  offers(modelRoot?: Uint8Array): readonly Offer[] {
    const nowMs = this.#options.clock.nowMs()
    return modelRoot === undefined
      ? allOffers(this.#book, nowMs)
      : offersFor(this.#book, modelRoot, nowMs)
  }

  async refresh(modelRoot: Uint8Array, signal?: AbortSignal): Promise<readonly Offer[]> {
    const { transport, crypto } = this.#options
    const limit = this.#limit(signal)
    const found = firstOf(
      transport.findProviders(offerKey(crypto, modelRoot), limit),
      ASKED_PEERS_MAX,
    )
    await forEachLimited(found, ASKS_PARALLEL_MAX, (peer) =>
      this.#fetch(peer, modelRoot, peer.addresses, limit),
    )
    return this.offers(modelRoot)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    for (const subscription of this.#subscriptions.splice(0)) subscription.close()
    await Promise.allSettled(this.#fetching.values())
  }

  #hear(message: Uint8Array, from: PeerRef): GossipVerdict {
    const nowMs = this.#options.clock.nowMs()
    if (!this.#rate.allows(from.peerId, nowMs)) return 'ignore'
    const event = this.#open(message, 'delta', nowMs)
    const isUnwanted = event.kind === 'offer' && !this.#wanted.has(toHex(event.offer.modelRoot))
    return isUnwanted ? 'accept' : this.#step(event, nowMs)
  }

  #open(record: Uint8Array | SignedRecord, form: 'delta' | 'full', nowMs: number): OfferBookEvent {
    const { crypto, globalId } = this.#options
    return receiveOffer(crypto, record, { globalId, nowMs }, form)
  }

  #step(event: OfferBookEvent, nowMs: number): GossipVerdict {
    const { state, effects } = stepOfferBook(this.#book, event, nowMs)
    this.#book = state
    let verdict: GossipVerdict = 'ignore'
    for (const effect of effects) {
      if (effect.kind === 'accepted') {
        verdict = 'accept'
        if (effect.complete) this.#report(effect.offer)
      } else if (effect.kind === 'dropped') {
        verdict = verdictOf(effect.reason)
      } else if (effect.kind === 'fetch-full') {
        this.#fetchLater(effect.offer)
      }
    }
    return verdict
  }

  #report(delta: OfferDelta): void {
    const offer = this.offers(delta.modelRoot).find(({ provider }) => provider === delta.provider)
    if (offer !== undefined) this.#options.onOffer?.(offer)
  }

  /** Fetches one full offer; dropped when too many wait, since the next delta asks again. */
  #fetchLater(offer: OfferDelta): void {
    const key = entryKey(offer.provider, offer.modelRoot)
    if (this.#fetching.has(key) || this.#fetching.size >= FETCH_QUEUE_MAX) return
    const fetching = this.#fetchUntilComplete(offer, key)
      .catch(() => undefined)
      .finally(() => this.#fetching.delete(key))
    this.#fetching.set(key, fetching)
  }

  async #fetchUntilComplete(offer: OfferDelta, key: string): Promise<void> {
    const { signal } = this.#stopped
    const peer = { peerId: peerIdOf(offer.identityKey), identityKey: offer.identityKey }
    for (const afterMs of FETCH_PAUSES_MS) {
      if (afterMs > 0 && !(await pause(afterMs, signal))) return
      if (this.#book.entries.get(key)?.described !== undefined) return
      await this.#fetch(peer, offer.modelRoot, [], signal)
    }
  }

  async #fetch(
    peer: PeerRef,
    modelRoot: Uint8Array,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { transport, clock, log } = this.#options
    const question = toBinary(OfferRequestSchema, create(OfferRequestSchema, { modelRoot }))
    try {
      const { bytes, roundTripMs } = await ask(transport, peer.peerId, OFFER_PROTOCOL, question, {
        ...{ signal, addresses, answerBytesMax: OFFERS_RESPONSE_BYTES_MAX },
      })
      const { offers } = fromBinary(OfferResponseSchema, bytes, { readUnknownFields: false })
      this.measurements.recordLatency(toHex(peer.identityKey), roundTripMs)
      for (const record of offers.slice(0, BOOK_OFFERS_PER_PROVIDER_MAX)) {
        this.#takeFull(record, peer, clock.nowMs())
      }
    } catch (error) {
      log.debug({ peer: peer.peerId, error: String(error) }, 'a provider did not give its offer')
    }
  }

  #takeFull(record: SignedRecord, peer: PeerRef, nowMs: number): void {
    const event = this.#open(record, 'full', nowMs)
    if (event.kind === 'offer' && isHeld(this.#book, event)) return
    const isOwn = event.kind !== 'offer' || event.offer.provider === toHex(peer.identityKey)
    this.#step(isOwn ? event : { kind: 'dropped', reason: 'not-its-own' }, nowMs)
  }

  async #tick(): Promise<void> {
    while (await pause(BOOK_TICK_MS, this.#stopped.signal)) {
      this.#step({ kind: 'tick' }, this.#options.clock.nowMs())
    }
  }

  /** Gossip tells what is new: who announced before this peer listened is found over the DHT. */
  async #search(): Promise<void> {
    const { signal } = this.#stopped
    const pausesMs = doubling(SEARCH_FIRST_MS, SEARCH_MAX_MS)
    while (await pause(pausesMs.next().value, signal)) {
      for (const modelRoot of this.#options.modelRoots) {
        const limit = AbortSignal.timeout(SEARCH_TIMEOUT_MS)
        await this.refresh(modelRoot, limit).catch(() => undefined)
      }
    }
  }

  #limit(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined
      ? this.#stopped.signal
      : AbortSignal.any([this.#stopped.signal, signal])
  }
}

async function* firstOf<Item>(items: AsyncIterable<Item>, countMax: number): AsyncIterable<Item> {
  let count = 0
  for await (const item of items) {
    yield item
    count += 1
    if (count >= countMax) return
  }
}
