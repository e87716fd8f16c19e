/** Verifies a receipt file against the running testnet's chain, or against a chain saved beside it. */
import path from 'node:path'
import type { Settings } from '#node/config.ts'
import { type ReceiptVerdict, verifyReceiptFile } from '#node/receipts/verify.ts'
import { findSnapshotFile, readChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import type { ChainReader } from '#settlement/types.ts'
import { readBounded } from './bounded-file.ts'
import { RECEIPT_FILE_BYTES_MAX, SNAPSHOT_FILE_BYTES_MAX } from './constants.ts'
import { readPolicyFile } from './policy-file.ts'
import { networkFile, type TargetOptions } from './target.ts'

interface Chain {
  readonly network: NetworkFile
  readonly chain: ChainReader
  /** Names the chain for people: a URL or a file. */
  readonly against: string
}

export interface VerifyTarget extends TargetOptions {
  readonly snapshot?: string
}

/**
 * @throws ConfigError FILE_UNREADABLE, FILE_TOO_LARGE, SNAPSHOT_INVALID, NETWORK_FILE
 * @throws UnavailableError NO_TESTNET, CHAIN_UNREACHABLE
 */
export async function verifyReceipt(
  file: string,
  options: VerifyTarget,
  settings: Settings,
): Promise<{ verdict: ReceiptVerdict; against: string }> {
  const bytes = readBounded(file, RECEIPT_FILE_BYTES_MAX)
  const { network, chain, against } = chainFor(file, options, settings)
  const ownPolicy = settings.policy === undefined ? undefined : readPolicyFile(settings.policy)
  return { verdict: await verifyReceiptFile(bytes, { network, chain, ownPolicy }), against }
}

/** A named snapshot, a named network, a snapshot that its run left, the running testnet. */
function chainFor(file: string, options: VerifyTarget, settings: Settings): Chain {
  const left = options.network === undefined ? findSnapshotFile(file) : undefined
  const snapshot = options.snapshot ?? left
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
