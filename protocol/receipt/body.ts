/** The receipt body: canonical protobuf, every length and range checked on the way in and out. */
import { decodeCanonical, encodeMessage } from '../codec.ts'
import { ADDRESS_CHARACTERS_MAX, RECEIPT_BODY_BYTES_MAX } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import type { TokenCounts, UnitPrices } from '../money.ts'
import { type TierName, tierFromWire, tierToWire } from '../tier.ts'
import { Finish, ReceiptBodySchema, type ReceiptBody as WireBody } from '../wire/gen/cocoon_pb.ts'

export type ReceiptFinish = 'partial' | 'stop' | 'length' | 'cancelled' | 'failed'

export interface ReceiptBody extends TokenCounts {
  /** 1. */
  readonly version: number
  readonly globalId: number
  /** Raw TON address. */
  readonly channel: string
  readonly leafIndex: number
  /** 16 bytes. */
  readonly requestId: Uint8Array
  /** 32 bytes: HMAC(salt, leaf) of the answer that this one continues; empty: none. */
  readonly previous: Uint8Array
  readonly settlementKey: Uint8Array
  readonly responseKey: Uint8Array
  /** SHA-256 of the exact statement and quote. */
  readonly statementDigest: Uint8Array
  readonly quoteDigest: Uint8Array
  readonly tier: TierName
  readonly modelRoot: Uint8Array
  readonly runtimeDigest: Uint8Array
  readonly scheduleDigest: Uint8Array
  readonly prices: UnitPrices
  /** nanoTON for this request, and for all requests of the channel up to this leaf. */
  readonly usedNano: bigint
  readonly usedTotalNano: bigint
  readonly requestCommitment: Uint8Array
  readonly responseCommitment: Uint8Array
  /** Unix seconds, multiples of ROUND_SECONDS. */
  readonly startedAtS: number
  readonly endedAtS: number
  readonly finish: ReceiptFinish
  /** Representation hash of the bill cell. */
  readonly billHash: Uint8Array
}

/** Times in a receipt are rounded down to this: the exact minute of a question is nobody's business. */
export const ROUND_SECONDS = 60

const FINISH_TO_WIRE: Record<ReceiptFinish, Finish> = {
  partial: Finish.PARTIAL,
  stop: Finish.STOP,
  length: Finish.LENGTH,
  cancelled: Finish.CANCELLED,
  failed: Finish.FAILED,
}
const FINISHES = Object.keys(FINISH_TO_WIRE) as ReceiptFinish[]

const HASH_FIELDS = [
  'settlementKey',
  'responseKey',
  'statementDigest',
  'quoteDigest',
  'modelRoot',
  'runtimeDigest',
  'scheduleDigest',
  'requestCommitment',
  'responseCommitment',
  'billHash',
] as const satisfies readonly (keyof ReceiptBody)[]

const ADDRESS_PATTERN = /^(?:0|-?[1-9][0-9]{0,9}):[0-9a-f]{64}$/
const U64_MAX = 0xffff_ffff_ffff_ffffn

function malformed(detail: string): ProtocolError {
  return new ProtocolError('RECEIPT_MALFORMED', `a receipt cannot be read: ${detail}`)
}

function check(body: ReceiptBody): void {
  const require = (condition: boolean, detail: string): void => {
    if (!condition) throw malformed(detail)
  }
  require(body.version === 1, 'unknown version')
  require(body.globalId === (body.globalId | 0), 'global id is no i32')
  const { leafIndex, promptTokens, cachedTokens, completionTokens } = body
  const counts = [leafIndex, promptTokens, cachedTokens, completionTokens]
  require(counts.every((count) => count === count >>> 0), 'a count is no u32')
  require(ADDRESS_PATTERN.test(body.channel), 'channel is not a raw address')
  require(body.channel.length <= ADDRESS_CHARACTERS_MAX, 'channel is too long')
  require(body.requestId.length === 16, 'requestId is not 16 bytes')
  require([0, 32].includes(body.previous.length), 'previous is not 0 or 32 bytes')
  for (const field of HASH_FIELDS) require(body[field].length === 32, `${field} is not 32 bytes`)
  require(cachedTokens <= promptTokens, 'more tokens are cached than were read')
  require(body.usedNano <= body.usedTotalNano, 'used is more than used in total')
  const { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok } = body.prices
  const sums = [body.usedNano, body.usedTotalNano]
  const amounts = [...sums, promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok]
  require(amounts.every((amount) => amount >= 0n && amount <= U64_MAX), 'an amount is no u64')
  const times = [body.startedAtS, body.endedAtS]
  require(times.every((time) => Number.isSafeInteger(time) && time >= 0), 'a time is no time')
  require(times.every((time) => time % ROUND_SECONDS === 0), 'a time is not rounded')
  require(body.startedAtS <= body.endedAtS, 'it ends before it starts')
}

/**
 * The bytes that are signed.
 * @throws ProtocolError RECEIPT_MALFORMED
 */
export function encodeReceiptBody(body: ReceiptBody): Uint8Array {
  check(body)
  return encodeMessage(ReceiptBodySchema, {
    ...body,
    tier: tierToWire(body.tier),
    startedAtS: BigInt(body.startedAtS),
    endedAtS: BigInt(body.endedAtS),
    finish: FINISH_TO_WIRE[body.finish],
  })
}

/**
 * Reads bytes that are the one encoding of a well-formed body.
 * @throws ProtocolError RECEIPT_MALFORMED, FRAME_MALFORMED
 */
export function decodeReceiptBody(bytes: Uint8Array): ReceiptBody {
  const body = fromWire(decodeCanonical(ReceiptBodySchema, bytes, RECEIPT_BODY_BYTES_MAX))
  check(body)
  return body
}

function fromWire(wire: WireBody): ReceiptBody {
  const { $typeName: _, $unknown: __, prices, ...rest } = wire
  const tier = tierFromWire(wire.tier)
  const finish = FINISHES.find((name) => FINISH_TO_WIRE[name] === wire.finish)
  if (prices === undefined || tier === undefined || finish === undefined) {
    throw malformed('prices, tier or finish is missing')
  }
  const { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok } = prices
  return {
    ...rest,
    tier,
    finish,
    prices: { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok },
    startedAtS: Number(wire.startedAtS),
    endedAtS: Number(wire.endedAtS),
  }
}
