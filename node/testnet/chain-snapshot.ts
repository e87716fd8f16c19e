/**
 * The chain of a testnet as a file beside a receipt, with the network file: a receipt can be verified
 * when nothing of its network runs any more.
 */
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

export function writeChainSnapshot(file: string, network: NetworkFile, chain: unknown): void {
  const document = { format: 'cocoon-receipt-snapshot/1', network, chain }
  writePrivateFile(file, JSON.stringify(document))
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
