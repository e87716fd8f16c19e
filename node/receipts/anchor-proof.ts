/** Where a receipt stands in a provider's epoch anchor: a small file beside the receipt. */
import { Address } from '@ton/core'
import { z } from 'zod'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { MerkleProof } from '#protocol/merkle.ts'

export interface AnchorProof {
  /** The anchor contract. */
  readonly anchor: Address
  readonly epoch: number
  readonly proof: MerkleProof
}

const count = z.number().int().min(0).max(0xffff_ffff)
const hashes = z
  .array(
    z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .transform(fromHex),
  )
  .max(32)

const proofSchema = z.strictObject({
  format: z.literal('cocoon-anchor-proof/1'),
  anchor: z
    .string()
    .regex(/^0:[0-9a-f]{64}$/)
    .transform((text) => Address.parseRaw(text)),
  epoch: count,
  proof: z.strictObject({ index: count, count, path: hashes, otherPeaks: hashes }),
})

/** @throws ConfigError ANCHOR_PROOF_INVALID */
export function readAnchorProof(text: string): AnchorProof {
  try {
    const { anchor, epoch, proof } = proofSchema.parse(JSON.parse(text))
    return { anchor, epoch, proof }
  } catch (cause) {
    throw new ConfigError('ANCHOR_PROOF_INVALID', 'this is not a proof of an epoch anchor', {
      cause,
      remedy: 'Ask the provider for one: `cocoon anchor prove FILE` makes it.',
    })
  }
}

export function anchorProofText({ anchor, epoch, proof }: AnchorProof): string {
  const { index, count, path, otherPeaks } = proof
  const document: z.input<typeof proofSchema> = {
    format: 'cocoon-anchor-proof/1',
    anchor: anchor.toRawString(),
    epoch,
    proof: { index, count, path: path.map(toHex), otherPeaks: otherPeaks.map(toHex) },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
