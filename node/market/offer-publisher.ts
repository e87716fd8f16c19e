/**
 * The provider's side of the offer market: gossips a delta on start, on material change and well before
 * expiry, carries the offers of others on the same topics, keeps a DHT record per model, and answers /cocoon/offer/1 with its full offers.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Logger } from 'pino'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ADDRESSES_MAX, BOOK_OFFERS_PER_PROVIDER_MAX } from '#protocol/market/constants.ts'
import { isMaterialChange, type OfferStatement } from '#protocol/market/material-change.ts'
import { type OfferDescription, type OfferTerms, signOffer } from '#protocol/market/offer.ts'
import { offerKey, offerTopic } from '#protocol/market/topics.ts'
import type { Transport } from '#protocol/transport.ts'
import {
  OfferRequestSchema,
  OfferResponseSchema,
  SignedRecordSchema,
} from '#protocol/wire/gen/cocoon_pb.ts'
import { answer } from './ask.ts'
import {
  OFFER_COALESCE_MS,
  OFFER_LIFE_MS,
  OFFER_PROTOCOL,
  OFFER_REFRESH_MS,
  OFFER_START_REPEATS_MS,
  REQUEST_BYTES_MAX,
} from './constants.ts'
import { OfferRelay } from './offer-relay.ts'
import { keepProviding } from './provide.ts'
import { pause } from './timing.ts'

/** The last issue of this provider; kept on disk so that it never goes back after a restart. */
export interface OfferMark {
  readonly sequence: bigint
  readonly issuedAtMs: number
}

export interface OfferMarkStore {
  load(): OfferMark | undefined
  /** Durable before it returns: the offer is sent afterwards. */
  save(mark: OfferMark): void
}

export interface OfferPublisherOptions {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly identity: Ed25519KeyPair
  readonly clock: Clock
  readonly globalId: number
  readonly marks: OfferMarkStore
  /** What is sold right now, one statement per model, at most 16. Asked again whenever it is told. */
  readonly statements: () => readonly OfferStatement[]
  readonly log: Logger
  readonly onPublished?: (offer: OfferTerms & OfferDescription) => void
}

export interface OfferPublisher {
  /** Load, price or statement may have changed: announces what changed materially, soon. */
  changed(): void
  /** Stops announcing and serving offers; peers forget those they know as they expire. */
  stop(): Promise<void>
}

interface Announced {
  readonly statement: OfferStatement
  readonly full: Uint8Array
}

export async function startOfferPublisher(options: OfferPublisherOptions): Promise<OfferPublisher> {
  const publisher = new Publisher(options)
  await publisher.start()
  return publisher
}

class Publisher implements OfferPublisher {
  readonly #options: OfferPublisherOptions
  readonly #stopped = new AbortController()
  readonly #relay: OfferRelay
  readonly #announced = new Map<string, Announced>()
  readonly #provided = new Set<string>()
  readonly #background = new Set<Promise<void>>()
  #mark: OfferMark
  #isChecking = false

  constructor(options: OfferPublisherOptions) {
    this.#options = options
    this.#relay = new OfferRelay(options)
    this.#mark = options.marks.load() ?? { sequence: 0n, issuedAtMs: 0 }
  }

  async start(): Promise<void> {
    await this.#options.transport.handle(OFFER_PROTOCOL, (stream) =>
      answer(stream, REQUEST_BYTES_MAX, (question) => this.#respond(question)),
    )
    await this.#announceAll(() => true)
    this.#inBackground(this.#repeat())
  }

  changed(): void {
    if (this.#isChecking || this.#stopped.signal.aborted) return
    this.#isChecking = true
    this.#inBackground(
      pause(OFFER_COALESCE_MS, this.#stopped.signal).then(async () => {
        this.#isChecking = false
        await this.#announceAll((statement, before) => {
          return before === undefined || isMaterialChange(before.statement, statement)
        })
      }),
    )
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#announced.clear()
    this.#relay.close()
    await Promise.all(this.#background)
  }

  async #repeat(): Promise<void> {
    for (const afterMs of OFFER_START_REPEATS_MS) {
      if (await pause(afterMs, this.#stopped.signal)) await this.#announceAll(() => true)
    }
    while (await pause(OFFER_REFRESH_MS, this.#stopped.signal)) {
      await this.#announceAll(() => true)
    }
  }

  async #announceAll(
    isDue: (statement: OfferStatement, before: Announced | undefined) => boolean,
  ): Promise<void> {
    if (this.#stopped.signal.aborted) return
    const statements = this.#options.statements().slice(0, BOOK_OFFERS_PER_PROVIDER_MAX)
    const roots = new Set(statements.map(({ modelRoot }) => toHex(modelRoot)))
    for (const root of this.#announced.keys()) if (!roots.has(root)) this.#announced.delete(root)
    for (const statement of statements) {
      if (!isDue(statement, this.#announced.get(toHex(statement.modelRoot)))) continue
      await this.#announce(statement).catch((error: unknown) => {
        this.#options.log.warn({ error: String(error) }, 'an offer was not announced')
      })
    }
  }

  async #announce(statement: OfferStatement): Promise<void> {
    const { crypto, identity, transport, globalId, onPublished } = this.#options
    const mark = this.#nextMark()
    const offer: OfferTerms & OfferDescription = {
      ...statement,
      ...mark,
      globalId,
      expiresAtMs: mark.issuedAtMs + OFFER_LIFE_MS,
      addresses: transport.addresses().slice(0, ADDRESSES_MAX),
    }
    const full = signOffer(crypto, identity, offer, 'full')
    this.#announced.set(toHex(offer.modelRoot), { statement, full })
    this.#provideOnce(offer.modelRoot)
    const delta = signOffer(crypto, identity, offer, 'delta')
    await transport.publish(offerTopic(globalId, offer.modelRoot), delta)
    onPublished?.(offer)
  }

  /** Durable before it is used; time never goes back either, even when the clock does. */
  #nextMark(): OfferMark {
    const issuedAtMs = Math.max(this.#options.clock.nowMs(), this.#mark.issuedAtMs)
    this.#mark = { sequence: this.#mark.sequence + 1n, issuedAtMs }
    this.#options.marks.save(this.#mark)
    return this.#mark
  }

  #provideOnce(modelRoot: Uint8Array): void {
    const root = toHex(modelRoot)
    if (this.#provided.has(root)) return
    this.#provided.add(root)
    this.#relay.carry(modelRoot)
    const { transport, crypto, log } = this.#options
    const key = offerKey(crypto, modelRoot)
    this.#inBackground(keepProviding(transport, key, this.#stopped.signal, log))
  }

  #respond(question: Uint8Array): Uint8Array {
    const { modelRoot } = fromBinary(OfferRequestSchema, question, { readUnknownFields: false })
    const wanted = toHex(modelRoot)
    const offers = [...this.#announced]
      .filter(([root]) => wanted === '' || wanted === root)
      .map(([, { full }]) => fromBinary(SignedRecordSchema, full))
    return toBinary(OfferResponseSchema, create(OfferResponseSchema, { offers }))
  }

  #inBackground(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#options.log.warn({ error: String(error) }, 'offer publisher')
      })
      .finally(() => this.#background.delete(tracked))
    this.#background.add(tracked)
  }
}
