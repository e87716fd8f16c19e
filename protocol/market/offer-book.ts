/**
 * The offer book: what this peer believes providers sell right now. A pure state machine, keyed by
 * (provider, model root). Each entry holds two registers, the newest terms and the newest description,
 * each ordered by (issued_at, sequence): so replay and reordering cannot change what a book ends up
 * with, and a delta merges onto a full offer that came before or after it.
 */
import { toHex } from '../bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import type { SignedRecord } from '../wire/gen/cocoon_pb.ts'
import {
  BOOK_OFFERS_MAX,
  BOOK_OFFERS_PER_PROVIDER_MAX,
  FETCH_FULL_AGAIN_MS,
  OFFER_LIFE_MS_MAX,
} from './constants.ts'
import type { ReceiveContext } from './fields.ts'
import {
  compareOrder,
  type Offer,
  type OfferDelta,
  type OfferDescription,
  type OfferForm,
  type OfferOrder,
  type OpenedOffer,
  openOffer,
} from './offer.ts'
import { RecordRefusedError, type RefusalReason } from './records.ts'

export type DropReason =
  | RefusalReason
  /** The same issue again. */
  | 'replayed'
  /** A newer one is known. */
  | 'older'
  /** The book, or this provider's share of it, is full. */
  | 'too-many'
  /** A peer handed over, in its own name, an offer signed by somebody else. */
  | 'not-its-own'

export interface BookEntry {
  /** Newest terms. */
  readonly terms: OfferDelta
  /** Newest description, or undefined: only deltas were heard, the full offer must be fetched. */
  readonly described: (OfferDescription & OfferOrder) | undefined
  /** When the full offer was last asked for, Unix milliseconds; 0: never. */
  readonly askedAtMs: number
}

export interface OfferBook {
  readonly entries: ReadonlyMap<string, BookEntry>
  readonly accepted: number
  /** Dropped records by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
}

export type OfferBookEvent =
  | ({ readonly kind: 'offer' } & OpenedOffer)
  | { readonly kind: 'dropped'; readonly reason: DropReason }
  /** Time passed: entries leave once no older record of theirs could still be valid. */
  | { readonly kind: 'tick' }

export type OfferBookEffect =
  | { readonly kind: 'accepted'; readonly offer: OfferDelta; readonly complete: boolean }
  | { readonly kind: 'dropped'; readonly reason: DropReason }
  /** Ask this provider for its full offer. */
  | { readonly kind: 'fetch-full'; readonly offer: OfferDelta }
  | { readonly kind: 'removed'; readonly provider: string; readonly modelRoot: Uint8Array }

export interface OfferBookStep {
  readonly state: OfferBook
  readonly effects: readonly OfferBookEffect[]
}

export const EMPTY_OFFER_BOOK: OfferBook = { entries: new Map(), accepted: 0, dropped: {} }

/** Opens received bytes into an event; a refusal becomes a counted drop, never an exception. */
export function receiveOffer(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
  form: OfferForm,
): OfferBookEvent {
  try {
    return { kind: 'offer', ...openOffer(crypto, record, context, form) }
  } catch (error) {
    if (error instanceof RecordRefusedError) return { kind: 'dropped', reason: error.reason }
    throw error
  }
}

/**
 * One step. Eviction, when the book or a provider's share of it is full: expired entries first, then
 * entries without a description, then the soonest to expire; a newcomer that would be the one to go
 * is dropped as `too-many`.
 */
export function stepOfferBook(
  state: OfferBook,
  event: OfferBookEvent,
  nowMs: number,
): OfferBookStep {
  if (event.kind === 'tick') return expire(state, nowMs)
  if (event.kind === 'dropped') return drop(state, event.reason)
  if (event.offer.expiresAtMs <= nowMs) return drop(state, 'expired')
  const key = entryKey(event.offer.provider, event.offer.modelRoot)
  const held = state.entries.get(key)
  // What is known about an expired entry still counts: an older record must not revive it.
  const merged = merge(held, event)
  if (typeof merged === 'string') return drop(state, merged)
  const room = held === undefined ? makeRoom(state, merged, nowMs) : { state, effects: [] }
  if (room === undefined) return drop(state, 'too-many')
  return insert(room.state, key, merged, room.effects, nowMs)
}

/** Complete, unexpired offers for one model, ordered by provider. */
export function offersFor(
  state: OfferBook,
  modelRoot: Uint8Array,
  nowMs: number,
): readonly Offer[] {
  const root = toHex(modelRoot)
  return allOffers(state, nowMs).filter((offer) => toHex(offer.modelRoot) === root)
}

/** Every complete, unexpired offer, ordered by provider and model. */
export function allOffers(state: OfferBook, nowMs: number): readonly Offer[] {
  return [...state.entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, entry]) => {
      if (entry.described === undefined || entry.terms.expiresAtMs <= nowMs) return []
      const { issuedAtMs: _, sequence: _sequence, ...description } = entry.described
      return [{ ...entry.terms, ...description }]
    })
}

/** Whether the book holds this very issue already; asking a provider twice is not a replay. */
export function isHeld(state: OfferBook, opened: OpenedOffer): boolean {
  const held = state.entries.get(entryKey(opened.offer.provider, opened.offer.modelRoot))
  const register = opened.form === 'full' ? held?.described : held?.terms
  return register !== undefined && compareOrder(opened.offer, register) === 0
}

/** Key of an entry: provider and model root, hexadecimal. */
export function entryKey(provider: string, modelRoot: Uint8Array): string {
  return `${provider}:${toHex(modelRoot)}`
}

/** The entry after this record, or why the record changes nothing. */
function merge(held: BookEntry | undefined, opened: OpenedOffer): BookEntry | 'replayed' | 'older' {
  const { offer } = opened
  const terms = termsOf(offer)
  const described = opened.form === 'full' ? descriptionOf(opened.offer) : undefined
  if (held === undefined) return { terms, described, askedAtMs: 0 }
  const termsOrder = compareOrder(offer, held.terms)
  const isNewerTerms = termsOrder > 0
  const isNewerDescription =
    described !== undefined &&
    (held.described === undefined || compareOrder(described, held.described) > 0)
  if (!isNewerTerms && !isNewerDescription) return termsOrder === 0 ? 'replayed' : 'older'
  return {
    terms: isNewerTerms ? terms : held.terms,
    described: isNewerDescription ? described : held.described,
    askedAtMs: held.askedAtMs,
  }
}

function termsOf(offer: OfferDelta): OfferDelta {
  const { globalId, modelRoot, prices, slotsTotal, slotsFree, queued, tier } = offer
  const { statementDigest, issuedAtMs, sequence, expiresAtMs, identityKey, provider } = offer
  return {
    ...{ globalId, modelRoot, prices, slotsTotal, slotsFree, queued, tier },
    ...{ statementDigest, issuedAtMs, sequence, expiresAtMs, identityKey, provider },
  }
}

function descriptionOf(offer: Offer): OfferDescription & OfferOrder {
  const { modelId, contextTokens, addresses, engine, textOnly, embeddingDimensions } = offer
  const { issuedAtMs, sequence } = offer
  return {
    ...{ modelId, contextTokens, addresses, engine, textOnly, embeddingDimensions },
    ...{ issuedAtMs, sequence },
  }
}

function insert(
  state: OfferBook,
  key: string,
  entry: BookEntry,
  before: readonly OfferBookEffect[],
  nowMs: number,
): OfferBookStep {
  const complete = entry.described !== undefined
  const ask = !complete && nowMs - entry.askedAtMs >= FETCH_FULL_AGAIN_MS
  const entries = new Map(state.entries)
  entries.set(key, ask ? { ...entry, askedAtMs: nowMs } : entry)
  const effects: OfferBookEffect[] = [...before]
  effects.push({ kind: 'accepted', offer: entry.terms, complete })
  if (ask) effects.push({ kind: 'fetch-full', offer: entry.terms })
  return { state: { ...state, entries, accepted: state.accepted + 1 }, effects }
}

function drop(state: OfferBook, reason: DropReason): OfferBookStep {
  const dropped = { ...state.dropped, [reason]: (state.dropped[reason] ?? 0) + 1 }
  return { state: { ...state, dropped }, effects: [{ kind: 'dropped', reason }] }
}

/**
 * An expired entry stays as a mark until every older record has expired too, so that none of them can
 * revive it. Nothing expired is ever returned by allOffers or offersFor.
 */
function expire(state: OfferBook, nowMs: number): OfferBookStep {
  const gone = [...state.entries].filter(
    ([, { terms }]) => terms.expiresAtMs <= nowMs && terms.issuedAtMs + OFFER_LIFE_MS_MAX <= nowMs,
  )
  return remove(state, gone)
}

function remove(state: OfferBook, gone: readonly (readonly [string, BookEntry])[]): OfferBookStep {
  if (gone.length === 0) return { state, effects: [] }
  const entries = new Map(state.entries)
  for (const [key] of gone) entries.delete(key)
  const effects = gone.map(([, { terms }]) => ({
    kind: 'removed' as const,
    provider: terms.provider,
    modelRoot: terms.modelRoot,
  }))
  return { state: { ...state, entries }, effects }
}

/** Makes room for one new entry, or undefined when the newcomer is the one that must go. */
function makeRoom(state: OfferBook, newcomer: BookEntry, nowMs: number): OfferBookStep | undefined {
  const { provider } = newcomer.terms
  const ofProvider = [...state.entries].filter(([, entry]) => entry.terms.provider === provider)
  const isShareFull = ofProvider.length >= BOOK_OFFERS_PER_PROVIDER_MAX
  if (!isShareFull && state.entries.size < BOOK_OFFERS_MAX) return { state, effects: [] }
  const candidates = isShareFull ? ofProvider : [...state.entries]
  const victim = candidates.reduce((a, b) =>
    keepRank(a[1], nowMs) <= keepRank(b[1], nowMs) ? a : b,
  )
  if (keepRank(newcomer, nowMs) <= keepRank(victim[1], nowMs)) return undefined
  return remove(state, [victim])
}

/** Higher stays longer: expired entries go first, then bare deltas, then the soonest to expire. */
function keepRank(entry: BookEntry, nowMs: number): number {
  if (entry.terms.expiresAtMs <= nowMs) return -1
  const base = entry.described === undefined ? 0 : 2 ** 50
  return base + Math.min(entry.terms.expiresAtMs, 2 ** 49)
}
