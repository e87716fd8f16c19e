/**
 * The client's checks of one receipt against everything it knows itself: it never signs a voucher
 * whose root contains a receipt that failed one of them.
 */
import { Address } from '@ton/core'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { SettlementError } from '#protocol/errors.ts'
import {
  decodeReceiptBody,
  type ReceiptBody,
  receiptSigningBytes,
  requestCommitment,
  responseCommitment,
  type SignedReceipt,
  vectorsCommitment,
} from '#protocol/receipt.ts'
import { billCell, openBill, priceQuoteCell } from '#settlement/cells.ts'
import type { PriceQuote } from '#settlement/types.ts'

/** What the client itself knows of the session. */
export interface SessionExpectation {
  readonly globalId: number
  readonly channel: string
  readonly settlementKey: Uint8Array
  readonly responseKey: Uint8Array
  readonly statementDigest: Uint8Array
  readonly quoteDigest: Uint8Array
  readonly tier: ReceiptBody['tier']
  readonly modelRoot: Uint8Array
  readonly runtimeDigest: Uint8Array
  readonly priceQuote: PriceQuote
}

/** What the client itself knows of the request. */
export interface RequestExpectation {
  readonly requestId: Uint8Array
  readonly previous: Uint8Array
  readonly askBody: Uint8Array
  readonly requestSalt: Uint8Array
  readonly responseSalt: Uint8Array
  readonly tokenIds: readonly number[]
  /** Of an embedding, in place of token ids: the numbers of all vectors so far. */
  readonly vectors?: Uint8Array | undefined
  /** Known after the first checkpoint. */
  readonly leafIndex: number | undefined
}

/**
 * @throws SettlementError RECEIPT_REFUSED naming the field
 * @throws ProtocolError RECEIPT_MALFORMED
 */
export function checkReceipt(
  crypto: CryptoPort,
  receipt: SignedReceipt,
  session: SessionExpectation,
  request: RequestExpectation,
): ReceiptBody {
  const body = decodeReceiptBody(receipt.body)
  checkSignatures(crypto, receipt, body, session)
  const expected = {
    settlementKey: session.settlementKey,
    statementDigest: session.statementDigest,
    quoteDigest: session.quoteDigest,
    modelRoot: session.modelRoot,
    runtimeDigest: session.runtimeDigest,
    requestId: request.requestId,
    previous: request.previous,
    requestCommitment: requestCommitment(crypto, request.requestSalt, request.askBody),
    responseCommitment: answerCommitment(crypto, request),
  }
  for (const [field, value] of Object.entries(expected)) {
    if (!equal(body[field as keyof typeof expected], value)) throw refused(field)
  }
  if (body.globalId !== session.globalId) throw refused('globalId')
  if (body.channel !== session.channel) throw refused('channel')
  if (body.tier !== session.tier) throw refused('tier')
  if (request.leafIndex !== undefined && body.leafIndex !== request.leafIndex) {
    throw refused('leafIndex')
  }
  checkPrices(body, session.priceQuote)
  return body
}

function answerCommitment(
  crypto: CryptoPort,
  { responseSalt, tokenIds, vectors }: RequestExpectation,
): Uint8Array {
  if (vectors !== undefined) return vectorsCommitment(crypto, responseSalt, vectors)
  return responseCommitment(crypto, responseSalt, tokenIds)
}

function checkSignatures(
  crypto: CryptoPort,
  receipt: SignedReceipt,
  body: ReceiptBody,
  session: SessionExpectation,
): void {
  const { responseKey } = session
  if (!equal(body.responseKey, responseKey)) throw refused('responseKey')
  const message = receiptSigningBytes(receipt.body)
  if (!crypto.ed25519Verify(responseKey, message, receipt.signature)) throw refused('signature')
  const signedBill = { boc: receipt.billBoc, signature: receipt.billSignature }
  const bill = openBill(crypto, signedBill, responseKey, Address.parseRaw(body.channel))
  const quoteHash = new Uint8Array(priceQuoteCell(session.priceQuote).hash())
  const same =
    bill.leafIndex === body.leafIndex &&
    equal(bill.quoteHash, quoteHash) &&
    equal(body.billHash, new Uint8Array(billCell(bill).hash())) &&
    bill.counts.promptTokens === body.promptTokens &&
    bill.counts.cachedTokens === body.cachedTokens &&
    bill.counts.completionTokens === body.completionTokens &&
    bill.usedNano === body.usedNano &&
    bill.usedTotalNano === body.usedTotalNano
  if (!same) throw refused('bill')
}

function checkPrices(body: ReceiptBody, quote: PriceQuote): void {
  const same =
    body.prices.promptNanoPerMtok === quote.prices.promptNanoPerMtok &&
    body.prices.cachedNanoPerMtok === quote.prices.cachedNanoPerMtok &&
    body.prices.completionNanoPerMtok === quote.prices.completionNanoPerMtok
  if (!same) throw refused('prices')
}

function refused(field: string): SettlementError {
  return new SettlementError('RECEIPT_REFUSED', `the provider's receipt is wrong: ${field}`, {
    remedy: 'Nothing more is paid to this provider; the channel closes at its last voucher.',
    data: { field },
  })
}
