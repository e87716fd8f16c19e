import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { BOOK_OFFERS_MAX, BOOK_OFFERS_PER_PROVIDER_MAX } from '#protocol/market/constants.ts'
import { compareOrder, signOffer } from '#protocol/market/offer.ts'
import {
  allOffers,
  EMPTY_OFFER_BOOK,
  type OfferBook,
  type OfferBookEffect,
  type OfferBookEvent,
  offersFor,
  receiveOffer,
  stepOfferBook,
} from '#protocol/market/offer-book.ts'
import { testIdentity } from '../support/test-peers.ts'
import { CONTEXT, MODEL_ROOT, NOW_MS, OTHER_ROOT, offerOf, offerTerms } from './fixtures.ts'

const full = (identity: number, changes: Parameters<typeof offerOf>[1] = {}): OfferBookEvent => ({
  ...{ kind: 'offer', form: 'full' },
  offer: offerOf(identity, changes),
})
const delta = (identity: number, changes: Parameters<typeof offerOf>[1] = {}): OfferBookEvent => ({
  ...{ kind: 'offer', form: 'delta' },
  offer: offerOf(identity, changes),
})

function run(
  events: readonly OfferBookEvent[],
  nowMs = NOW_MS,
  from: OfferBook = EMPTY_OFFER_BOOK,
): { state: OfferBook; effects: OfferBookEffect[] } {
  let state = from
  const effects: OfferBookEffect[] = []
  for (const event of events) {
    const step = stepOfferBook(state, event, nowMs)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

describe('offer book', () => {
  it('asks for the full offer when only a delta came, and merges what comes later', () => {
    const heard = run([delta(1)])
    expect(heard.effects.map(({ kind }) => kind)).toEqual(['accepted', 'fetch-full'])
    expect(offersFor(heard.state, MODEL_ROOT, NOW_MS)).toEqual([])
    const again = run([delta(1, { sequence: 8n })], NOW_MS + 5, heard.state)
    expect(again.effects.map(({ kind }) => kind)).toEqual(['accepted'])
    const whole = run([full(1)], NOW_MS + 10, again.state)
    const [offer] = offersFor(whole.state, MODEL_ROOT, NOW_MS + 10)
    expect(offer).toMatchObject({ modelId: 'cocoon-demo-1', sequence: 8n })
    const load = run([delta(1, { sequence: 9n, slotsFree: 0 })], NOW_MS + 20, whole.state)
    expect(offersFor(load.state, MODEL_ROOT, NOW_MS + 20)[0]).toMatchObject({
      ...{ sequence: 9n, slotsFree: 0, contextTokens: 4_096 },
    })
  })

  it('asks again when the first answer never came', () => {
    const heard = run([delta(1)])
    const later = run([delta(1, { sequence: 8n })], NOW_MS + 10_000, heard.state)
    expect(later.effects.map(({ kind }) => kind)).toEqual(['accepted', 'fetch-full'])
  })

  it('drops and counts every kind of bad record by its reason', () => {
    const identity = testIdentity(1)
    const sign = (changes = {}) => signOffer(nodeCrypto, identity, offerTerms(changes), 'full')
    const altered = sign()
    altered[altered.length - 1]! ^= 1
    const receive = (bytes: Uint8Array, context = CONTEXT) =>
      receiveOffer(nodeCrypto, bytes, context, 'full')
    const { state } = run([
      receive(sign()),
      receive(sign()),
      receive(altered),
      receive(sign({ sequence: 6n })),
      receive(sign({ issuedAtMs: NOW_MS - 1_000, sequence: 99n })),
      receive(sign(), { ...CONTEXT, nowMs: NOW_MS + 300_000 }),
      receive(sign(), { ...CONTEXT, nowMs: NOW_MS - 30_001 }),
      receive(sign(), { ...CONTEXT, globalId: -239 }),
      receive(new Uint8Array(5_000)),
      receive(new Uint8Array(50)),
    ])
    expect(state.accepted).toBe(1)
    expect(state.dropped).toEqual({
      replayed: 1,
      altered: 1,
      older: 2,
      expired: 1,
      future: 1,
      'wrong-network': 1,
      'too-large': 1,
      malformed: 1,
    })
    expect(offersFor(state, MODEL_ROOT, NOW_MS)).toHaveLength(1)
  })

  it('does not let an older, longer offer revive an expired one', () => {
    const short = full(1, { sequence: 8n, expiresAtMs: NOW_MS + 1_000 })
    const long = full(1, { sequence: 7n, expiresAtMs: NOW_MS + 500_000 })
    const book = run([short]).state
    const ticked = run([{ kind: 'tick' }], NOW_MS + 2_000, book).state
    const after = run([long], NOW_MS + 2_000, ticked).state
    expect(allOffers(after, NOW_MS + 2_000)).toEqual([])
    expect(after.dropped).toEqual({ older: 1 })
    expect(run([{ kind: 'tick' }], NOW_MS + 600_000, after).state.entries.size).toBe(0)
  })

  it('gives one provider a bounded share', () => {
    const roots = Array.from({ length: BOOK_OFFERS_PER_PROVIDER_MAX + 1 }, (_, at) =>
      new Uint8Array(32).fill(at),
    )
    const { state } = run(roots.map((modelRoot) => full(1, { modelRoot })))
    expect(state.entries.size).toBe(BOOK_OFFERS_PER_PROVIDER_MAX)
    expect(state.dropped).toEqual({ 'too-many': 1 })
    expect(run([full(2)], NOW_MS, state).state.entries.size).toBe(BOOK_OFFERS_PER_PROVIDER_MAX + 1)
  })

  it('evicts bare deltas, then the soonest to expire, and never beyond its size', () => {
    const soon = { expiresAtMs: NOW_MS + 1_000 }
    const later = { expiresAtMs: NOW_MS + 10_000 }
    const fill = Array.from({ length: BOOK_OFFERS_MAX - 2 }, (_, at) => fakeProvider(at, later))
    const start = run([
      ...fill,
      fakeProvider(90_000, soon),
      bare(fakeProvider(90_001, later)),
    ]).state
    const first = run([fakeProvider(90_002, later)], NOW_MS, start)
    expect(first.state.entries.size).toBe(BOOK_OFFERS_MAX)
    expect(providers(first.state)).not.toContain(nameOf(90_001))
    const second = run([fakeProvider(90_003, later)], NOW_MS, first.state)
    expect(providers(second.state)).not.toContain(nameOf(90_000))
    const third = run([fakeProvider(90_004, soon)], NOW_MS, second.state)
    expect(third.state.dropped).toEqual({ 'too-many': 1 })
    const expired = run(
      [fakeProvider(90_005, { expiresAtMs: NOW_MS + 20_000 })],
      NOW_MS + 10_001,
      third.state,
    )
    expect(providers(expired.state)).toContain(nameOf(90_005))
  })
})

describe('offer book properties', () => {
  it('ends the same under any order and any replay, and takes nothing twice', () => {
    fc.assert(
      fc.property(issuesAndShuffles(), ({ issues, shuffled }) => {
        const one = run(issues).state
        const two = run(shuffled).state
        expect(withoutAsked(two)).toEqual(withoutAsked(one))
        const replayed = run(issues, NOW_MS, one)
        expect(withoutAsked(replayed.state)).toEqual(withoutAsked(one))
        expect(replayed.state.accepted).toBe(one.accepted)
      }),
      { numRuns: 150 },
    )
  })

  it('never goes back and never returns what expired', () => {
    fc.assert(
      fc.property(fc.array(timedIssue(), { maxLength: 40 }), (events) => {
        let state = EMPTY_OFFER_BOOK
        for (const { event, atMs } of events) {
          const before = state.entries
          state = stepOfferBook(state, event, atMs).state
          for (const [key, entry] of state.entries) {
            const old = before.get(key)
            if (old !== undefined)
              expect(compareOrder(entry.terms, old.terms)).toBeGreaterThanOrEqual(0)
          }
          for (const offer of allOffers(state, atMs))
            expect(offer.expiresAtMs).toBeGreaterThan(atMs)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('counts every event exactly once', () => {
    fc.assert(
      fc.property(fc.array(timedIssue(), { maxLength: 40 }), (events) => {
        const offers = events.filter(({ event }) => event.kind === 'offer')
        let state = EMPTY_OFFER_BOOK
        for (const { event, atMs } of events) state = stepOfferBook(state, event, atMs).state
        const dropped = Object.values(state.dropped).reduce((sum, count) => sum + count, 0)
        expect(state.accepted + dropped).toBe(offers.length)
      }),
    )
  })
})

/** An issue of an honest provider: contents follow from (provider, model, sequence). */
function issue(): fc.Arbitrary<OfferBookEvent> {
  return fc
    .record({
      identity: fc.integer({ min: 1, max: 3 }),
      modelRoot: fc.constantFrom(MODEL_ROOT, OTHER_ROOT),
      sequence: fc.integer({ min: 1, max: 6 }),
      isFull: fc.boolean(),
    })
    .map(({ identity, modelRoot, sequence, isFull }) =>
      (isFull ? full : delta)(identity, {
        ...{ modelRoot, sequence: BigInt(sequence), slotsFree: sequence % 4 },
        issuedAtMs: NOW_MS + Math.floor(sequence / 2),
        expiresAtMs: NOW_MS + 60_000 + sequence * 10_000,
        modelId: `model-${sequence}`,
      }),
    )
}

function issuesAndShuffles() {
  return fc.array(issue(), { maxLength: 25 }).chain((issues) =>
    fc.record({
      issues: fc.constant(issues),
      shuffled: fc.shuffledSubarray([...issues, ...issues.slice(0, 5)], {
        minLength: issues.length + Math.min(5, issues.length),
      }),
    }),
  )
}

function timedIssue() {
  return fc
    .tuple(
      fc.integer({ min: 0, max: 150_000 }),
      fc.oneof(issue(), fc.constant({ kind: 'tick' } as const)),
    )
    .map(([afterMs, event]) => ({ event, atMs: NOW_MS + afterMs }))
}

/** When the full offer was asked for depends on the order, and only that. */
function withoutAsked(state: OfferBook) {
  return new Map(
    [...state.entries].map(([key, { terms, described }]) => [key, { terms, described }]),
  )
}

function nameOf(number: number): string {
  return number.toString(16).padStart(64, '0')
}

/** Providers without real keys: the book never looks at them. */
function fakeProvider(number: number, changes: Parameters<typeof offerOf>[1]): OfferBookEvent {
  const identityKey = Uint8Array.from(Buffer.from(nameOf(number), 'hex'))
  const offer = { ...offerTerms(changes), identityKey, provider: toHex(identityKey) }
  return { kind: 'offer', form: 'full', offer }
}

function bare(event: OfferBookEvent): OfferBookEvent {
  if (event.kind !== 'offer') throw new Error('not an offer')
  return { kind: 'offer', form: 'delta', offer: event.offer }
}

function providers(state: OfferBook): readonly string[] {
  return [...state.entries.values()].map(({ terms }) => terms.provider)
}
