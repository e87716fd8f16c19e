/** The market's vectors: what any other implementation must reproduce from bytes alone. */
import { readFileSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { openBid, openJob } from '#protocol/market/job.ts'
import { openJobMessage } from '#protocol/market/job-message.ts'
import { openOffer } from '#protocol/market/offer.ts'
import { RecordRefusedError } from '#protocol/market/records.ts'
import { jobKey, jobTopic, offerKey, offerTopic } from '#protocol/market/topics.ts'
import { checkTranscript } from '#protocol/market/transcript.ts'
import { SignedRecordSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { buildMarketVectors, type MarketVectors } from '../support/market-vectors.ts'
import { offerTerms } from './fixtures.ts'

const file = new URL('../vectors/market.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as MarketVectors
const record = (hex: string) => fromBinary(SignedRecordSchema, fromHex(hex))

it('are what the generator writes', () => {
  expect(JSON.parse(JSON.stringify(buildMarketVectors()))).toEqual(vectors)
})

describe.each([
  ['node', nodeCrypto],
  ['noble', nobleCrypto],
] as const)('market vectors with %s', (_, crypto) => {
  const context = vectors.receiver

  it('places: topics and DHT keys', () => {
    for (const place of vectors.places) {
      const root = fromHex(place.modelRoot)
      expect(offerTopic(context.globalId, root)).toBe(place.offerTopic)
      expect(jobTopic(context.globalId, root)).toBe(place.jobTopic)
      expect(toHex(offerKey(crypto, root))).toBe(place.offerKey)
      expect(toHex(jobKey(crypto, root))).toBe(place.jobKey)
    }
  })

  it('offers open to their terms', () => {
    const [delta, full] = vectors.offers as [MarketVectors['offers'][0], MarketVectors['offers'][0]]
    const opened = openOffer(crypto, fromHex(full.record), context, 'full')
    expect(opened.offer).toMatchObject(offerTerms())
    expect(opened.offer.provider).toBe(full.provider)
    expect(openOffer(crypto, fromHex(delta.record), context, 'delta').offer.provider).toBe(
      delta.provider,
    )
  })

  it.each(vectors.refusedOffers.map(({ reason, record }) => [reason, record] as const))(
    'refuses as %s, case %#',
    (reason, hex) => {
      const open = () => openOffer(crypto, fromHex(hex), context, 'full')
      expect(open).toThrow(RecordRefusedError)
      expect(open).toThrow(expect.objectContaining({ reason }))
    },
  )

  it('auction: names, transcript, and the bid that was left out', () => {
    const { auction } = vectors
    const job = openJob(crypto, fromHex(auction.job), context)
    expect(toHex(job.hash)).toBe(auction.jobId)
    expect(openJobMessage(crypto, fromHex(auction.message), context)).toEqual({ kind: 'job', job })
    for (const bid of auction.bids) {
      const opened = openBid(crypto, fromHex(bid.record), context)
      expect(toHex(opened.hash)).toBe(bid.hash)
      expect(toHex(opened.signer)).toBe(bid.bidder)
      expect(opened.contents.priceNano).toBe(BigInt(bid.priceNano))
    }
    const transcript = {
      job: record(auction.job),
      bids: auction.bids.map((bid) => record(bid.record)),
      acknowledgements: auction.acknowledgements.map(record),
      award: record(auction.award),
      close: record(auction.close),
    }
    const check = checkTranscript(crypto, transcript, context.globalId)
    expect(check).toEqual({ ok: true, findings: [], winner: auction.winner })
    const cheated = { ...transcript, close: record(auction.closeLeavingOut) }
    const { ok, findings } = checkTranscript(crypto, cheated, context.globalId)
    expect(ok).toBe(false)
    expect(findings).toEqual([{ fault: 'left-out', detail: auction.bids[0]!.hash }])
  })
})
