/**
 * A file of roots: what a reader saw on the chain, in a form that any language reads, so that receipts
 * verify offline against it (docs/spec/receipt-verifier.md). Whoever wrote it is trusted like a chain reader.
 */
import type { Address } from '@ton/core'
import { z } from 'zod'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { ChainBlock } from '#settlement/types.ts'
import type { AnchorChain, AnchoredEpoch, ChannelRoot } from './chain.ts'
import { ROOTS_ROWS_MAX } from './constants.ts'

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(fromHex)
const address = z.string().regex(/^0:[0-9a-f]{64}$/)
const count = z.number().int().min(0).max(0xffff_ffff)

const rootsSchema = z.strictObject({
  format: z.literal('cocoon-chain-roots/1'),
  globalId: z.number().int(),
  blocks: z
    .array(z.strictObject({ seqno: count, rootHash: hash, time: z.number().int().min(0) }))
    .max(ROOTS_ROWS_MAX),
  channels: z
    .array(
      z.strictObject({
        address,
        leafCount: count,
        receiptsRoot: hash,
      }),
    )
    .max(ROOTS_ROWS_MAX),
  anchors: z
    .array(
      z.strictObject({
        address,
        owner: address,
        epoch: count,
        leafCount: z
          .string()
          .regex(/^\d{1,20}$/)
          .transform(BigInt),
        root: hash,
      }),
    )
    .max(ROOTS_ROWS_MAX),
})

/** @throws ConfigError ROOTS_INVALID */
export function readRootsFile(text: string): AnchorChain {
  try {
    const { globalId, blocks, channels, anchors } = rootsSchema.parse(JSON.parse(text))
    const roots = new Map(channels.map(({ address, ...root }) => [address, root]))
    const epochs = new Map(anchors.map(({ address, ...epoch }) => [address, epoch]))
    return {
      globalId,
      block: async (seqno) => blocks.find((block) => block.seqno === seqno),
      channel: async (address) => roots.get(address.toRawString()),
      anchor: async (address) => epochs.get(address.toRawString()),
    }
  } catch (cause) {
    throw new ConfigError('ROOTS_INVALID', 'this is not a file of chain roots', {
      cause,
      remedy: 'Make one with `cocoon receipts verify FILE --save-roots ROOTS`.',
    })
  }
}

/** A chain that remembers what it was asked. */
export interface RecordingChain extends AnchorChain {
  /** All that was found so far, as a file of roots. */
  rootsFile(): string
}

export function recordingChain(chain: AnchorChain): RecordingChain {
  const blocks = new Map<number, ChainBlock>()
  const channels = new Map<string, ChannelRoot>()
  const anchors = new Map<string, AnchoredEpoch>()
  /** Looks up by address and remembers what was there. */
  const remembering =
    <T>(seen: Map<string, T>, look: (address: Address) => Promise<T | undefined>) =>
    async (address: Address) => {
      const found = await look(address)
      if (found !== undefined) seen.set(address.toRawString(), found)
      return found
    }
  return {
    globalId: chain.globalId,
    async block(seqno) {
      const found = await chain.block(seqno)
      if (found !== undefined) blocks.set(seqno, found)
      return found
    },
    channel: remembering(channels, (address) => chain.channel(address)),
    anchor: remembering(anchors, (address) => chain.anchor(address)),
    rootsFile() {
      const document: z.input<typeof rootsSchema> = {
        format: 'cocoon-chain-roots/1',
        globalId: chain.globalId,
        blocks: [...blocks.values()].map(({ seqno, rootHash, time }) => ({
          seqno,
          rootHash: toHex(rootHash),
          time,
        })),
        channels: [...channels].map(([address, { leafCount, receiptsRoot }]) => ({
          address,
          leafCount,
          receiptsRoot: toHex(receiptsRoot),
        })),
        anchors: [...anchors].map(([address, { owner, epoch, leafCount, root }]) => ({
          address,
          owner,
          epoch,
          leafCount: `${leafCount}`,
          root: toHex(root),
        })),
      }
      return `${JSON.stringify(document, undefined, 2)}\n`
    },
  }
}
