/** Verifies a receipt file against the running testnet's chain, or against a chain saved beside it. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Settings } from '#node/config.ts'
import { type ReceiptVerdict, verifyReceiptFile } from '#node/receipts/verify.ts'
import { readChainSnapshot, snapshotFileOf } from '#node/testnet/chain-snapshot.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import type { ChainReader } from '#settlement/types.ts'
import { readBounded } from './bounded-file.ts'
import { RECEIPT_FILE_BYTES_MAX, SNAPSHOT_FILE_BYTES_MAX } from './constants.ts'
import { networkFile, type TargetOptions } from './target.ts'

interface Chain {
  readonly network: NetworkFile
  readonly chain: ChainReader
  /** Names the chain for people: a URL or a file. */
  readonly against: string
}

/**
 * @throws ConfigError FILE_UNREADABLE, FILE_TOO_LARGE, SNAPSHOT_INVALID, NETWORK_FILE
 * @throws UnavailableError NO_TESTNET, CHAIN_UNREACHABLE
 */
export async function verifyReceipt(
  file: string,
  options: TargetOptions & { readonly snapshot?: string },
  settings: Settings,
): Promise<{ verdict: ReceiptVerdict; against: string }> {
  const bytes = readBounded(file, RECEIPT_FILE_BYTES_MAX)
  const { network, chain, against } = chainFor(file, options, settings)
  return { verdict: await verifyReceiptFile(bytes, { network, chain }), against }
}

/** A named snapshot, a named network, the snapshot beside the file, the running testnet. */
function chainFor(
  file: string,
  options: TargetOptions & { readonly snapshot?: string },
  settings: Settings,
): Chain {
  const beside = snapshotFileOf(file)
  const snapshot =
    options.snapshot ?? (options.network === undefined && existsSync(beside) ? beside : undefined)
  if (snapshot !== undefined) {
    const content = readBounded(snapshot, SNAPSHOT_FILE_BYTES_MAX)
    return { ...readChainSnapshot(content.toString('utf8')), against: path.resolve(snapshot) }
  }
  const network = readNetworkFile(networkFile(options, settings))
  const chain = tonClientReader({
    endpoint: network.chainUrl,
    globalId: network.globalId,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  })
  return { network, chain, against: network.chainUrl }
}
