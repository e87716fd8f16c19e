/** Sound offers, jobs and bids to start from; tests change one thing at a time. */
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { BidTerms, JobTerms, OpenedBid, OpenedJob } from '#protocol/market/job.ts'
import { jobPriceNano, openBid, openJob, signBid, signJob } from '#protocol/market/job.ts'
import type { Offer, OfferDescription, OfferTerms } from '#protocol/market/offer.ts'
import { testIdentity } from '../support/test-peers.ts'

export const GLOBAL_ID = -3
export const NOW_MS = 1_800_000_000_000
export const MODEL_ROOT = new Uint8Array(32).fill(0x42)
export const OTHER_ROOT = new Uint8Array(32).fill(0x99)
export const CONTEXT = { globalId: GLOBAL_ID, nowMs: NOW_MS }
export const JOB_KEY = testIdentity(9_000)

export function offerTerms(
  changes: Partial<OfferTerms & OfferDescription> = {},
): OfferTerms & OfferDescription {
  return {
    globalId: GLOBAL_ID,
    modelRoot: MODEL_ROOT,
    prices: {
      promptNanoPerMtok: 1_000_000n,
      cachedNanoPerMtok: 500_000n,
      completionNanoPerMtok: 4_000_000n,
    },
    slotsTotal: 4,
    slotsFree: 3,
    queued: 0,
    tier: 'simulated',
    statementDigest: new Uint8Array(32).fill(0x17),
    issuedAtMs: NOW_MS,
    sequence: 7n,
    expiresAtMs: NOW_MS + 300_000,
    modelId: 'cocoon-demo-1',
    contextTokens: 4_096,
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    engine: 'onnxruntime-node 1.30.0 (cpu)',
    textOnly: false,
    embeddingDimensions: 0,
    ...changes,
  }
}

/** An offer as the book returns it, without signing. */
export function offerOf(
  identity: number,
  changes: Partial<OfferTerms & OfferDescription> = {},
): Offer {
  const identityKey = testIdentity(identity).publicKey
  return { ...offerTerms(changes), identityKey, provider: toHex(identityKey) }
}

export function jobTerms(changes: Partial<JobTerms> = {}): JobTerms {
  return {
    globalId: GLOBAL_ID,
    modelRoot: MODEL_ROOT,
    lines: 10,
    promptTokens: 1_000,
    completionTokensMax: 2_000,
    priceCapNano: 1_000_000n,
    tierMin: 'simulated',
    issuedAtMs: NOW_MS,
    bidsCloseAtMs: NOW_MS + 5_000,
    deadlineMs: NOW_MS + 600_000,
    clientIdentityKey: testIdentity(8_000).publicKey,
    addresses: ['/ip4/127.0.0.1/tcp/4002'],
    readersMax: 1,
    ...changes,
  }
}

export function makeJob(changes: Partial<JobTerms> = {}): OpenedJob {
  return openJob(nodeCrypto, signJob(nodeCrypto, JOB_KEY, jobTerms(changes)), CONTEXT)
}

/** A sound bid on a job by the given identity; the price follows from the unit prices. */
export function makeBid(
  job: OpenedJob,
  identity: number,
  changes: Partial<BidTerms> = {},
): OpenedBid {
  const prices = changes.prices ?? offerTerms().prices
  const terms: BidTerms = {
    jobId: job.hash,
    prices,
    priceNano: jobPriceNano(job.contents, prices),
    finishInMs: 10_000,
    tier: 'simulated',
    statementDigest: new Uint8Array(32).fill(0x17),
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 60_000,
    ...changes,
  }
  return openBid(nodeCrypto, signBid(nodeCrypto, testIdentity(identity), terms), CONTEXT)
}
