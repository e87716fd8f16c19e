/** Well-formed protocol values to change one thing of. Their keys and signatures mean nothing. */
import { priceNano } from '#protocol/money.ts'
import type { ReceiptBody, ReceiptFile, SignedCell, SignedReceipt } from '#protocol/receipt.ts'
import { encodeReceiptBody } from '#protocol/receipt.ts'

export function filled(lengthBytes: number, value: number): Uint8Array {
  return new Uint8Array(lengthBytes).fill(value)
}

const prices = {
  promptNanoPerMtok: 20_000_000n,
  cachedNanoPerMtok: 5_000_000n,
  completionNanoPerMtok: 60_000_000n,
}
const counts = { promptTokens: 31, cachedTokens: 4, completionTokens: 52 }

export const sampleBody: ReceiptBody = {
  version: 1,
  globalId: -3,
  channel: `0:${'ab'.repeat(32)}`,
  leafIndex: 7,
  requestId: filled(16, 1),
  previous: new Uint8Array(0),
  settlementKey: filled(32, 2),
  responseKey: filled(32, 3),
  statementDigest: filled(32, 4),
  quoteDigest: filled(32, 5),
  tier: 'simulated',
  modelRoot: filled(32, 6),
  runtimeDigest: filled(32, 7),
  scheduleDigest: filled(32, 8),
  ...counts,
  prices,
  usedNano: priceNano(prices, counts),
  usedTotalNano: 123_456n,
  requestCommitment: filled(32, 9),
  responseCommitment: filled(32, 10),
  startedAtS: 1_790_000_040,
  endedAtS: 1_790_000_100,
  finish: 'stop',
  billHash: filled(32, 11),
}

export const sampleCell: SignedCell = { boc: filled(120, 12), signature: filled(64, 13) }

export const sampleReceipt: SignedReceipt = {
  body: encodeReceiptBody(sampleBody),
  signature: filled(64, 14),
  billBoc: filled(150, 15),
  billSignature: filled(64, 16),
}

export const sampleFile: ReceiptFile = {
  receipt: sampleReceipt,
  evidence: {
    kind: 'tdx',
    mode: 'epoch',
    statement: filled(400, 17),
    quote: filled(500, 18),
    collateral: filled(600, 19),
    gpuEvidence: new Uint8Array(0),
  },
  delegate: sampleCell,
  priceQuote: sampleCell,
  termsBoc: filled(200, 20),
  acknowledgement: {
    proof: {
      index: 7,
      count: 9,
      path: [1, 2, 3].map((n) => filled(32, n)),
      otherPeaks: [filled(32, 4)],
    },
    voucher: sampleCell,
  },
  policyDigest: filled(32, 21),
  clientNonce: new Uint8Array(0),
}
