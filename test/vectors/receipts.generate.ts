/**
 * Writes test/vectors/receipts/: receipt files of every verdict, forged ones, and what a verifier must
 * find (docs/spec/receipt-verifier.md). Deterministic: `npx node test/vectors/receipts.generate.ts`
 * gives the same files whenever it runs. The machine behind the evidence is SIMULATED.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Address } from '@ton/core'
import { concat, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { leafHash, leafProver, type MerkleProof } from '#protocol/merkle.ts'
import { priceNano } from '#protocol/money.ts'
import {
  encodeReceiptBody,
  encodeReceiptFile,
  leafData,
  type ReceiptBody,
  type ReceiptFile,
  receiptId,
  receiptSigningBytes,
  type SignedReceipt,
} from '#protocol/receipt.ts'
import { epochTree } from '#settlement/anchor/epoch-anchor.ts'
import {
  billCell,
  channelAddress,
  delegateCell,
  encodeTerms,
  priceQuoteCell,
  signCell,
  voucherCell,
} from '#settlement/cells.ts'
import { CHANNEL_CODE } from '#settlement/contracts/code.ts'
import type { Bill, ChannelTerms, Delegate, PriceQuote } from '#settlement/types.ts'
import { bytes, core, makeEvidence, nowMs, policy, runtimeDigest } from '#test/attestation/network.ts'
import { policyDigest } from '#attestation/policy/policy.ts'

const folder = path.join(import.meta.dirname, 'receipts')
const key = (fill: number): Ed25519KeyPair => crypto.ed25519FromSeed(bytes(32, fill))
const settlement = key(0x51)
const response = key(0x52)
const client = key(0x53)
const stranger = key(0x54)
const LEAVES = 11
const minuteS = Math.floor(nowMs / 60_000) * 60
const modelRoot = core.modelRoot

const terms: ChannelTerms = {
  globalId: -3,
  client: new Address(0, Buffer.alloc(32, 0xc1)),
  provider: new Address(0, Buffer.alloc(32, 0xab)),
  clientKey: client.publicKey,
  providerKey: settlement.publicKey,
  closeDelay: 600,
  expiresAt: minuteS + 86_400,
  salt: 7n,
}
const quote: PriceQuote = {
  globalId: -3,
  modelRoot,
  prices: {
    promptNanoPerMtok: 6_172_839n,
    cachedNanoPerMtok: 617_283n,
    completionNanoPerMtok: 12_345_679n,
  },
  validUntil: minuteS + 3_600,
}
const delegation: Delegate = {
  globalId: -3,
  responseKey: response.publicKey,
  notAfter: minuteS + 3_600,
}
const evidence = makeEvidence({
  core: { settlementKey: settlement.publicKey, responseKey: response.publicKey },
})

interface Changes {
  readonly body?: Partial<ReceiptBody>
  readonly bill?: Partial<Bill>
  readonly bodyKey?: Ed25519KeyPair
  readonly billKey?: Ed25519KeyPair
}

/** The receipt of one leaf, signed as an honest provider signs it, but for the changes. */
function receiptOf(leafIndex: number, changes: Changes = {}): SignedReceipt {
  const counts = { promptTokens: 40 + leafIndex, cachedTokens: 8, completionTokens: 3 * leafIndex + 1 }
  const usedNano = priceNano(quote.prices, counts)
  const bill: Bill = {
    channel: channelAddress(terms),
    leafIndex,
    quoteHash: new Uint8Array(priceQuoteCell(quote).hash()),
    counts,
    usedNano,
    usedTotalNano: usedNano + 1_000n * BigInt(leafIndex),
    ...changes.bill,
  }
  const body = encodeReceiptBody({
    version: 1,
    globalId: -3,
    channel: channelAddress(terms).toRawString(),
    leafIndex,
    requestId: bytes(16, 0x60 + leafIndex),
    previous: leafIndex % 2 === 0 ? bytes(0, 0) : bytes(32, 0x70),
    settlementKey: settlement.publicKey,
    responseKey: response.publicKey,
    statementDigest: crypto.sha256(evidence.statement),
    quoteDigest: crypto.sha256(evidence.quote),
    tier: 'simulated',
    modelRoot,
    runtimeDigest,
    scheduleDigest: bytes(32, 0x71),
    ...counts,
    prices: quote.prices,
    usedNano,
    usedTotalNano: bill.usedTotalNano,
    requestCommitment: bytes(32, 0x72),
    responseCommitment: bytes(32, 0x73),
    startedAtS: minuteS,
    endedAtS: minuteS + 60 * (leafIndex % 3),
    finish: 'stop',
    billHash: new Uint8Array(billCell(bill).hash()),
    ...changes.body,
  })
  const signed = signCell(crypto, changes.billKey ?? response, billCell(bill))
  return {
    body,
    signature: crypto.ed25519Sign(changes.bodyKey ?? response, receiptSigningBytes(body)),
    billBoc: signed.boc,
    billSignature: signed.signature,
  }
}

/** The tree in which this receipt stands at its place, and the client's voucher over it. */
function acknowledge(at: number, receipt: SignedReceipt, signer = client) {
  const leaves = Array.from({ length: LEAVES }, (_, index) =>
    leafData(index === at ? receipt : receiptOf(index)),
  )
  const tree = epochTree(crypto, leaves)
  const proof = leafProver(crypto, leaves.map((leaf) => leafHash(crypto, leaf)))(at)
  const voucher = {
    channel: channelAddress(terms),
    amountNano: 9_000_000n,
    leafCount: LEAVES,
    receiptsRoot: tree.root,
  }
  return { proof, voucher: signCell(crypto, signer, voucherCell(voucher)), root: tree.root }
}

function fileOf(at: number, changes: Changes & { readonly file?: Partial<ReceiptFile> } = {}) {
  const receipt = receiptOf(at, changes)
  const { proof, voucher } = acknowledge(at, receipt)
  const file: ReceiptFile = {
    receipt,
    evidence,
    delegate: signCell(crypto, settlement, delegateCell(delegation)),
    priceQuote: signCell(crypto, settlement, priceQuoteCell(quote)),
    termsBoc: encodeTerms(terms),
    acknowledgement: { proof, voucher },
    policyDigest: policyDigest(crypto, policy),
    clientNonce: bytes(0, 0),
    ...changes.file,
  }
  return file
}

const honestRoot = acknowledge(0, receiptOf(0)).root
const hexOfRoot = (root: Uint8Array, leafCount: number) => ({
  address: channelAddress(terms).toRawString(),
  leafCount,
  receiptsRoot: toHex(root),
})
const block = { seqno: core.notBefore.seqno, rootHash: toHex(core.notBefore.rootHash) }
const roots = (channels: readonly unknown[]) => ({
  format: 'cocoon-chain-roots/1',
  globalId: -3,
  blocks: [{ ...block, time: nowMs / 1000 - 300 }],
  channels,
  anchors: [],

})

interface Case {
  readonly file: string
  readonly comment: string
  readonly chain: string
  readonly globalId: number
  readonly id: string
  readonly level: 'signed' | 'acknowledged' | 'anchored'
  readonly failed: readonly string[]
}
const cases: Case[] = []

interface Reader {
  readonly chain?: string
  readonly globalId?: number
  readonly level?: Case['level']
}

function write(
  name: string,
  comment: string,
  content: ReceiptFile | Uint8Array,
  failed: readonly string[] = [],
  { chain = 'roots.json', globalId = -3, level = 'anchored' }: Reader = {},
): void {
  const file = `${name}.cocoon-receipt`
  const isFile = !(content instanceof Uint8Array)
  const data = isFile ? encodeReceiptFile(content) : content
  const isRead = isFile && !failed.includes('body')
  writeFileSync(path.join(folder, file), data)
  const id = isRead ? receiptId(crypto, content.receipt) : ''
  cases.push({ file, comment, chain, globalId, id, level, failed })
}

rmSync(folder, { recursive: true, force: true })

mkdirSync(folder)
const json = (name: string, value: unknown): void =>
  writeFileSync(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`)
json('roots.json', roots([hexOfRoot(honestRoot, LEAVES)]))
json('roots-later.json', roots([hexOfRoot(bytes(32, 0x99), LEAVES + 1)]))

const honest = fileOf(3)
const { acknowledgement, ...unproven } = honest
const proofWith = (changes: Partial<MerkleProof>): ReceiptFile => ({
  ...honest,
  acknowledgement: {
    voucher: acknowledgement!.voucher,
    proof: { ...acknowledgement!.proof, ...changes },
  },
})
const acknowledged = { level: 'acknowledged' } as const
const signed = { level: 'signed' } as const

write('anchored', 'Leaf 3 of 11, under the root that the chain holds.', honest)
write('anchored-first', 'Leaf 0: the longest path.', fileOf(0))
write('anchored-last', 'Leaf 10: a peak of its own, an empty path.', fileOf(10))
write('acknowledged', 'The chain holds a later root.', honest, [], {
  chain: 'roots-later.json',
  ...acknowledged,
})
write('signed', 'Without proof and voucher.', unproven, [], signed)

const flip = (data: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(data)
  copy[at] = copy[at]! ^ 1
  return copy
}
/** S + L: satisfies the equation, and is not reduced. */
function unreduced(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const littleEndian = (value: Uint8Array): bigint =>
    BigInt(`0x${toHex(Uint8Array.from(value).reverse())}`)
  const sum = littleEndian(signature.subarray(32)) + order
  const high = Buffer.from(sum.toString(16).padStart(64, '0'), 'hex').reverse()
  return concat(signature.subarray(0, 32), new Uint8Array(high))
}
const withReceipt = (changes: Partial<SignedReceipt>): ReceiptFile => ({
  ...unproven,
  receipt: { ...honest.receipt, ...changes },
})

write('forged-signature', 'One bit of the signature.', withReceipt({
  signature: flip(honest.receipt.signature, 5),
}), ['signature'], signed)
write('forged-signature-unreduced', 'S + L instead of S: refused though the equation holds.', withReceipt({
  signature: unreduced(honest.receipt.signature),
}), ['signature'], signed)
const neutral = Uint8Array.of(1, ...bytes(31, 0))
write('forged-neutral-key', 'A response key of small order, under which any message has a signature.', (() => {
  const made = fileOf(3, { body: { responseKey: neutral } })
  const { acknowledgement: _, ...rest } = made
  return { ...rest, receipt: { ...made.receipt, signature: concat(neutral, bytes(32, 0)) } }
})(), ['signature', 'delegation', 'statement', 'bill'], signed)
write('forged-signer', "Signed by a stranger's key.", (() => {
  const { acknowledgement: _, ...rest } = fileOf(3, { bodyKey: stranger })
  return rest
})(), ['signature'], signed)
write('forged-count', 'A completion token less in the body, the bill as it was.', (() => {
  const { acknowledgement: _, ...rest } = fileOf(3, { body: { completionTokens: 9 } })
  return rest
})(), ['price', 'bill'], signed)
write('forged-price', 'A nanoTON more than the quoted price, in body and bill alike: over-billed.', (() => {
  const usedNano = priceNano(quote.prices, { promptTokens: 43, cachedTokens: 8, completionTokens: 10 }) + 1n
  const { acknowledgement: _, ...rest } = fileOf(3, { body: { usedNano }, bill: { usedNano } })
  return rest
})(), ['price'], signed)
write('forged-delegation-ended', 'The delegation ended before the request began.', {
  ...unproven,
  delegate: signCell(crypto, settlement, delegateCell({ ...delegation, notAfter: minuteS - 1 })),
}, ['delegation'], signed)
write('forged-delegation-signer', 'The delegation is signed by a stranger.', {
  ...unproven,
  delegate: signCell(crypto, stranger, delegateCell(delegation)),
}, ['delegation'], signed)
write('forged-terms', 'Terms of another channel; what needs them is skipped.', {
  ...honest,
  termsBoc: encodeTerms({ ...terms, salt: 8n }),
}, ['terms'], signed)
write('forged-statement', 'The statement of another epoch, with its own good quote.', {
  ...unproven,
  evidence: makeEvidence({
    core: { settlementKey: settlement.publicKey, responseKey: response.publicKey, epoch: 2n },
  }),
}, ['statement'], signed)
write('forged-report-data', "A receipt that names a quote over somebody else's statement.", (() => {
  const other = makeEvidence({ core: { epoch: 2n } }).quote
  const made = fileOf(3, { body: { quoteDigest: crypto.sha256(other) } })
  const { acknowledgement: _, ...rest } = made
  return { ...rest, evidence: { ...evidence, quote: other } }
})(), ['evidence/report-data'], signed)
write('forged-price-quote', 'A quote of lower prices beside the bill.', {
  ...unproven,
  priceQuote: signCell(crypto, settlement, priceQuoteCell({
    ...quote,
    prices: { ...quote.prices, cachedNanoPerMtok: 1n },
  })),
}, ['price-quote'], signed)
write('forged-bill', 'A good bill of the leaf before.', withReceipt({
  billBoc: receiptOf(2).billBoc,
  billSignature: receiptOf(2).billSignature,
}), ['bill'], signed)
write('forged-bill-signer', 'The bill is signed by a stranger.', (() => {
  const { acknowledgement: _, ...rest } = fileOf(3, { billKey: stranger })
  return rest
})(), ['bill'], signed)
write('forged-proof-path', 'One bit of a sibling.', proofWith({
  path: acknowledgement!.proof.path.map((hash, at) => (at === 0 ? flip(hash, 0) : hash)),
}), ['acknowledgement'], signed)
write('forged-proof-index', 'The place of another leaf.', proofWith({ index: 2 }), ['acknowledgement'], signed)
write('forged-proof-count', 'The count of another tree.', proofWith({ count: LEAVES - 1 }), ['acknowledgement'], signed)
write('forged-voucher-signer', 'The voucher is signed by the provider itself.', {
  ...honest,
  acknowledgement: {
    proof: acknowledgement!.proof,
    voucher: acknowledge(3, honest.receipt, settlement).voucher,
  },
}, ['acknowledgement'], signed)
write('forged-voucher-encoding', 'The same voucher cell as another bag of cells: without CRC-32C.', {
  ...honest,
  acknowledgement: {
    proof: acknowledgement!.proof,
    voucher: {
      ...acknowledgement!.voucher,
      boc: new Uint8Array(voucherCell({
        channel: channelAddress(terms),
        amountNano: 9_000_000n,
        leafCount: LEAVES,
        receiptsRoot: honestRoot,
      }).toBoc({ idx: false, crc32: false })),
    },
  },
}, ['acknowledgement'], signed)
write('forged-network', 'A good file, read by somebody on mainnet.', unproven, ['delegation', 'terms'], {
  globalId: -239,
  ...signed,
})

const good = encodeReceiptFile(honest)
write('broken-trailing-byte', 'A byte after the end.', concat(good, Uint8Array.of(0)), ['file-format'], signed)
write('broken-cut', 'A byte is missing.', good.subarray(0, good.length - 1), ['file-format'], signed)
write('broken-unknown-field', 'A field 15 that no version 1 has.', concat(good, Uint8Array.of(0x7a, 0)), ['file-format'], signed)
write('broken-default', 'A client nonce of no bytes, written out.', concat(good, Uint8Array.of(0x52, 0)), ['file-format'], signed)
write('broken-varint', 'The first length in two bytes instead of one.', concat(
  Uint8Array.of(0x0a, 0x90, 0x00),
  good.subarray(2),
), ['file-format'], signed)
write('broken-body', 'A body that ends with a field twice; signed all the same.', (() => {
  const body = concat(honest.receipt.body, honest.receipt.body.subarray(-34))
  const signature = crypto.ed25519Sign(response, receiptSigningBytes(body))
  return { ...unproven, receipt: { ...honest.receipt, body, signature } }
})(), ['body'], signed)

json('cases.json', {
  format: 'cocoon-receipt-vectors/1',
  comment: 'docs/spec/receipt-verifier.md; made by test/vectors/receipts.generate.ts',
  channelCode: { hash: CHANNEL_CODE.hash().toString('hex'), depth: CHANNEL_CODE.depth() },
  cases,
})
