/** Where a receipt is recorded: under the client's voucher, on the chain, in the provider's epoch anchor. */
import { equal, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { verifyProof } from '#protocol/merkle.ts'
import { leafData, type ReceiptBody, type ReceiptFile } from '#protocol/receipt.ts'
import { isAnchored as isInEpochTree } from '#settlement/anchor/epoch-anchor.ts'
import { channelAddress, openVoucher } from '#settlement/cells.ts'
import type { ChannelTerms, Voucher } from '#settlement/types.ts'
import type { AnchorProof } from './anchor-proof.ts'
import type { AnchoredEpoch, ReceiptChain } from './chain.ts'
import { type ReceiptSteps, require, type StepWords, words } from './steps.ts'

export type ReceiptLevel = 'signed' | 'acknowledged' | 'anchored'

export interface EpochInclusion {
  readonly proof: AnchorProof
  /** Undefined: no such anchor is on the chain. */
  readonly anchored: AnchoredEpoch | undefined
}

/** The client's voucher carries the receipt; the chain carries the voucher's root. */
export async function checkRecord(
  steps: ReceiptSteps,
  file: ReceiptFile,
  body: ReceiptBody,
  terms: ChannelTerms | undefined,
  chain: ReceiptChain,
): Promise<ReceiptLevel> {
  const { acknowledgement } = file
  const voucherWords = words("the client's voucher over a tree with this receipt")
  const anchorWords = words('the root of that voucher on the chain')
  if (acknowledgement === undefined) {
    steps.notRequired('acknowledgement', voucherWords, 'none', 'no voucher in the file')
    steps.notRequired('anchor', anchorWords, 'none', 'no voucher in the file')
    return 'signed'
  }
  const voucher = steps.run(
    'acknowledgement',
    voucherWords,
    terms &&
      (() => {
        const { proof, voucher: signed } = acknowledgement
        const voucher = openVoucher(crypto, signed, terms.clientKey, channelAddress(terms))
        require(proof.index === body.leafIndex, 'the proof is of another leaf')
        require(proof.count === voucher.leafCount, 'the proof is of another tree')
        const data = leafData(file.receipt)
        require(verifyProof(
          crypto,
          voucher.receiptsRoot,
          data,
          proof,
        ), 'the leaf is not in the tree')
        return { found: `leaf ${proof.index} of ${proof.count}`, value: voucher }
      }),
  )
  if (voucher === undefined || terms === undefined) return 'signed'
  return (await isAnchored(steps, anchorWords, voucher, terms, chain)) ? 'anchored' : 'acknowledged'
}

async function isAnchored(
  steps: ReceiptSteps,
  anchorWords: StepWords,
  voucher: Voucher,
  terms: ChannelTerms,
  chain: ReceiptChain,
): Promise<boolean> {
  const seen = await chain.channel(channelAddress(terms))
  const isSame =
    seen !== undefined &&
    seen.leafCount === voucher.leafCount &&
    equal(seen.receiptsRoot, voucher.receiptsRoot)
  if (!isSame) {
    const found = seen === undefined ? 'no such channel' : `a root over ${seen.leafCount} receipts`
    steps.notRequired('anchor', anchorWords, found, 'acknowledged, not (or no longer) anchored')
    return false
  }
  steps.run('anchor', anchorWords, () => ({ found: toHex(seen.receiptsRoot), value: true }))
  return true
}

/** The anchor of whoever is paid by this channel; anybody else's says nothing. */
export function checkEpoch(
  steps: ReceiptSteps,
  file: ReceiptFile,
  terms: ChannelTerms | undefined,
  { proof, anchored }: EpochInclusion,
): boolean {
  const epochWords = words("the receipt in the provider's epoch anchor on the chain")
  if (anchored?.epoch !== proof.epoch) {
    const found = anchored === undefined ? 'no such anchor' : `epoch ${anchored.epoch}`
    const detail = `the proof is of epoch ${proof.epoch}: ask the provider for a newer one`
    steps.notRequired('epoch-anchor', epochWords, found, detail)
    return false
  }
  const found = steps.run(
    'epoch-anchor',
    epochWords,
    terms &&
      (() => {
        require(anchored.owner === terms.provider.toRawString(), 'the anchor of somebody else')
        const isIn = isInEpochTree(crypto, anchored, leafData(file.receipt), proof.proof)
        require(isIn, 'the receipt is not in the tree of this epoch')
        const { index, count } = proof.proof
        return { found: `receipt ${index} of ${count}, epoch ${anchored.epoch}`, value: true }
      }),
  )
  return found === true
}
