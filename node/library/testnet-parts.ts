/** The parts of an in-process test network: each is stopped with the stack that it was given. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Logger } from 'pino'
import { systemClock } from '#node/clock.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import { chainSnapshotText } from '#node/testnet/chain-snapshot.ts'
import {
  CHANNEL_DEPOSIT_NANO,
  CLIENT_GENESIS_NANO,
  CLOSE_DELAY_S,
  PROVIDER_GENESIS_NANO,
  PROVIDER_SLOTS,
  TESTNET_GLOBAL_ID,
} from '#node/testnet/constants.ts'
import type { PeerPlan, ProviderPlan, TestnetPlan } from '#node/testnet/derive.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { realParts, type TestnetModel } from '#node/testnet/parts.ts'
import type { PeerConfig } from '#node/testnet/peer-config.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { toHex } from '#protocol/bytes.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import type { CocoonClient } from './client.ts'
import { type ConnectOptions, connectAs } from './connect.ts'

export interface PartsOptions {
  readonly plan: TestnetPlan
  readonly log: Logger
  readonly onEvent: ((event: NodeEvent) => void) | undefined
}

export interface TestnetParts {
  readonly model: TestnetModel
  /** As it is now: its first address is known once a provider runs. */
  network(): NetworkFile
  provider(plan: ProviderPlan): Promise<void>
  /** A client with its HTTP API; returns the API's base URL, without a path. */
  client(plan: PeerPlan): Promise<string>
  /** See chain-snapshot.ts. */
  snapshot(): Promise<string>
  library(plan: PeerPlan, options: ConnectOptions): Promise<CocoonClient>
}

export async function startParts(
  { plan, log, onEvent }: PartsOptions,
  cleanup: AsyncDisposableStack,
): Promise<TestnetParts> {
  const home = await mkdtemp(path.join(tmpdir(), 'cocoon-testnet-'))
  cleanup.defer(() => rm(home, { recursive: true, force: true }))
  const chain = await startDevchain({ globalId: TESTNET_GLOBAL_ID, port: 0, clock: systemClock })
  cleanup.defer(() => chain.stop())
  const model = await realParts.model()
  const bootstrap: string[] = []
  const network = () => networkOf(plan, chain.url, bootstrap, model)
  const fund = ({ walletSeed }: PeerPlan, nano: bigint) =>
    devchainRpc(chain.url).fund(realParts.walletAddress(walletSeed), nano)
  const run = async (config: PeerConfig): Promise<RunningConfiguredPeer['ready']> => {
    const emit: Parameters<typeof runPeer>[1]['emit'] = (body) =>
      onEvent?.({ atMs: Date.now(), peer: config.name, ...body })
    const peer = await runPeer(config, { network: network(), emit, log })
    cleanup.defer(() => peer.stop())
    return peer.ready
  }
  return {
    model,
    network,
    snapshot: async () => chainSnapshotText(network(), JSON.parse(await chain.snapshot())),
    async provider(provider) {
      await fund(provider, PROVIDER_GENESIS_NANO)
      const { addresses } = await run(providerConfig(provider, model, home))
      if (bootstrap.length === 0) bootstrap.push(...addresses.slice(0, 1))
    },
    async client(client) {
      await fund(client, CLIENT_GENESIS_NANO)
      const { apiUrl } = await run(clientConfig(client, home))
      return apiUrl!
    },
    async library(client, options) {
      await fund(client, CLIENT_GENESIS_NANO)
      const dataDir = path.join(home, client.name)
      const own = { log, ...options, ...client, network: network(), dataDir }
      const connected = await connectAs(own)
      cleanup.defer(() => connected.close())
      return connected
    },
  }
}

function networkOf(
  plan: TestnetPlan,
  chainUrl: string,
  bootstrap: readonly string[],
  model: TestnetModel,
): NetworkFile {
  return {
    format: 'cocoon-network/1',
    name: `testnet-${plan.seed}`.slice(0, 64),
    globalId: TESTNET_GLOBAL_ID,
    chainUrl,
    bootstrap: [...bootstrap],
    models: [{ ...model }],
    simulatedManufacturerSeed: toHex(plan.manufacturerSeed),
    closeDelay: CLOSE_DELAY_S,
  }
}

function providerConfig(plan: ProviderPlan, model: TestnetModel, home: string): PeerConfig {
  return {
    role: 'provider',
    ...plan,
    dataDir: path.join(home, plan.name),
    modelId: model.id,
    modelFolder: model.folder,
    slotsTotal: PROVIDER_SLOTS,
  }
}

function clientConfig(plan: PeerPlan, home: string): PeerConfig {
  return {
    role: 'client',
    ...plan,
    dataDir: path.join(home, plan.name),
    depositNano: CHANNEL_DEPOSIT_NANO,
    apiPort: 0,
    apiPortFallback: true,
  }
}
