/** Which peer runs in which process, with which configuration. */
import { CHANNEL_DEPOSIT_NANO, OWN_PROCESS_PEERS_MAX, PROVIDER_SLOTS } from './constants.ts'
import type { TestnetPlan } from './derive.ts'
import type { TestnetModel } from './parts.ts'
import type { PeerConfig } from './peer-config.ts'
import type { RunFolder } from './run-folder.ts'

export interface ProcessLayout {
  readonly name: string
  readonly peers: readonly PeerConfig[]
}

export interface LayoutOptions {
  readonly plan: TestnetPlan
  readonly run: RunFolder
  readonly model: TestnetModel
  /** Of the first client; the others take any free port. */
  readonly apiPort: number
  readonly apiPortFallback: boolean
}

/**
 * The first provider comes first: its address lets the others in. The first OWN_PROCESS_PEERS_MAX
 * peers get a process each, clients before further providers; the rest share one.
 */
export function layOut(options: LayoutOptions): readonly ProcessLayout[] {
  const [first, ...others] = providerConfigs(options)
  const peers = [...(first ? [first] : []), ...clientConfigs(options), ...others]
  const own = peers.slice(0, OWN_PROCESS_PEERS_MAX)
  const rest = peers.slice(OWN_PROCESS_PEERS_MAX)
  const layout = own.map((peer) => ({ name: peer.name, peers: [peer] }))
  return rest.length === 0 ? layout : [...layout, { name: 'others', peers: rest }]
}

function providerConfigs({ plan, run, model }: LayoutOptions): PeerConfig[] {
  return plan.providers.map((provider) => ({
    role: 'provider',
    ...provider,
    dataDir: run.peerDir(provider.name),
    modelId: model.id,
    modelFolder: model.folder,
    slotsTotal: PROVIDER_SLOTS,
  }))
}

function clientConfigs({ plan, run, apiPort, apiPortFallback }: LayoutOptions): PeerConfig[] {
  return plan.clients.map((client, index) => ({
    role: 'client',
    ...client,
    dataDir: run.peerDir(client.name),
    depositNano: CHANNEL_DEPOSIT_NANO,
    apiPort: index === 0 ? apiPort : 0,
    apiPortFallback: index === 0 ? apiPortFallback : true,
  }))
}
