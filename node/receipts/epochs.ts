/**
 * A provider's epochs: which receipts of which channels stand in its anchor's tree, and in what order. The
 * tree only grows: each epoch adds what is new at its end, so every earlier root is the root of a prefix,
 * and a proof can be made for whichever epoch the chain holds.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { receiptFromBytes } from '#node/roles/shared/receipt-bytes.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { writeDurably } from '#node/wallet/durable-file.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { leafData } from '#protocol/receipt.ts'
import { type EpochRoot, epochTree } from '#settlement/anchor/epoch-anchor.ts'
import { EPOCH_RECEIPTS_MAX, EPOCH_SEGMENTS_MAX } from './constants.ts'

const count = z.number().int().min(0).max(0xffff_ffff)
const segment = z.strictObject({
  channel: z.string().regex(/^0:[0-9a-f]{64}$/),
  /** Leaf indices of the channel, `to` not included. */
  from: count,
  to: count,
})
const bookSchema = z.strictObject({
  format: z.literal('cocoon-epochs/1'),
  epochs: z
    .array(z.strictObject({ epoch: count, segments: z.array(segment) }))
    .max(EPOCH_SEGMENTS_MAX),
})

export type Segment = z.infer<typeof segment>
export interface Epoch {
  readonly epoch: number
  /** What it adds to the epochs before it. */
  readonly segments: readonly Segment[]
}

/** In the provider's folder of one network; losing it costs the proofs of what was anchored. */
const BOOK_FILE = 'epoch-anchor.json'

/** @throws ConfigError EPOCHS_INVALID */
export function readEpochs(networkDir: string): readonly Epoch[] {
  const file = path.join(networkDir, BOOK_FILE)
  if (!existsSync(file)) return []
  try {
    return bookSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).epochs
  } catch (cause) {
    throw new ConfigError('EPOCHS_INVALID', `${file} does not say what was anchored`, {
      cause,
      remedy: 'Restore it from a backup, or remove it: the next epoch then begins anew.',
    })
  }
}

/** Before the root is on its way to the chain. */
export function keepEpochs(networkDir: string, epochs: readonly Epoch[]): void {
  const document = { format: 'cocoon-epochs/1', epochs }
  writeDurably(path.join(networkDir, BOOK_FILE), JSON.stringify(document))
}

/**
 * What no epoch has yet; undefined: nothing. Channels in the order of the store, leaves in theirs.
 * @param epochOnChain 0 before the first
 * @throws ConfigError EPOCH_TOO_LARGE
 */
export function nextEpoch(
  store: PeerStore,
  epochs: readonly Epoch[],
  epochOnChain: number,
): Epoch | undefined {
  const anchored = new Map<string, number>()
  for (const { channel, to } of epochs.flatMap((one) => one.segments)) anchored.set(channel, to)
  const segments = store.loadChannels('provider').flatMap(({ address }): Segment[] => {
    const from = anchored.get(address) ?? 0
    const to = store.leafCount(address)
    return to > from ? [{ channel: address, from, to }] : []
  })
  if (segments.length === 0) return undefined
  const all = [...epochs.flatMap((one) => one.segments), ...segments]
  const receipts = all.reduce((sum, { from, to }) => sum + to - from, 0)
  if (receipts > EPOCH_RECEIPTS_MAX || all.length > EPOCH_SEGMENTS_MAX) throw tooLarge()
  return { epoch: Math.max(epochOnChain, epochs.at(-1)?.epoch ?? 0) + 1, segments }
}

function tooLarge(): ConfigError {
  return new ConfigError('EPOCH_TOO_LARGE', 'the anchor cannot hold more receipts', {
    remedy: `Remove ${BOOK_FILE} to begin a new tree; keep it for the proofs of what it holds.`,
  })
}

/** The tree after these epochs, and where each receipt stands in it. */
export function treeOf(crypto: CryptoPort, store: PeerStore, epochs: readonly Epoch[]) {
  const segments = epochs.flatMap((one) => one.segments)
  const receipts = segments.flatMap(({ channel, from, to }) =>
    store
      .leaves(channel, from)
      .filter(({ leafIndex }) => leafIndex < to)
      .map(({ receipt }) => leafData(receiptFromBytes(receipt))),
  )
  const tree = epochTree(crypto, receipts)
  return {
    root: { epoch: epochs.at(-1)?.epoch ?? 0, leafCount: tree.leafCount, root: tree.root },
    prove: tree.prove,
    /** Undefined: it is not in these epochs. */
    indexOf: (channel: string, leafIndex: number): number | undefined => {
      let first = 0
      for (const { channel: own, from, to } of segments) {
        if (own === channel && leafIndex >= from && leafIndex < to) return first + leafIndex - from
        first += to - from
      }
      return undefined
    },
  } satisfies { root: EpochRoot; prove: unknown; indexOf: unknown }
}
