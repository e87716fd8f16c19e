/**
 * Builds test/vectors/market.json: one record of each kind, its bytes, its name, and every refusal with
 * the bytes that earn it. Everything follows from fixed seeds.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { chooseBid } from '#protocol/market/auction.ts'
import { type OpenedBid, signAcknowledgement, signAward, signClose } from '#protocol/market/job.ts'
import { encodeJobMessage } from '#protocol/market/job-message.ts'
import { signOffer } from '#protocol/market/offer.ts'
import { encodeRecord, recordHash, signRecord } from '#protocol/market/records.ts'
import { jobKey, jobTopic, offerKey, offerTopic } from '#protocol/market/topics.ts'
import { OfferSchema, SignedRecordSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import {
  GLOBAL_ID,
  JOB_KEY,
  MODEL_ROOT,
  makeBid,
  makeJob,
  NOW_MS,
  offerTerms,
} from '../market/fixtures.ts'
import { testIdentity } from './test-peers.ts'

const IDENTITY = testIdentity(1)

export function buildMarketVectors() {
  return {
    format: 'cocoon-market-vectors/1',
    receiver: { globalId: GLOBAL_ID, nowMs: NOW_MS },
    keys: { identitySeed: toHex(IDENTITY.seed), jobSeed: toHex(JOB_KEY.seed) },
    places: places(),
    offers: offers(),
    refusedOffers: refusedOffers(),
    auction: auction(),
  }
}

function places() {
  return [MODEL_ROOT, new Uint8Array(32), new Uint8Array(32).fill(0xff)].map((modelRoot) => ({
    modelRoot: toHex(modelRoot),
    offerTopic: offerTopic(GLOBAL_ID, modelRoot),
    jobTopic: jobTopic(GLOBAL_ID, modelRoot),
    offerKey: toHex(offerKey(crypto, modelRoot)),
    jobKey: toHex(jobKey(crypto, modelRoot)),
  }))
}

function offers() {
  return (['delta', 'full'] as const).map((form) => {
    const bytes = signOffer(crypto, IDENTITY, offerTerms(), form)
    const record = fromBinary(SignedRecordSchema, bytes)
    return {
      form,
      record: toHex(bytes),
      payload: toHex(record.payload),
      provider: toHex(record.publicKey),
      hash: toHex(recordHash(crypto, 'cocoon/offer/1', record)),
    }
  })
}

/** Full offers that one change makes wrong, signed soundly unless the signature is the point. */
function refusedOffers() {
  const changes: readonly (readonly [string, Record<string, unknown>])[] = [
    ['wrong-network', { globalId: -239 }],
    ['version', { version: 2 }],
    ['future', { issuedAtMs: BigInt(NOW_MS + 30_001), expiresAtMs: BigInt(NOW_MS + 60_000) }],
    ['expired', { issuedAtMs: BigInt(NOW_MS - 1_000), expiresAtMs: BigInt(NOW_MS) }],
    ['too-long-lived', { expiresAtMs: BigInt(NOW_MS + 600_001) }],
    ['malformed', { modelRoot: new Uint8Array(31) }],
    ['malformed', { slotsFree: 5 }],
    ['malformed', { addresses: ['http://example.org'] }],
    ['too-large', { engine: 'e'.repeat(4_096) }],
  ]
  const signed = changes.map(([reason, change]) => ({ reason, record: toHex(changed(change)) }))
  const altered = signOffer(crypto, IDENTITY, offerTerms(), 'full')
  altered[altered.length - 1] = altered[altered.length - 1]! ^ 1
  return [...signed, { reason: 'altered', record: toHex(altered) }]
}

function changed(change: Record<string, unknown>): Uint8Array {
  const honest = fromBinary(SignedRecordSchema, signOffer(crypto, IDENTITY, offerTerms(), 'full'))
  const message = create(OfferSchema, { ...fromBinary(OfferSchema, honest.payload), ...change })
  const payload = toBinary(OfferSchema, message)
  return encodeRecord(signRecord(crypto, 'cocoon/offer/1', IDENTITY, payload))
}

function auction() {
  const job = makeJob()
  const prices = (completionNanoPerMtok: bigint) => ({
    prices: { ...offerTerms().prices, completionNanoPerMtok },
  })
  const bids = [
    makeBid(job, 1, prices(6_000_000n)),
    makeBid(job, 2, prices(3_000_000n)),
    makeBid(job, 3, { ...prices(3_000_000n), finishInMs: 9_999 }),
  ]
  const winner = chooseBid(bids, NOW_MS + 1)!
  const jobId = job.hash
  const bidHashes = bids.map(({ hash }) => hash).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1))
  return {
    job: toHex(encodeRecord(job.record)),
    jobId: toHex(jobId),
    bids: bids.map(describeBid),
    acknowledgements: bids.map(({ hash }) =>
      toHex(encodeRecord(signAcknowledgement(crypto, JOB_KEY, jobId, hash))),
    ),
    award: toHex(
      encodeRecord(
        signAward(crypto, JOB_KEY, { jobId, bidHash: winner.hash, awardedAtMs: NOW_MS + 1 }),
      ),
    ),
    close: toHex(
      encodeRecord(signClose(crypto, JOB_KEY, { jobId, bidHashes, winningBidHash: winner.hash })),
    ),
    /** The close without its first bid: the transcript must be found wanting. */
    closeLeavingOut: toHex(
      encodeRecord(
        signClose(crypto, JOB_KEY, {
          ...{ jobId, winningBidHash: winner.hash },
          bidHashes: bidHashes.filter((hash) => hash !== bids[0]!.hash),
        }),
      ),
    ),
    winner: toHex(winner.signer),
    message: toHex(encodeJobMessage('job', job.record)),
  }
}

function describeBid(bid: OpenedBid) {
  return {
    record: toHex(encodeRecord(bid.record)),
    hash: toHex(bid.hash),
    bidder: toHex(bid.signer),
    priceNano: bid.contents.priceNano.toString(),
  }
}

export type MarketVectors = ReturnType<typeof buildMarketVectors>
