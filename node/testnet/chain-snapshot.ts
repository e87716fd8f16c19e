/**
 * The chain of a testnet as a file beside a receipt, with the network file: a receipt can be verified
 * when nothing of its network runs any more.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { snapshotReader } from '#settlement/chain/snapshot-reader.ts'
import type { ChainReader } from '#settlement/types.ts'
import { type NetworkFile, networkFileSchema } from './network-file.ts'
import { writePrivateFile } from './run-folder.ts'

const snapshotSchema = z.strictObject({
  format: z.literal('cocoon-receipt-snapshot/1'),
  network: networkFileSchema,
  chain: z.unknown(),
})

/** `answer.cocoon-receipt` has its snapshot in `answer.snapshot.json`. */
export function snapshotFileOf(receiptFile: string): string {
  return `${receiptFile.replace(/\.[^./\\]+$/, '')}.snapshot.json`
}

/** From `runs/NAME/peers/PEER/receipts/` up to `runs/NAME/`, with room to spare. */
const LEVELS_UP_MAX = 6

/** The snapshot beside the receipt, or the one that its run left at its end; undefined: neither. */
export function findSnapshotFile(receiptFile: string): string | undefined {
  const beside = snapshotFileOf(receiptFile)
  if (existsSync(beside)) return beside
  let folder = path.dirname(path.resolve(receiptFile))
  for (let level = 0; level < LEVELS_UP_MAX; level++) {
    const candidate = path.join(folder, 'snapshot.json')
    if (existsSync(candidate)) return candidate
    folder = path.dirname(folder)
  }
  return undefined
}

/** What `readChainSnapshot` reads: a network file and the chain that `dev_snapshot` gave. */
export function chainSnapshotText(network: NetworkFile, chain: unknown): string {
  return JSON.stringify({ format: 'cocoon-receipt-snapshot/1', network, chain })
}

export function writeChainSnapshot(file: string, network: NetworkFile, chain: unknown): void {
  writePrivateFile(file, chainSnapshotText(network, chain))
}

/** @throws ConfigError SNAPSHOT_INVALID */
export function readChainSnapshot(content: string): { network: NetworkFile; chain: ChainReader } {
  try {
    const { network, chain } = snapshotSchema.parse(JSON.parse(content))
    return { network, chain: snapshotReader(JSON.stringify(chain)) }
  } catch (cause) {
    throw new ConfigError('SNAPSHOT_INVALID', 'this is not a snapshot of a chain', { cause })
  }
}
