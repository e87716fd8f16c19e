/** A provider of the program itself that sells embeddings of the made-up encoder, for a running test network. */
import { readEncoder } from '#inference/embedding/encoder-files.ts'
import type { ShareOptions } from '#node/models/start-serving.ts'
import { PROVIDER_GENESIS_NANO } from '#node/testnet/constants.ts'
import { planTestnet } from '#node/testnet/derive.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { realParts } from '#node/testnet/parts.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { silentLog } from './test-peers.ts'

export const ENCODER_ID = 'tiny-encoder'

/** The network file for a machine that has no file of the encoder. */
export async function withEncoder(network: NetworkFile, folder: string): Promise<NetworkFile> {
  const { root } = await readEncoder(folder, crypto)
  return { ...network, models: [...network.models, { id: ENCODER_ID, root: toHex(root) }] }
}

export interface EncoderProviderOptions {
  /** Different for each: its keys follow from it. */
  readonly name: string
  readonly dataDir: string
  /** Where the encoder's files are. */
  readonly folder: string
  readonly share?: ShareOptions
}

/** @param network names the encoder */
export async function startEncoderProvider(
  network: NetworkFile,
  { name, dataDir, folder, share }: EncoderProviderOptions,
): Promise<RunningConfiguredPeer> {
  const plan = planTestnet(name, 1, 0).providers[0]!
  await devchainRpc(network.chainUrl).fund(
    realParts.walletAddress(plan.walletSeed),
    PROVIDER_GENESIS_NANO,
  )
  return runPeer(
    {
      ...{ role: 'provider', ...plan, name, dataDir, modelId: ENCODER_ID, modelFolder: folder },
      slotsTotal: 2,
      addedLatencyMs: 0,
      ...(share === undefined ? {} : { share: { ...share, publications: [] } }),
    },
    { network, emit: () => undefined, log: silentLog },
  )
}
