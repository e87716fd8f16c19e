/**
 * Offers: what a provider sells, signed by its identity key. The gossiped delta carries what changes;
 * the full offer, fetched from the provider, also says what the model is and where the peer listens.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { toHex } from '../bytes.ts'
import { EMBEDDING_DIMENSIONS_MAX } from '../constants.ts'
import type { CryptoPort, Ed25519KeyPair } from '../crypto/port.ts'
import type { UnitPrices } from '../money.ts'
import type { SignedRecord, Offer as WireOffer } from '../wire/gen/cocoon_pb.ts'
import { OfferSchema } from '../wire/gen/cocoon_pb.ts'
import {
  CONTEXT_TOKENS_MAX,
  ENGINE_CHARS_MAX,
  MARKET_VERSION,
  MODEL_ID_CHARS_MAX,
  OFFER_DELTA_BYTES_MAX,
  OFFER_FULL_BYTES_MAX,
  OFFER_LIFE_MS_MAX,
  QUEUED_MAX,
  SLOTS_MAX,
} from './constants.ts'
import {
  checkAddresses,
  checkBytes32,
  checkCount,
  checkLife,
  checkName,
  checkNetwork,
  checkPrices,
  checkTier,
  checkTimeMs,
  checkVersion,
  pricesToWire,
  type ReceiveContext,
} from './fields.ts'
import { check, decodeRecord, encodeRecord, refuse, signRecord, verifyRecord } from './records.ts'
import { type AssuranceTier, tierToWire } from './tier.ts'

/** Orders the offers of one provider for one model: by time of issue, then by sequence. */
export interface OfferOrder {
  /** Unix milliseconds, at most 30 s ahead of the receiver. */
  readonly issuedAtMs: number
  /** Never goes back, also not over a restart. */
  readonly sequence: bigint
}

/** What the gossiped delta says. */
export interface OfferTerms extends OfferOrder {
  readonly globalId: number
  /** 32-byte root of the model's manifest. */
  readonly modelRoot: Uint8Array
  readonly prices: UnitPrices
  readonly slotsTotal: number
  readonly slotsFree: number
  readonly queued: number
  readonly tier: AssuranceTier
  /** 32-byte SHA-256 of the present epoch's statement. */
  readonly statementDigest: Uint8Array
  /** Unix milliseconds, at most 10 minutes after issuedAtMs. */
  readonly expiresAtMs: number
}

/** What only the full offer says. */
export interface OfferDescription {
  readonly modelId: string
  readonly contextTokens: number
  /** Multiaddrs, at most 8. */
  readonly addresses: readonly string[]
  readonly engine: string
  /** Its ids spell the text of a server that gives none: nobody can count again or go on from them. */
  readonly textOnly: boolean
  /** Its model embeds: numbers of a vector. 0: it answers chats. */
  readonly embeddingDimensions: number
}

export interface OfferDelta extends OfferTerms {
  /** 32-byte identity key that signed it. */
  readonly identityKey: Uint8Array
  /** Hexadecimal of identityKey: the provider's name in tables. */
  readonly provider: string
}

export interface Offer extends OfferDelta, OfferDescription {}

export type OpenedOffer =
  | { readonly form: 'delta'; readonly offer: OfferDelta }
  | { readonly form: 'full'; readonly offer: Offer }

export type OfferForm = OpenedOffer['form']

const BYTES_MAX: Record<OfferForm, number> = {
  delta: OFFER_DELTA_BYTES_MAX,
  full: OFFER_FULL_BYTES_MAX,
}

/**
 * Signs an offer and returns the encoded SignedRecord. A delta leaves the description out.
 * @throws RecordRefusedError when the offer breaks a limit that every receiver enforces
 */
export function signOffer(
  crypto: CryptoPort,
  identity: Ed25519KeyPair,
  offer: OfferTerms & OfferDescription,
  form: OfferForm,
): Uint8Array {
  const message = create(OfferSchema, {
    version: MARKET_VERSION,
    globalId: offer.globalId,
    modelRoot: offer.modelRoot,
    prices: pricesToWire(offer.prices),
    slotsTotal: offer.slotsTotal,
    slotsFree: offer.slotsFree,
    queued: offer.queued,
    tier: tierToWire(offer.tier),
    statementDigest: offer.statementDigest,
    issuedAtMs: BigInt(offer.issuedAtMs),
    sequence: offer.sequence,
    expiresAtMs: BigInt(offer.expiresAtMs),
    ...(form === 'full' && {
      modelId: offer.modelId,
      contextTokens: offer.contextTokens,
      addresses: [...offer.addresses],
      engine: offer.engine,
      textOnly: offer.textOnly,
      embeddingDimensions: offer.embeddingDimensions,
    }),
  })
  const record = signRecord(crypto, 'cocoon/offer/1', identity, toBinary(OfferSchema, message))
  const bytes = encodeRecord(record)
  openOffer(crypto, bytes, { globalId: offer.globalId, nowMs: offer.issuedAtMs }, form)
  return bytes
}

/**
 * Opens an offer of the given form. Cheap checks come first, the signature last but one, so that a
 * flood costs little; nothing is returned unless all of them hold.
 * @throws RecordRefusedError with the reason
 */
export function openOffer(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
  form: 'delta',
): { readonly form: 'delta'; readonly offer: OfferDelta }
export function openOffer(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
  form: 'full',
): { readonly form: 'full'; readonly offer: Offer }
export function openOffer(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
  form: OfferForm,
): OpenedOffer
export function openOffer(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
  form: OfferForm,
): OpenedOffer {
  const signed = decodeRecord(record, BYTES_MAX[form])
  const message = parseOffer(signed.payload)
  const terms = readTerms(message, context)
  const description = form === 'full' ? readDescription(message) : undefined
  if (description === undefined) checkIsDelta(message)
  verifyRecord(crypto, 'cocoon/offer/1', signed)
  checkLife(terms, OFFER_LIFE_MS_MAX, context.nowMs)
  const who = { identityKey: signed.publicKey, provider: toHex(signed.publicKey) }
  return description === undefined
    ? { form: 'delta', offer: { ...terms, ...who } }
    : { form: 'full', offer: { ...terms, ...who, ...description } }
}

/** Negative when `a` was issued before `b`, zero when they are the same issue. */
export function compareOrder(a: OfferOrder, b: OfferOrder): number {
  if (a.issuedAtMs !== b.issuedAtMs) return a.issuedAtMs - b.issuedAtMs
  return a.sequence < b.sequence ? -1 : a.sequence > b.sequence ? 1 : 0
}

function parseOffer(payload: Uint8Array): WireOffer {
  try {
    return fromBinary(OfferSchema, payload, { readUnknownFields: false })
  } catch {
    return refuse('malformed', 'not an Offer')
  }
}

function readTerms(message: WireOffer, context: ReceiveContext): OfferTerms {
  checkVersion(message.version)
  checkNetwork(message.globalId, context)
  const slotsTotal = checkCount(message.slotsTotal, SLOTS_MAX, 'slots')
  return {
    globalId: message.globalId,
    modelRoot: checkBytes32(message.modelRoot, 'model root'),
    prices: checkPrices(message.prices),
    slotsTotal,
    slotsFree: checkCount(message.slotsFree, slotsTotal, 'free slots'),
    queued: checkCount(message.queued, QUEUED_MAX, 'queue'),
    tier: checkTier(message.tier, context.globalId),
    statementDigest: checkBytes32(message.statementDigest, 'statement digest'),
    issuedAtMs: checkTimeMs(message.issuedAtMs, 'issued_at_ms'),
    sequence: message.sequence,
    expiresAtMs: checkTimeMs(message.expiresAtMs, 'expires_at_ms'),
  }
}

function readDescription(message: WireOffer): OfferDescription {
  check(message.contextTokens > 0, 'no context')
  check(
    message.engine.length <= ENGINE_CHARS_MAX && /^[\x20-\x7e]*$/.test(message.engine),
    'engine',
  )
  return {
    modelId: checkName(message.modelId, MODEL_ID_CHARS_MAX, 'model id'),
    contextTokens: checkCount(message.contextTokens, CONTEXT_TOKENS_MAX, 'context'),
    addresses: checkAddresses(message.addresses),
    engine: message.engine,
    textOnly: message.textOnly,
    embeddingDimensions: checkCount(
      message.embeddingDimensions,
      EMBEDDING_DIMENSIONS_MAX,
      'dimensions',
    ),
  }
}

function checkIsDelta(message: WireOffer): void {
  const described =
    message.modelId !== '' ||
    message.contextTokens !== 0 ||
    message.addresses.length > 0 ||
    message.engine !== '' ||
    message.textOnly ||
    message.embeddingDimensions !== 0
  check(!described, 'a delta carries no description')
}
