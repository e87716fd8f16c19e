/**
 * Records of the batch market. A job says the shape of the work and nothing of its content. The job,
 * the acknowledgement of each bid, the award and the close are signed by one one-time job key; bids by
 * the provider's identity key.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { toHex } from '../bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '../crypto/port.ts'
import { priceNano, type UnitPrices } from '../money.ts'
import {
  AwardSchema,
  BidAcknowledgementSchema,
  BidSchema,
  JobCloseSchema,
  JobSchema,
  type SignedRecord,
} from '../wire/gen/cocoon_pb.ts'
import {
  BID_LIFE_MS_MAX,
  BIDS_MAX,
  JOB_BIDDING_MS_MAX,
  JOB_CLOSE_BYTES_MAX,
  JOB_DEADLINE_MS_MAX,
  JOB_LINES_MAX,
  JOB_READERS_MAX,
  JOB_RECORD_BYTES_MAX,
  JOB_TOKENS_MAX,
  MARKET_VERSION,
} from './constants.ts'
import {
  checkAddresses,
  checkBytes32,
  checkCount,
  checkLife,
  checkNetwork,
  checkNotAhead,
  checkNotPast,
  checkPrices,
  checkTier,
  checkTimeMs,
  checkVersion,
  pricesToWire,
  type ReceiveContext,
} from './fields.ts'
import {
  check,
  decodeRecord,
  type RecordTag,
  recordHash,
  refuse,
  signRecord,
  verifyRecord,
} from './records.ts'
import { type AssuranceTier, tierRank, tierToWire } from './tier.ts'

/** Shape of a batch job. Sums are over all lines. */
export interface JobTerms {
  readonly globalId: number
  readonly modelRoot: Uint8Array
  readonly lines: number
  readonly promptTokens: number
  readonly completionTokensMax: number
  /** For the whole job. */
  readonly priceCapNano: bigint
  readonly tierMin: AssuranceTier
  readonly issuedAtMs: number
  readonly bidsCloseAtMs: number
  readonly deadlineMs: number
  /** 32 bytes: the peer to ask for the record. */
  readonly clientIdentityKey: Uint8Array
  readonly addresses: readonly string[]
  readonly readersMax: number
}

export interface BidTerms {
  readonly jobId: Uint8Array
  readonly prices: UnitPrices
  /** For the whole job at its stated maxima. */
  readonly priceNano: bigint
  /** Estimate, from the award on. */
  readonly finishInMs: number
  readonly tier: AssuranceTier
  readonly statementDigest: Uint8Array
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** A record that was opened: its contents, the bytes that prove it, its name and its signer. */
export interface Opened<Contents> {
  readonly contents: Contents
  readonly record: SignedRecord
  /** Name of the record, 32 bytes (see recordHash). */
  readonly hash: Uint8Array
  /** 32-byte key that signed it. */
  readonly signer: Uint8Array
}

export type OpenedJob = Opened<JobTerms>
export type OpenedBid = Opened<BidTerms>
export type OpenedAcknowledgement = Opened<{
  readonly jobId: Uint8Array
  readonly bidHash: Uint8Array
}>
export type OpenedAward = Opened<{
  readonly jobId: Uint8Array
  readonly bidHash: Uint8Array
  readonly awardedAtMs: number
}>
export type OpenedClose = Opened<{
  readonly jobId: Uint8Array
  /** Sorted, each once. */
  readonly bidHashes: readonly Uint8Array[]
  /** Undefined: no award. */
  readonly winningBidHash: Uint8Array | undefined
}>

export function signJob(crypto: CryptoPort, jobKey: Ed25519KeyPair, job: JobTerms): SignedRecord {
  const message = create(JobSchema, {
    version: MARKET_VERSION,
    globalId: job.globalId,
    modelRoot: job.modelRoot,
    lines: job.lines,
    promptTokens: BigInt(job.promptTokens),
    completionTokensMax: BigInt(job.completionTokensMax),
    priceCapNano: job.priceCapNano,
    tierMin: tierToWire(job.tierMin),
    issuedAtMs: BigInt(job.issuedAtMs),
    bidsCloseAtMs: BigInt(job.bidsCloseAtMs),
    deadlineMs: BigInt(job.deadlineMs),
    clientIdentityKey: job.clientIdentityKey,
    addresses: [...job.addresses],
    readersMax: job.readersMax,
  })
  return signRecord(crypto, 'cocoon/job/1', jobKey, toBinary(JobSchema, message))
}

/**
 * Opens a job record. A job whose deadline has passed is `expired`; one whose bidding is over is not.
 * @throws RecordRefusedError with the reason
 */
export function openJob(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
): OpenedJob {
  const opened = open(crypto, 'cocoon/job/1', JobSchema, record, JOB_RECORD_BYTES_MAX)
  const { message } = opened
  checkVersion(message.version)
  checkNetwork(message.globalId, context)
  check(message.promptTokens > 0n && message.promptTokens <= JOB_TOKENS_MAX, 'prompt tokens')
  check(message.completionTokensMax <= JOB_TOKENS_MAX, 'completion tokens')
  check(message.lines > 0 && message.readersMax > 0, 'no lines or no readers')
  const contents: JobTerms = {
    globalId: message.globalId,
    modelRoot: checkBytes32(message.modelRoot, 'model root'),
    lines: checkCount(message.lines, JOB_LINES_MAX, 'lines'),
    promptTokens: Number(message.promptTokens),
    completionTokensMax: Number(message.completionTokensMax),
    priceCapNano: message.priceCapNano,
    tierMin: checkTier(message.tierMin, context.globalId),
    issuedAtMs: checkTimeMs(message.issuedAtMs, 'issued_at_ms'),
    bidsCloseAtMs: checkTimeMs(message.bidsCloseAtMs, 'bids_close_at_ms'),
    deadlineMs: checkTimeMs(message.deadlineMs, 'deadline_ms'),
    clientIdentityKey: checkBytes32(message.clientIdentityKey, 'client identity key'),
    addresses: checkAddresses(message.addresses),
    readersMax: checkCount(message.readersMax, JOB_READERS_MAX, 'readers'),
  }
  checkJobTimes(contents, context.nowMs)
  return { contents, ...opened.proof }
}

export function signBid(crypto: CryptoPort, identity: Ed25519KeyPair, bid: BidTerms): SignedRecord {
  const message = create(BidSchema, {
    version: MARKET_VERSION,
    jobId: bid.jobId,
    prices: pricesToWire(bid.prices),
    priceNano: bid.priceNano,
    finishInMs: BigInt(bid.finishInMs),
    tier: tierToWire(bid.tier),
    statementDigest: bid.statementDigest,
    issuedAtMs: BigInt(bid.issuedAtMs),
    expiresAtMs: BigInt(bid.expiresAtMs),
  })
  return signRecord(crypto, 'cocoon/bid/1', identity, toBinary(BidSchema, message))
}

/**
 * Opens a bid by itself, as a peer that only forwards it must. `checkBidFits` holds it against its job.
 * @throws RecordRefusedError with the reason
 */
export function openBid(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
  context: ReceiveContext,
): OpenedBid {
  const opened = open(crypto, 'cocoon/bid/1', BidSchema, record, JOB_RECORD_BYTES_MAX)
  const { message } = opened
  checkVersion(message.version)
  check(message.finishInMs <= BigInt(JOB_DEADLINE_MS_MAX), 'finish time')
  const contents: BidTerms = {
    jobId: checkBytes32(message.jobId, 'job id'),
    prices: checkPrices(message.prices),
    priceNano: message.priceNano,
    finishInMs: Number(message.finishInMs),
    tier: checkTier(message.tier, context.globalId),
    statementDigest: checkBytes32(message.statementDigest, 'statement digest'),
    issuedAtMs: checkTimeMs(message.issuedAtMs, 'issued_at_ms'),
    expiresAtMs: checkTimeMs(message.expiresAtMs, 'expires_at_ms'),
  }
  checkLife(contents, BID_LIFE_MS_MAX, context.nowMs)
  return { contents, ...opened.proof }
}

/** Price of a job at its stated maxima: what every bid must state. */
export function jobPriceNano(job: JobTerms, prices: UnitPrices): bigint {
  const { promptTokens, completionTokensMax } = job
  return priceNano(prices, { promptTokens, cachedTokens: 0, completionTokens: completionTokensMax })
}

/**
 * Holds a bid against its job: the price is the job's at the bid's own unit prices and within the cap,
 * the tier is enough, the work ends before the deadline if awarded when bidding closes.
 * @throws RecordRefusedError unfit
 */
export function checkBidFits(job: OpenedJob, bid: BidTerms): void {
  const terms = job.contents
  if (toHex(bid.jobId) !== toHex(job.hash)) refuse('unfit', 'another job')
  if (bid.priceNano !== jobPriceNano(terms, bid.prices)) refuse('unfit', 'price is not its own sum')
  if (bid.priceNano > terms.priceCapNano) refuse('unfit', 'over the price cap')
  if (tierRank(bid.tier) < tierRank(terms.tierMin)) refuse('unfit', 'tier too low')
  if (terms.bidsCloseAtMs + bid.finishInMs > terms.deadlineMs) refuse('unfit', 'too late')
}

export function signAcknowledgement(
  crypto: CryptoPort,
  jobKey: Ed25519KeyPair,
  jobId: Uint8Array,
  bidHash: Uint8Array,
): SignedRecord {
  const message = create(BidAcknowledgementSchema, { jobId, bidHash })
  return signRecord(crypto, 'cocoon/bid-ack/1', jobKey, toBinary(BidAcknowledgementSchema, message))
}

/** @throws RecordRefusedError with the reason */
export function openAcknowledgement(
  crypto: CryptoPort,
  record: Uint8Array | SignedRecord,
): OpenedAcknowledgement {
  const schema = BidAcknowledgementSchema
  const { message, proof } = open(crypto, 'cocoon/bid-ack/1', schema, record, JOB_RECORD_BYTES_MAX)
  const jobId = checkBytes32(message.jobId, 'job id')
  return { contents: { jobId, bidHash: checkBytes32(message.bidHash, 'bid hash') }, ...proof }
}

export function signAward(
  crypto: CryptoPort,
  jobKey: Ed25519KeyPair,
  award: OpenedAward['contents'],
): SignedRecord {
  const message = create(AwardSchema, { ...award, awardedAtMs: BigInt(award.awardedAtMs) })
  return signRecord(crypto, 'cocoon/award/1', jobKey, toBinary(AwardSchema, message))
}

/** @throws RecordRefusedError with the reason */
export function openAward(crypto: CryptoPort, record: Uint8Array | SignedRecord): OpenedAward {
  const opened = open(crypto, 'cocoon/award/1', AwardSchema, record, JOB_RECORD_BYTES_MAX)
  const contents = {
    jobId: checkBytes32(opened.message.jobId, 'job id'),
    bidHash: checkBytes32(opened.message.bidHash, 'bid hash'),
    awardedAtMs: checkTimeMs(opened.message.awardedAtMs, 'awarded_at_ms'),
  }
  return { contents, ...opened.proof }
}

export function signClose(
  crypto: CryptoPort,
  jobKey: Ed25519KeyPair,
  close: OpenedClose['contents'],
): SignedRecord {
  const message = create(JobCloseSchema, {
    jobId: close.jobId,
    bidHashes: [...close.bidHashes],
    winningBidHash: close.winningBidHash ?? new Uint8Array(0),
  })
  return signRecord(crypto, 'cocoon/job-close/1', jobKey, toBinary(JobCloseSchema, message))
}

/** @throws RecordRefusedError with the reason */
export function openClose(crypto: CryptoPort, record: Uint8Array | SignedRecord): OpenedClose {
  const opened = open(crypto, 'cocoon/job-close/1', JobCloseSchema, record, JOB_CLOSE_BYTES_MAX)
  const { jobId, bidHashes, winningBidHash } = opened.message
  check(bidHashes.length <= BIDS_MAX, `${bidHashes.length} bids`)
  for (const hash of bidHashes) checkBytes32(hash, 'bid hash')
  const names = bidHashes.map(toHex)
  check(
    names.every((name, at) => at === 0 || names[at - 1]! < name),
    'bid hashes are not sorted, each once',
  )
  const hasWinner = winningBidHash.length > 0
  if (hasWinner) check(names.includes(toHex(winningBidHash)), 'the winner is not listed')
  const contents = {
    jobId: checkBytes32(jobId, 'job id'),
    bidHashes,
    winningBidHash: hasWinner ? winningBidHash : undefined,
  }
  return { contents, ...opened.proof }
}

function checkJobTimes(job: JobTerms, nowMs: number | undefined): void {
  checkNotAhead(job.issuedAtMs, nowMs)
  check(job.bidsCloseAtMs > job.issuedAtMs, 'bidding ends before it begins')
  check(job.deadlineMs > job.bidsCloseAtMs, 'deadline before bidding ends')
  if (job.bidsCloseAtMs - job.issuedAtMs > JOB_BIDDING_MS_MAX) refuse('too-long-lived', 'bidding')
  if (job.deadlineMs - job.issuedAtMs > JOB_DEADLINE_MS_MAX) refuse('too-long-lived', 'deadline')
  checkNotPast(job.deadlineMs, nowMs)
}

function open<Schema extends DescMessage>(
  crypto: CryptoPort,
  tag: RecordTag,
  schema: Schema,
  record: Uint8Array | SignedRecord,
  bytesMax: number,
): { message: MessageShape<Schema>; proof: Omit<Opened<never>, 'contents'> } {
  const signed = decodeRecord(record, bytesMax)
  const message = parse(schema, signed.payload)
  verifyRecord(crypto, tag, signed)
  const hash = recordHash(crypto, tag, signed)
  return { message, proof: { record: signed, hash, signer: signed.publicKey } }
}

function parse<Schema extends DescMessage>(
  schema: Schema,
  payload: Uint8Array,
): MessageShape<Schema> {
  try {
    return fromBinary(schema, payload, { readUnknownFields: false })
  } catch {
    return refuse('malformed', `not a ${schema.name}`)
  }
}
