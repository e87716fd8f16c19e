import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tagged } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { OFFER_DELTA_BYTES_MAX, OFFER_FULL_BYTES_MAX } from '#protocol/market/constants.ts'
import { type OfferForm, openOffer, signOffer } from '#protocol/market/offer.ts'
import {
  encodeRecord,
  RecordRefusedError,
  type RefusalReason,
  signRecord,
} from '#protocol/market/records.ts'
import { allTopics, jobTopic, offerTopic, topicIndex } from '#protocol/market/topics.ts'
import { OfferSchema, PricesSchema, SignedRecordSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { testIdentity } from '../support/test-peers.ts'
import { CONTEXT, GLOBAL_ID, MODEL_ROOT, NOW_MS, offerTerms } from './fixtures.ts'

const identity = testIdentity(1)

function reasonOf(action: () => unknown): RefusalReason | 'accepted' {
  try {
    action()
    return 'accepted'
  } catch (error) {
    if (error instanceof RecordRefusedError) return error.reason
    throw error
  }
}

/** Signs whatever it is given: for what an honest signer would never say. */
function forge(changes: Record<string, unknown>, form: OfferForm = 'full'): Uint8Array {
  const honest = fromBinary(SignedRecordSchema, signOffer(nodeCrypto, identity, offerTerms(), form))
  const message = fromBinary(OfferSchema, honest.payload)
  const payload = toBinary(OfferSchema, create(OfferSchema, { ...message, ...changes }))
  return encodeRecord(signRecord(nodeCrypto, 'cocoon/offer/1', identity, payload))
}

describe('offer', () => {
  it('comes back as it was signed, in both forms', () => {
    const terms = offerTerms()
    const full = openOffer(
      nodeCrypto,
      signOffer(nodeCrypto, identity, terms, 'full'),
      CONTEXT,
      'full',
    )
    expect(full.offer).toMatchObject(terms)
    expect(full.offer.identityKey).toEqual(identity.publicKey)
    const bytes = signOffer(nodeCrypto, identity, terms, 'delta')
    expect(bytes.length).toBeLessThanOrEqual(OFFER_DELTA_BYTES_MAX)
    const delta = openOffer(nodeCrypto, bytes, CONTEXT, 'delta')
    expect(delta.offer).not.toHaveProperty('addresses')
    expect(delta.offer.prices).toEqual(terms.prices)
  })

  it('keeps the largest possible delta under 400 bytes', () => {
    const largest = offerTerms({
      prices: {
        promptNanoPerMtok: 10n ** 15n,
        cachedNanoPerMtok: 10n ** 15n,
        completionNanoPerMtok: 10n ** 15n,
      },
      ...{ slotsTotal: 65_536, slotsFree: 65_536, queued: 1_000_000, sequence: 2n ** 64n - 1n },
    })
    const bytes = signOffer(nodeCrypto, identity, largest, 'delta')
    expect(bytes.length).toBeLessThanOrEqual(OFFER_DELTA_BYTES_MAX)
  })

  it.each<[RefusalReason, Record<string, unknown>]>([
    ['wrong-network', { globalId: -239 }],
    ['version', { version: 2 }],
    ['future', { issuedAtMs: BigInt(NOW_MS + 30_001), expiresAtMs: BigInt(NOW_MS + 60_000) }],
    ['expired', { issuedAtMs: BigInt(NOW_MS - 60_000), expiresAtMs: BigInt(NOW_MS) }],
    ['too-long-lived', { expiresAtMs: BigInt(NOW_MS + 600_001) }],
    ['malformed', { expiresAtMs: BigInt(NOW_MS) }],
    ['malformed', { modelRoot: new Uint8Array(31) }],
    ['malformed', { statementDigest: new Uint8Array(0) }],
    ['malformed', { slotsFree: 5 }],
    ['malformed', { tier: 0 }],
    ['malformed', { tier: 9 }],
    ['malformed', { prices: undefined }],
    ['malformed', { prices: create(PricesSchema, { promptNanoPerMtok: 10n ** 15n + 1n }) }],
    ['malformed', { modelId: '' }],
    ['malformed', { modelId: 'demo\u001b[31m' }],
    ['malformed', { modelId: 'm'.repeat(129) }],
    ['malformed', { contextTokens: 0 }],
    ['malformed', { addresses: Array(9).fill('/ip4/127.0.0.1/tcp/1') }],
    ['malformed', { addresses: [`/dns/${'a'.repeat(252)}`] }],
    ['malformed', { addresses: ['http://example.org'] }],
    ['malformed', { engine: 'line\nbreak' }],
    ['too-large', { engine: 'e'.repeat(OFFER_FULL_BYTES_MAX) }],
  ])('refuses as %s, case %#', (reason, changes) => {
    expect(reasonOf(() => openOffer(nodeCrypto, forge(changes), CONTEXT, 'full'))).toBe(reason)
  })

  it('takes what lies exactly on the limits', () => {
    const limits = {
      issuedAtMs: BigInt(NOW_MS + 30_000),
      expiresAtMs: BigInt(NOW_MS + 630_000),
      addresses: Array(8).fill(`/dns/${'a'.repeat(251)}`),
      modelId: 'm'.repeat(128),
    }
    expect(reasonOf(() => openOffer(nodeCrypto, forge(limits), CONTEXT, 'full'))).toBe('accepted')
  })

  it('refuses a delta that carries a description and a full offer without one', () => {
    const full = signOffer(nodeCrypto, identity, offerTerms({ addresses: [] }), 'full')
    expect(reasonOf(() => openOffer(nodeCrypto, full, CONTEXT, 'delta'))).toBe('malformed')
    const delta = signOffer(nodeCrypto, identity, offerTerms(), 'delta')
    expect(reasonOf(() => openOffer(nodeCrypto, delta, CONTEXT, 'full'))).toBe('malformed')
  })

  it('refuses a delta over 400 bytes before it parses it', () => {
    const long = new Uint8Array(OFFER_DELTA_BYTES_MAX + 1)
    expect(reasonOf(() => openOffer(nodeCrypto, long, CONTEXT, 'delta'))).toBe('too-large')
  })

  it('refuses the simulated tier on mainnet, whatever else is right', () => {
    const mainnet = { globalId: -239, nowMs: NOW_MS }
    const offer = forge({ globalId: -239 })
    expect(reasonOf(() => openOffer(nodeCrypto, offer, mainnet, 'full'))).toBe('malformed')
    const open = forge({ globalId: -239, tier: 1 })
    expect(reasonOf(() => openOffer(nodeCrypto, open, mainnet, 'full'))).toBe('accepted')
  })

  it('does not take a signature made for another kind of record', () => {
    const honest = fromBinary(
      SignedRecordSchema,
      signOffer(nodeCrypto, identity, offerTerms(), 'full'),
    )
    const signature = nodeCrypto.ed25519Sign(identity, tagged('cocoon/bid/1', honest.payload))
    const forged = encodeRecord({ ...honest, signature })
    expect(reasonOf(() => openOffer(nodeCrypto, forged, CONTEXT, 'full'))).toBe('altered')
  })

  it('never accepts an altered byte: refused, or the very same signed contents', () => {
    const bytes = signOffer(nodeCrypto, identity, offerTerms(), 'full')
    const honest = openOffer(nodeCrypto, bytes, CONTEXT, 'full')
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = bytes.slice()
      altered[at] = altered[at]! ^ 0x01
      const reason = reasonOf(() => openOffer(nodeCrypto, altered, CONTEXT, 'full'))
      if (reason !== 'accepted') continue
      // Only an unsigned, unknown outer field may differ; what is signed may not.
      expect(openOffer(nodeCrypto, altered, CONTEXT, 'full')).toEqual(honest)
    }
  })

  it('throws nothing but typed refusals on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(reasonOf(() => openOffer(nodeCrypto, bytes, CONTEXT, 'full'))).not.toBe('accepted')
      }),
    )
  })
})

describe('topics', () => {
  it('are 128, fixed, and chosen by the first 6 bits of the model root', () => {
    const all = allTopics(GLOBAL_ID)
    expect(new Set(all).size).toBe(128)
    expect(topicIndex(MODEL_ROOT)).toBe(0x42 >> 2)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (root) => {
        expect(all).toContain(offerTopic(GLOBAL_ID, root))
        expect(all).toContain(jobTopic(GLOBAL_ID, root))
      }),
    )
    expect(offerTopic(-239, MODEL_ROOT)).not.toBe(offerTopic(-3, MODEL_ROOT))
  })
})
