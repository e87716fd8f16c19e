import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equal, toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import {
  type Auction,
  type AuctionEffect,
  compareBids,
  openAuction,
  stepAuction,
} from '#protocol/market/auction.ts'
import { type BidderState, decideBid } from '#protocol/market/bidding.ts'
import { BIDS_MAX } from '#protocol/market/constants.ts'
import {
  checkBidFits,
  type JobTerms,
  type OpenedBid,
  type OpenedJob,
  openAcknowledgement,
  openAward,
  openBid,
  openClose,
  openJob,
  signAcknowledgement,
  signAward,
  signBid,
  signClose,
  signJob,
} from '#protocol/market/job.ts'
import { encodeJobMessage, openJobMessage } from '#protocol/market/job-message.ts'
import { RecordRefusedError } from '#protocol/market/records.ts'
import { checkTranscript, type Transcript } from '#protocol/market/transcript.ts'
import { testIdentity } from '../support/test-peers.ts'
import {
  CONTEXT,
  GLOBAL_ID,
  JOB_KEY,
  jobTerms,
  MODEL_ROOT,
  makeBid,
  makeJob,
  NOW_MS,
  offerTerms,
} from './fixtures.ts'

const priceOf = (completionNanoPerMtok: bigint) => ({
  prices: { ...offerTerms().prices, completionNanoPerMtok },
})

function reasonOf(action: () => unknown): string {
  try {
    action()
    return 'accepted'
  } catch (error) {
    if (error instanceof RecordRefusedError) return error.reason
    throw error
  }
}

describe('job records', () => {
  it.each<[string, Partial<JobTerms>]>([
    ['accepted', {}],
    ['wrong-network', { globalId: -239 }],
    ['future', { issuedAtMs: NOW_MS + 30_001, bidsCloseAtMs: NOW_MS + 40_000 }],
    ['expired', { issuedAtMs: NOW_MS - 9_000, bidsCloseAtMs: NOW_MS - 5_000, deadlineMs: NOW_MS }],
    ['too-long-lived', { bidsCloseAtMs: NOW_MS + 3_600_001, deadlineMs: NOW_MS + 4_000_000 }],
    ['too-long-lived', { deadlineMs: NOW_MS + 7 * 86_400_000 + 1 }],
    ['malformed', { bidsCloseAtMs: NOW_MS }],
    ['malformed', { deadlineMs: NOW_MS + 5_000 }],
    ['malformed', { lines: 0 }],
    ['malformed', { lines: 100_001 }],
    ['malformed', { promptTokens: 0 }],
    ['malformed', { readersMax: 0 }],
    ['malformed', { readersMax: 17 }],
    ['malformed', { clientIdentityKey: new Uint8Array(0) }],
    ['malformed', { addresses: ['not an address'] }],
  ])('job: %s, case %#', (reason, changes) => {
    const record = signJob(nodeCrypto, JOB_KEY, jobTerms(changes))
    expect(reasonOf(() => openJob(nodeCrypto, record, CONTEXT))).toBe(reason)
  })

  it('names a job by payload and key: a copied payload under another key is another job', () => {
    const job = makeJob()
    const thief = openJob(nodeCrypto, signJob(nodeCrypto, testIdentity(5), jobTerms()), CONTEXT)
    expect(thief.record.payload).toEqual(job.record.payload)
    expect(equal(thief.hash, job.hash)).toBe(false)
  })

  it.each<[string, Parameters<typeof makeBid>[2]]>([
    ['accepted', {}],
    ['unfit', { priceNano: 1n }],
    ['unfit', priceOf(10n ** 12n)],
    ['unfit', { tier: 'open' }],
    ['unfit', { finishInMs: 595_001 }],
    ['unfit', { jobId: new Uint8Array(32) }],
  ])('holds a bid against its job: %s, case %#', (reason, changes) => {
    const job = makeJob()
    expect(reasonOf(() => checkBidFits(job, makeBid(job, 1, changes).contents))).toBe(reason)
  })

  it('travels as a job message and is refused when altered or too large', () => {
    const job = makeJob()
    const bytes = encodeJobMessage('job', job.record)
    expect(openJobMessage(nodeCrypto, bytes, CONTEXT)).toMatchObject({ kind: 'job' })
    const bid = makeBid(job, 1)
    const opened = openJobMessage(nodeCrypto, encodeJobMessage('bid', bid.record), CONTEXT)
    expect(opened).toEqual({ kind: 'bid', bid })
    // A job record in a bid's envelope is not a bid: the tag is part of what is signed.
    expect(
      reasonOf(() => openJobMessage(nodeCrypto, encodeJobMessage('bid', job.record), CONTEXT)),
    ).not.toBe('accepted')
    const altered = bytes.slice()
    altered[40]! ^= 1
    expect(reasonOf(() => openJobMessage(nodeCrypto, altered, CONTEXT))).not.toBe('accepted')
    expect(reasonOf(() => openJobMessage(nodeCrypto, new Uint8Array(20_000), CONTEXT))).toBe(
      'too-large',
    )
    expect(reasonOf(() => openJobMessage(nodeCrypto, new Uint8Array(0), CONTEXT))).toBe('malformed')
  })

  it('refuses a close that is unsorted, repeats a bid or crowns one that it does not list', () => {
    const job = makeJob()
    const [a, b, c] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const close = (bidHashes: Uint8Array[], winningBidHash?: Uint8Array) =>
      reasonOf(() =>
        openClose(
          nodeCrypto,
          signClose(nodeCrypto, JOB_KEY, { jobId: job.hash, bidHashes, winningBidHash }),
        ),
      )
    expect(close([a, b], a)).toBe('accepted')
    expect(close([])).toBe('accepted')
    expect(close([b, a], a)).toBe('malformed')
    expect(close([a, a], a)).toBe('malformed')
    expect(close([a, b], c)).toBe('malformed')
    expect(
      close(
        Array.from({ length: BIDS_MAX }, (_, at) => new Uint8Array(32).fill(at)),
        a,
      ),
    ).toBe('accepted')
  })
})

describe('auction', () => {
  it('acknowledges three bids, awards the cheapest and closes with all of them', () => {
    const job = makeJob()
    const bids = [
      makeBid(job, 1, priceOf(6_000_000n)),
      makeBid(job, 2),
      makeBid(job, 3, priceOf(5_000_000n)),
    ]
    const { state, effects } = play(openAuction(job, 3), bids)
    expect(effects.map(({ kind }) => kind)).toEqual([
      ...['acknowledge', 'acknowledge', 'acknowledge', 'award', 'close'],
    ])
    expect(state.phase).toBe('awarded')
    expect(state.winner?.signer).toEqual(testIdentity(2).publicKey)
    expect(checkTranscript(nodeCrypto, transcriptOf(job, effects), GLOBAL_ID)).toEqual({
      ...{ ok: true, findings: [] },
      winner: toHex(testIdentity(2).publicKey),
    })
  })

  it('breaks equal prices by finish time, then tier', () => {
    const job = makeJob()
    const slow = makeBid(job, 1, { finishInMs: 9_000 })
    const fast = makeBid(job, 2, { finishInMs: 8_000 })
    const safe = makeBid(job, 3, { finishInMs: 8_000, tier: 'confidential' })
    expect([slow, fast, safe].sort(compareBids)).toEqual([safe, fast, slow])
  })

  it('acknowledges a repeated bid again and counts it once', () => {
    const job = makeJob()
    const bid = makeBid(job, 1)
    const { state, effects } = play(openAuction(job), [bid, bid])
    expect(effects.map(({ kind }) => kind)).toEqual(['acknowledge', 'acknowledge'])
    expect(state.bids.size).toBe(1)
  })

  it('refuses a second bid, a misfit, an expired one and one after the close, by reason', () => {
    const job = makeJob()
    const start = play(openAuction(job), [
      makeBid(job, 1),
      makeBid(job, 1, priceOf(1n)),
      makeBid(job, 2, { priceNano: 3n }),
    ]).state
    const expired = stepAuction(
      start,
      { kind: 'bid', bid: makeBid(job, 3, { expiresAtMs: NOW_MS + 5 }) },
      NOW_MS + 5,
    )
    const over = stepAuction(expired.state, { kind: 'tick' }, NOW_MS + 5_000)
    const late = stepAuction(over.state, { kind: 'bid', bid: makeBid(job, 4) }, NOW_MS + 5_001)
    expect(late.state.refused).toEqual({ 'second-bid': 1, unfit: 1, expired: 1, 'too-late': 1 })
    expect(late.state.winner?.signer).toEqual(testIdentity(1).publicKey)
  })

  it('closes without a winner when nobody bid', () => {
    const { state, effects } = stepAuction(openAuction(makeJob()), { kind: 'tick' }, NOW_MS + 5_000)
    expect(state.phase).toBe('failed')
    expect(effects).toEqual([{ kind: 'close', bidHashes: [], winningBidHash: undefined }])
  })

  it('has, for any arrivals, a winner no worse than any bid, one close, and an honest transcript', () => {
    const arrivals = fc.array(
      fc.record({
        identity: fc.integer({ min: 1, max: 5 }),
        price: fc.bigInt({ min: 1n, max: 20_000_000n }),
        finishInMs: fc.integer({ min: 1, max: 900_000 }),
        afterMs: fc.integer({ min: 0, max: 1_500 }),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(arrivals, fc.option(fc.integer({ min: 1, max: 4 })), (list, expected) => {
        const job = makeJob()
        let state = openAuction(job, expected ?? undefined)
        let atMs = NOW_MS
        const effects: AuctionEffect[] = []
        for (const { identity, price, finishInMs, afterMs } of list) {
          atMs += afterMs
          const bid = makeBid(job, identity, { ...priceOf(price), finishInMs })
          const step = stepAuction(state, { kind: 'bid', bid }, atMs)
          state = step.state
          effects.push(...step.effects)
        }
        const last = stepAuction(state, { kind: 'tick' }, Math.max(atMs, NOW_MS + 5_000))
        effects.push(...last.effects)
        expect(effects.filter(({ kind }) => kind === 'close')).toHaveLength(1)
        for (const bid of last.state.bids.values()) {
          if (bid !== last.state.winner)
            expect(compareBids(last.state.winner!, bid)).toBeLessThan(0)
        }
        expect(checkTranscript(nodeCrypto, transcriptOf(job, effects), GLOBAL_ID).findings).toEqual(
          [],
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('transcript', () => {
  const job = makeJob()
  const bids = [
    makeBid(job, 1),
    makeBid(job, 2, priceOf(5_000_000n)),
    makeBid(job, 3, priceOf(6_000_000n)),
  ]
  const honest = transcriptOf(job, play(openAuction(job, 3), bids).effects)
  const faultsOf = (changes: Partial<Transcript>) =>
    checkTranscript(nodeCrypto, { ...honest, ...changes }, GLOBAL_ID).findings.map(
      ({ fault }) => fault,
    )
  const close = (listed: readonly OpenedBid[], winner: OpenedBid | undefined) =>
    signClose(nodeCrypto, JOB_KEY, {
      jobId: job.hash,
      bidHashes: listed.map(({ hash }) => hash).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1)),
      winningBidHash: winner?.hash,
    })
  const award = (winner: OpenedBid) =>
    signAward(nodeCrypto, JOB_KEY, { jobId: job.hash, bidHash: winner.hash, awardedAtMs: NOW_MS })

  it('proves to anyone that an acknowledged bid was left out', () => {
    const [, second, third] = bids as [OpenedBid, OpenedBid, OpenedBid]
    const listed = [second, third]
    expect(faultsOf({ close: close(listed, second), award: award(second) })).toEqual(['left-out'])
  })

  it('finds an award that is not the best, differs from the close, or is missing', () => {
    const [first, second] = bids as [OpenedBid, OpenedBid, OpenedBid]
    expect(faultsOf({ close: close(bids, second), award: award(second) })).toEqual(['not-the-best'])
    expect(faultsOf({ award: award(second) })).toEqual(['winner-differs'])
    expect(faultsOf({ award: undefined })).toEqual(['winner-differs'])
    expect(faultsOf({ close: close(bids, undefined), award: award(first) })).toEqual([
      'winner-differs',
    ])
  })

  it('finds a bid that is listed and not shown, or shown and unfit', () => {
    expect(faultsOf({ bids: honest.bids.slice(1) })).toContain('bid-missing')
    const misfit = makeBid(job, 4, { priceNano: 1n })
    const listed = [...bids, misfit]
    expect(
      faultsOf({
        bids: listed.map(({ record }) => record),
        close: close(listed, misfit),
        award: award(misfit),
      }),
    ).toContain('unfit-bid')
  })

  it('takes no record signed by another key or for another job', () => {
    const [first] = bids as [OpenedBid]
    const stranger = testIdentity(77)
    const jobId = job.hash
    const strangersAward = signAward(nodeCrypto, stranger, {
      jobId,
      bidHash: first.hash,
      awardedAtMs: NOW_MS,
    })
    expect(faultsOf({ award: strangersAward })).toEqual(['bad-record'])
    const other = signAcknowledgement(nodeCrypto, JOB_KEY, new Uint8Array(32), first.hash)
    expect(faultsOf({ acknowledgements: [...honest.acknowledgements, other] })).toEqual([
      'bad-record',
    ])
    const altered = { ...honest.close, signature: honest.close.signature.slice().reverse() }
    expect(faultsOf({ close: altered })).toEqual(['bad-record'])
  })
})

describe('bidding', () => {
  const own: BidderState = {
    modelRoot: MODEL_ROOT,
    prices: offerTerms().prices,
    tier: 'simulated',
    statementDigest: new Uint8Array(32).fill(0x17),
    contextTokens: 4_096,
    slotsTotal: 2,
    queued: 0,
    promptTokensPerS: 1_000,
    completionTokensPerS: 100,
  }

  it('bids its own prices, and its bid fits the job', () => {
    const job = makeJob()
    const decision = decideBid(job, own, NOW_MS)
    if (decision.kind !== 'bid') throw new Error(decision.reason)
    // 1 s of prompt and 20 s of answers over two slots.
    expect(decision.bid.finishInMs).toBe(10_500)
    const record = signBid(nodeCrypto, testIdentity(1), decision.bid)
    expect(reasonOf(() => checkBidFits(job, openBid(nodeCrypto, record, CONTEXT).contents))).toBe(
      'accepted',
    )
  })

  it.each<[string, Partial<BidderState>, Partial<JobTerms>]>([
    ['another model', { modelRoot: new Uint8Array(32) }, {}],
    ['tier open is too low', { tier: 'open' }, {}],
    ['no slots', { slotsTotal: 0 }, {}],
    ['lines exceed the context', { contextTokens: 99 }, {}],
    ['price cap is below our price', {}, { priceCapNano: 1n }],
    ['deadline is too near', { completionTokensPerS: 1 }, {}],
  ])('passes: %s', (reason, changes, job) => {
    expect(decideBid(makeJob(job), { ...own, ...changes }, NOW_MS)).toEqual({
      kind: 'pass',
      reason,
    })
  })

  it('passes when bidding is over', () => {
    expect(decideBid(makeJob(), own, NOW_MS + 5_000)).toEqual({
      kind: 'pass',
      reason: 'bidding is over',
    })
  })
})

function play(
  auction: Auction,
  bids: readonly OpenedBid[],
): { state: Auction; effects: AuctionEffect[] } {
  let state = auction
  const effects: AuctionEffect[] = []
  for (const bid of bids) {
    const step = stepAuction(state, { kind: 'bid', bid }, NOW_MS + 1)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

/** Signs what the effects say, as the client's service does. */
function transcriptOf(job: OpenedJob, effects: readonly AuctionEffect[]): Transcript {
  const jobId = job.hash
  const acknowledged = effects.flatMap((effect) =>
    effect.kind === 'acknowledge' ? [effect.bid] : [],
  )
  const award = effects.find((effect) => effect.kind === 'award')
  const close = effects.find((effect) => effect.kind === 'close')!
  const transcript: Transcript = {
    job: job.record,
    bids: acknowledged.map(({ record }) => record),
    acknowledgements: acknowledged.map(({ hash }) =>
      signAcknowledgement(nodeCrypto, JOB_KEY, jobId, hash),
    ),
    award:
      award &&
      signAward(nodeCrypto, JOB_KEY, {
        ...{ jobId, bidHash: award.winner.hash, awardedAtMs: award.awardedAtMs },
      }),
    close: signClose(nodeCrypto, JOB_KEY, {
      ...{ jobId, bidHashes: close.bidHashes, winningBidHash: close.winningBidHash },
    }),
  }
  for (const record of transcript.acknowledgements) openAcknowledgement(nodeCrypto, record)
  if (transcript.award !== undefined) openAward(nodeCrypto, transcript.award)
  return transcript
}
