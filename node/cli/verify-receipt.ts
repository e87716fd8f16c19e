/**
 * Verifies receipt files, or all of a bundle, against the running testnet's chain, a chain that was saved
 * beside them, or roots that somebody saw.
 */
import path from 'node:path'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import type { Settings } from '#node/config.ts'
import { Nras } from '#node/evidence/nras.ts'
import { type AnchorProof, readAnchorProof } from '#node/receipts/anchor-proof.ts'
import { isBundle, readBundle } from '#node/receipts/bundle.ts'
import { type AnchorChain, anchorChain } from '#node/receipts/chain.ts'
import { type RecordingChain, readRootsFile, recordingChain } from '#node/receipts/roots-file.ts'
import {
  type ReceiptContext,
  type ReceiptVerdict,
  verifyReceiptFile,
} from '#node/receipts/verify.ts'
import { findSnapshotFile, readChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from './bounded-file.ts'
import {
  ANCHOR_PROOF_BYTES_MAX,
  RECEIPT_FILE_BYTES_MAX,
  ROOTS_FILE_BYTES_MAX,
  SNAPSHOT_FILE_BYTES_MAX,
} from './constants.ts'
import { readPolicyFile } from './policy-file.ts'
import { networkFile, type TargetOptions } from './target.ts'

export interface VerifyTarget extends TargetOptions {
  readonly snapshot?: string
  readonly roots?: string
  readonly anchorProof?: string
}

export interface ReceiptVerifier {
  /** Names the chain for people: a URL or a file. */
  readonly against: string
  /** Remembers what was looked up. */
  readonly chain: RecordingChain
  /**
   * One verdict, or one for each receipt of a bundle.
   * @throws ConfigError FILE_UNREADABLE, FILE_TOO_LARGE
   * @throws ProtocolError BUNDLE_MALFORMED
   * @throws UnavailableError CHAIN_UNREACHABLE
   */
  verdicts(): AsyncGenerator<ReceiptVerdict>
}

/**
 * @throws ConfigError FILE_UNREADABLE, FILE_TOO_LARGE, SNAPSHOT_INVALID, ROOTS_INVALID, NETWORK_FILE
 * @throws UnavailableError NO_TESTNET
 */
export function receiptVerifier(
  file: string,
  options: VerifyTarget,
  settings: Settings,
): ReceiptVerifier {
  const { network, chain: found, against } = chainFor(file, options, settings)
  const chain = recordingChain(found)
  const ownPolicy = settings.policy === undefined ? undefined : readPolicyFile(settings.policy)
  const proof =
    options.anchorProof === undefined
      ? undefined
      : readAnchorProof(readBounded(options.anchorProof, ANCHOR_PROOF_BYTES_MAX).toString('utf8'))
  const nras = new Nras({ crypto, baseUrl: settings.nrasUrl })
  const secondOpinion = (gpuEvidence: Uint8Array) => nras.about(gpuEvidence, systemClock.nowMs())
  const context = { network, chain, ownPolicy, proof, secondOpinion }
  return { against, chain, verdicts: () => verdictsOf(file, context) }
}

interface Context {
  readonly network: NetworkFile
  readonly chain: RecordingChain
  readonly ownPolicy: AttestationPolicy | undefined
  readonly proof: AnchorProof | undefined
  readonly secondOpinion: ReceiptContext['secondOpinion']
}

async function* verdictsOf(file: string, context: Context): AsyncGenerator<ReceiptVerdict> {
  const { proof, ...rest } = context
  if (isBundle(file)) {
    for (const bytes of readBundle(file)) yield await verifyReceiptFile(bytes, rest)
    return
  }
  const anchored = proof && (await context.chain.anchor(proof.anchor))
  const inclusion = proof && { proof, anchored }
  yield await verifyReceiptFile(readBounded(file, RECEIPT_FILE_BYTES_MAX), { ...rest, inclusion })
}

interface Chain {
  readonly network: NetworkFile
  readonly chain: AnchorChain
  readonly against: string
}

/** Named roots or snapshot, a named network, a snapshot that its run left, the running testnet. */
function chainFor(file: string, options: VerifyTarget, settings: Settings): Chain {
  if (options.roots !== undefined) return savedRoots(options.roots, options, settings)
  const left = options.network === undefined ? findSnapshotFile(file) : undefined
  const snapshot = options.snapshot ?? left
  if (snapshot !== undefined) {
    const content = readBounded(snapshot, SNAPSHOT_FILE_BYTES_MAX)
    const { network, chain } = readChainSnapshot(content.toString('utf8'))
    return { network, chain: anchorChain(chain), against: path.resolve(snapshot) }
  }
  const network = readNetworkFile(networkFile(options, settings))
  const chain = openChain(network, systemClock).reader
  return { network, chain: anchorChain(chain), against: network.chainUrl }
}

/** The network comes from its own file: policy and anchors of trust are not in the roots. */
function savedRoots(file: string, options: VerifyTarget, settings: Settings): Chain {
  const network = readNetworkFile(networkFile(options, settings))
  const chain = readRootsFile(readBounded(file, ROOTS_FILE_BYTES_MAX).toString('utf8'))
  if (chain.globalId !== network.globalId) {
    throw new ConfigError('ROOTS_INVALID', `the roots are of network ${chain.globalId}`, {
      remedy: `Use roots of network ${network.globalId}.`,
    })
  }
  return { network, chain, against: path.resolve(file) }
}
