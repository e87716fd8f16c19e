/**
 * Signs what a request owes: checkpoints while it runs, one final receipt at its end. Signing keys
 * are the epoch's response key; the bill inside is a cell that a contract can read.
 */
import type { Address } from '@ton/core'
import type { EngineInfo } from '#inference/engine.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { priceNano, type TokenCounts, type UnitPrices } from '#protocol/money.ts'
import {
  encodeReceiptBody,
  type ReceiptFinish,
  ROUND_SECONDS,
  receiptSigningBytes,
  responseCommitment,
  type SignedReceipt,
  vectorsCommitment,
} from '#protocol/receipt.ts'
import type { TierName } from '#protocol/tier.ts'
import { billCell, encodeCell, priceQuoteCell } from '#settlement/cells.ts'
import type { PriceQuote } from '#settlement/types.ts'

/** What stays the same for every request of a session. */
export interface SessionFacts {
  readonly globalId: number
  readonly channel: Address
  readonly settlementKey: Uint8Array
  readonly responseKey: Ed25519KeyPair
  readonly statementDigest: Uint8Array
  readonly quoteDigest: Uint8Array
  readonly tier: TierName
  readonly engine: EngineInfo
  readonly priceQuote: PriceQuote
}

/** What stays the same for every receipt of a request. */
export interface RequestFacts {
  readonly requestId: Uint8Array
  readonly previous: Uint8Array
  readonly leafIndex: number
  readonly requestCommitment: Uint8Array
  readonly responseSalt: Uint8Array
  readonly startedAtMs: number
}

export interface ReceiptMoment {
  readonly counts: TokenCounts
  readonly tokenIds: readonly number[]
  /** Of an embedding, in place of token ids. */
  readonly vectors?: Uint8Array | undefined
  /** Sum over the other requests of the channel of their latest signed `used`. */
  readonly usedElsewhereNano: bigint
  readonly finish: ReceiptFinish
  readonly nowMs: number
}

function usedNano(prices: UnitPrices, counts: TokenCounts): bigint {
  return priceNano(prices, counts)
}

export function writeReceipt(
  crypto: CryptoPort,
  session: SessionFacts,
  request: RequestFacts,
  moment: ReceiptMoment,
): SignedReceipt {
  const { prices } = session.priceQuote
  const used = usedNano(prices, moment.counts)
  const usedTotal = moment.usedElsewhereNano + used
  const bill = billCell({
    channel: session.channel,
    leafIndex: request.leafIndex,
    quoteHash: new Uint8Array(priceQuoteCell(session.priceQuote).hash()),
    counts: moment.counts,
    usedNano: used,
    usedTotalNano: usedTotal,
  })
  const body = encodeReceiptBody({
    version: 1,
    globalId: session.globalId,
    channel: session.channel.toRawString(),
    leafIndex: request.leafIndex,
    requestId: request.requestId,
    previous: request.previous,
    settlementKey: session.settlementKey,
    responseKey: session.responseKey.publicKey,
    statementDigest: session.statementDigest,
    quoteDigest: session.quoteDigest,
    tier: session.tier,
    modelRoot: session.engine.modelRoot,
    runtimeDigest: session.engine.runtimeDigest,
    scheduleDigest: session.engine.scheduleDigest,
    ...moment.counts,
    prices,
    usedNano: used,
    usedTotalNano: usedTotal,
    requestCommitment: request.requestCommitment,
    responseCommitment: committed(crypto, request, moment),
    startedAtS: rounded(request.startedAtMs),
    endedAtS: rounded(Math.max(moment.nowMs, request.startedAtMs)),
    finish: moment.finish,
    billHash: new Uint8Array(bill.hash()),
  })
  return {
    body,
    signature: crypto.ed25519Sign(session.responseKey, receiptSigningBytes(body)),
    billBoc: encodeCell(bill),
    billSignature: crypto.ed25519Sign(session.responseKey, new Uint8Array(bill.hash())),
  }
}

function committed(
  crypto: CryptoPort,
  { responseSalt }: RequestFacts,
  { tokenIds, vectors }: ReceiptMoment,
): Uint8Array {
  if (vectors !== undefined) return vectorsCommitment(crypto, responseSalt, vectors)
  return responseCommitment(crypto, responseSalt, tokenIds)
}

function rounded(timeMs: number): number {
  const seconds = Math.floor(timeMs / 1000)
  return seconds - (seconds % ROUND_SECONDS)
}
