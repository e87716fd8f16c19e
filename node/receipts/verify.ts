/**
 * Verifies a receipt file with nothing but the file, the reader's own policy and a chain reader
 * (docs/spec/receipts.md). The verdict is a list of steps; its level says who stands behind it.
 */
import { type AttestationPolicy, policyDigest } from '#attestation/policy/policy.ts'
import { decodeStatement, type StatementCore } from '#attestation/statement.ts'
import type { AssuranceTier, VerdictStep } from '#attestation/types.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import type { GpuOpinion } from '#attestation/verify/gpu/second-opinion.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { type NetworkTrust, networkTrust } from '#node/trust.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { priceNano } from '#protocol/money.ts'
import {
  decodeReceiptBody,
  decodeReceiptFile,
  type ReceiptBody,
  type ReceiptFile,
  ROUND_SECONDS,
  receiptId,
  receiptSigningBytes,
} from '#protocol/receipt.ts'
import {
  billCell,
  channelAddress,
  openBill,
  openDelegate,
  openPriceQuote,
  parseTerms,
  priceQuoteCell,
} from '#settlement/cells.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import type { ReceiptChain } from './chain.ts'
import { checkEpoch, checkRecord, type EpochInclusion, type ReceiptLevel } from './record.ts'
import { ReceiptSteps, require, words } from './steps.ts'

export interface ReceiptVerdict {
  /** Hexadecimal; empty when the file cannot be read. */
  readonly id: string
  /** How far the proof goes; means something only when `ok`. */
  readonly level: ReceiptLevel
  /** Recomputed from the evidence, never read from the receipt. */
  readonly tier: AssuranceTier
  readonly ok: boolean
  readonly steps: readonly VerdictStep[]
}

export interface ReceiptContext {
  readonly network: NetworkFile
  readonly chain: ReceiptChain
  /** The reader's own policy: it tightens the network's. */
  readonly ownPolicy?: AttestationPolicy | undefined
  /** Trust at the receipt's time, for who checks many receipts of one network; derived when left out. */
  readonly trustAt?: ((atMs: number) => NetworkTrust) | undefined
  /** Another way to the chain: a place in the provider's epoch anchor, and what is anchored there. */
  readonly inclusion?: EpochInclusion | undefined
  /** NVIDIA's own opinion, for policies that ask for it; never rejects. */
  readonly secondOpinion?: ((gpuEvidence: Uint8Array) => Promise<readonly GpuOpinion[]>) | undefined
}

/**
 * Whatever is wrong with the file is in the verdict.
 * @throws UnavailableError CHAIN_UNREACHABLE
 * @throws ConfigError SIMULATED_ON_MAINNET, POLICY_INVALID
 */
export async function verifyReceiptFile(
  bytes: Uint8Array,
  context: ReceiptContext,
): Promise<ReceiptVerdict> {
  const { network, chain, ownPolicy, inclusion } = context
  const steps = new ReceiptSteps()
  const file = steps.run('file-format', words('one canonical encoding'), () => {
    return { found: `${bytes.length} bytes`, value: decodeReceiptFile(bytes) }
  })
  const body = steps.run(
    'body',
    words('a canonical receipt body'),
    file && (() => ({ found: 'version 1', value: decodeReceiptBody(file.receipt.body) })),
  )
  if (file === undefined || body === undefined) {
    return { id: '', level: 'signed', tier: 'open', ok: false, steps: steps.steps }
  }
  const atMs = (body.endedAtS + ROUND_SECONDS) * 1000
  const trust = context.trustAt?.(atMs) ?? networkTrust(network, crypto, atMs, ownPolicy)
  const terms = checkParties(steps, file, body, network)
  const isAsked = trust.policy.gpu.nras !== 'none' && file.evidence.gpuEvidence.length > 0
  const gpuOpinions = isAsked ? await context.secondOpinion?.(file.evidence.gpuEvidence) : undefined
  // A reader with a policy of his own may read what a client bought under the network's alone.
  const policies =
    ownPolicy === undefined
      ? [trust.policy]
      : [trust.policy, networkTrust(network, crypto, atMs).policy]
  const judged = { trust, policies, chain, nowMs: atMs, gpuOpinions }
  const tier = await checkEvidence(steps, file, body, terms, judged)
  checkMoney(steps, file, body, terms)
  const recorded = await checkRecord(steps, file, body, terms, chain)
  const isInEpoch = inclusion !== undefined && checkEpoch(steps, file, terms, inclusion)
  const level = isInEpoch ? 'anchored' : recorded
  return { id: receiptId(crypto, file.receipt), level, tier, ok: steps.ok, steps: steps.steps }
}

/** Signatures, and that statement, terms and receipt name the same keys. */
function checkParties(
  steps: ReceiptSteps,
  file: ReceiptFile,
  body: ReceiptBody,
  network: NetworkFile,
): ChannelTerms | undefined {
  const { receipt } = file
  steps.run('signature', words("the response key's Ed25519 signature"), () => {
    const message = receiptSigningBytes(receipt.body)
    require(crypto.ed25519Verify(
      body.responseKey,
      message,
      receipt.signature,
    ), 'the signature is not valid')
    return { found: toHex(body.responseKey), value: true }
  })
  steps.run('delegation', words('the settlement key delegates the response key'), () => {
    const delegate = openDelegate(crypto, file.delegate, body.settlementKey)
    require(equal(delegate.responseKey, body.responseKey), 'another response key')
    require(delegate.globalId === network.globalId, 'another network')
    require(delegate.notAfter >= body.startedAtS, 'the delegation had ended')
    return { found: toHex(body.settlementKey), value: true }
  })
  return steps.run('terms', words('the channel address follows from the terms'), () => {
    const terms = parseTerms(file.termsBoc)
    require(channelAddress(terms).toRawString() === body.channel, 'another address')
    require(terms.globalId === network.globalId, 'another network')
    require(body.globalId === network.globalId, 'the receipt names another network')
    require(equal(terms.providerKey, body.settlementKey), 'another settlement key')
    return { found: body.channel, value: terms }
  })
}

interface JudgedBy {
  readonly trust: NetworkTrust
  /** Policies that the client may have applied: the reader's, or the network's. */
  readonly policies: readonly AttestationPolicy[]
  readonly chain: ReceiptChain
  readonly nowMs: number
  readonly gpuOpinions: readonly GpuOpinion[] | undefined
}

async function checkEvidence(
  steps: ReceiptSteps,
  file: ReceiptFile,
  body: ReceiptBody,
  terms: ChannelTerms | undefined,
  { trust, policies, chain, nowMs, gpuOpinions }: JudgedBy,
): Promise<AssuranceTier> {
  const { evidence } = file
  const core = steps.run('statement', words('the receipt and the statement agree'), () => {
    require(equal(crypto.sha256(evidence.statement), body.statementDigest), 'another statement')
    require(equal(crypto.sha256(evidence.quote), body.quoteDigest), 'another quote')
    const { core } = decodeStatement(evidence.statement)
    checkCore(core, body)
    require(terms === undefined ||
      terms.provider.toRawString() === core.payoutAddress, 'coins go elsewhere')
    return { found: toHex(body.statementDigest), value: core }
  })
  steps.run('policy', words("the digest of the reader's own policy, or of the network's"), () => {
    const digests = policies.map((policy) => policyDigest(crypto, policy))
    const isKnown = digests.some((digest) => equal(digest, file.policyDigest))
    require(isKnown, 'the client applied another policy')
    return { found: toHex(file.policyDigest), value: true }
  })
  if (core === undefined) return 'open'
  const block = await chain.block(core.notBefore.seqno)
  const { clientNonce } = file
  const verdict = verifyEvidence(evidence, {
    crypto,
    globalId: chain.globalId,
    nowMs,
    anchors: trust.anchors,
    policy: trust.policy,
    expected: { identityKey: core.identityKey, modelRoot: body.modelRoot, role: 'provider' },
    notBeforeBlock: block && { ...block, timeMs: block.time * 1000 },
    gpuOpinions,
    // What was asked for is over: here it is said which tier it was.
    openPermitted: true,
    ...(evidence.mode === 'challenge'
      ? { challenge: { clientNonce, proof: evidence.nonceProof } }
      : {}),
  })
  steps.steps.push(...verdict.steps.map((step) => ({ ...step, name: `evidence/${step.name}` })))
  steps.run('tier', words('the tier that the evidence gives'), () => {
    require(verdict.ok && verdict.tier === body.tier, `the receipt claims ${body.tier}`)
    return { found: verdict.tier, value: true }
  })
  return verdict.ok ? verdict.tier : 'open'
}

function checkCore(core: StatementCore, body: ReceiptBody): void {
  require(equal(core.responseKey, body.responseKey), 'another response key')
  require(equal(core.settlementKey, body.settlementKey), 'another settlement key')
  require(equal(core.modelRoot, body.modelRoot), 'another model root')
  require(equal(core.runtimeDigest, body.runtimeDigest), 'another runtime')
}

/** The price is the quoted one, and the bill says what the receipt says. */
function checkMoney(
  steps: ReceiptSteps,
  file: ReceiptFile,
  body: ReceiptBody,
  terms: ChannelTerms | undefined,
): void {
  const quote = steps.run(
    'price-quote',
    words('signed by the settlement key, the prices used'),
    () => {
      const quote = openPriceQuote(crypto, file.priceQuote, body.settlementKey)
      require(quote.globalId === body.globalId, 'another network')
      require(equal(quote.modelRoot, body.modelRoot), 'another model')
      const { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok } = quote.prices
      const same =
        body.prices.promptNanoPerMtok === promptNanoPerMtok &&
        body.prices.cachedNanoPerMtok === cachedNanoPerMtok &&
        body.prices.completionNanoPerMtok === completionNanoPerMtok
      require(same, 'other prices')
      require(quote.validUntil >= body.startedAtS, 'the quote had expired')
      return { found: `${completionNanoPerMtok} nanoTON per Mtok of completion`, value: quote }
    },
  )
  steps.run('price', words('the quoted price of the counts, rounded up once'), () => {
    const priced = priceNano(body.prices, body)
    require(priced === body.usedNano, `${priced} nanoTON expected`)
    return { found: `${body.usedNano} nanoTON`, value: true }
  })
  steps.run(
    'bill',
    words('a cell with the same counts, signed by the response key'),
    quote &&
      terms &&
      (() => {
        const { billBoc, billSignature } = file.receipt
        const signed = { boc: billBoc, signature: billSignature }
        const bill = openBill(crypto, signed, body.responseKey, channelAddress(terms))
        require(equal(new Uint8Array(billCell(bill).hash()), body.billHash), 'another bill')
        require(equal(
          bill.quoteHash,
          new Uint8Array(priceQuoteCell(quote).hash()),
        ), 'another quote')
        const { promptTokens, cachedTokens, completionTokens } = bill.counts
        const same =
          bill.leafIndex === body.leafIndex &&
          promptTokens === body.promptTokens &&
          cachedTokens === body.cachedTokens &&
          completionTokens === body.completionTokens &&
          bill.usedNano === body.usedNano &&
          bill.usedTotalNano === body.usedTotalNano
        require(same, 'the bill says something else')
        return { found: toHex(body.billHash), value: true }
      }),
  )
}
