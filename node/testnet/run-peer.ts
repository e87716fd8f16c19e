/** Runs one configured peer in this process; a client comes with its HTTP gateway. */
import type { Logger } from 'pino'
import type { AuditReport } from '#node/audit/report.ts'
import { systemClock } from '#node/clock.ts'
import { composeClient, composeProvider } from '#node/compose.ts'
import { createGateway, type Gateway } from '#node/gateway/app.ts'
import {
  checkExposure,
  isLoopbackHost,
  type RunningGateway,
  serveGateway,
} from '#node/gateway/serve.ts'
import { makeOwnerToken } from '#node/keys/owner-token.ts'
import { measuredService } from '#node/metrics/measured-service.ts'
import { createPeerMetrics } from '#node/metrics/peer-metrics.ts'
import { metricsRoute, serveMetrics } from '#node/metrics/serve.ts'
import type { EmitEvent } from '#node/roles/events.ts'
import type { RoleStatus, RunningPeer } from '#node/roles/peer-options.ts'
import { drainable } from '#node/status/drainable.ts'
import type { ClientStatus } from '#node/status/status-document.ts'
import { cocoonVersion } from '#node/version.ts'
import type { ServedStory } from '#node/why/served-story.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { WalletSigner } from '#settlement/wallet/signer.ts'
import type { PeerReady } from './messages.ts'
import type { NetworkFile } from './network-file.ts'
import type { ClientConfig, PeerConfig, ProviderConfig } from './peer-config.ts'

export interface PeerSurroundings {
  readonly network: NetworkFile
  readonly emit: EmitEvent
  readonly log: Logger
  /** Signs for the wallet instead of the seed in the configuration. */
  readonly signer?: WalletSigner | undefined
  /** Ends a start that takes long; without effect once the peer runs. */
  readonly startSignal?: AbortSignal | undefined
}

export interface RunningConfiguredPeer {
  readonly ready: PeerReady
  status(): ConfiguredStatus
  /** Explains every nanoTON of every channel. @throws UnavailableError CHAIN_UNREACHABLE */
  audit(): Promise<AuditReport>
  /** No new work; resolves when running work has ended, or at the limit. `stop` comes after it. */
  drain(limit: AbortSignal): Promise<void>
  /** Of a provider: the requests it served, newest first; empty for a client. */
  servedStories(): readonly ServedStory[]
  stop(): Promise<void>
}

export interface ConfiguredStatus extends Omit<RoleStatus, 'client'> {
  readonly client: ClientStatus | null
}

/** @throws ConfigError PORT_TAKEN and whatever the composition throws */
export function runPeer(
  config: PeerConfig,
  surroundings: PeerSurroundings,
): Promise<RunningConfiguredPeer> {
  if (config.role === 'provider') return runProvider(config, surroundings)
  return runClient(config, surroundings)
}

async function runProvider(
  { role, metricsPort, ...config }: ProviderConfig,
  surroundings: PeerSurroundings,
): Promise<RunningConfiguredPeer> {
  const metrics = createPeerMetrics({ role, version: cocoonVersion() })
  const peer = await composeProvider({ ...config, ...surroundings, metrics })
  const { peerId, addresses } = peer
  metrics.watch(() => peer.status())
  const served =
    metricsPort === undefined
      ? undefined
      : await serveMetrics(metrics, metricsPort).catch(stopping(peer))
  return {
    ready: {
      name: config.name,
      role,
      peerId,
      addresses: [...addresses],
      ...(served === undefined ? {} : { metricsUrl: `${served.url}/metrics` }),
    },
    status: () => ({ ...peer.status(), client: null }),
    audit: () => peer.audit(),
    servedStories: () => peer.servedStories(),
    drain: (limit) => peer.drain(limit),
    async stop() {
      await served?.close()
      await peer.stop()
    },
  }
}

/** What was started is stopped before the error goes on. */
function stopping(peer: RunningPeer) {
  return async (error: unknown): Promise<never> => {
    await peer.stop()
    throw error
  }
}

async function runClient(
  { role, apiPort, apiPortFallback, priceCapNano, light = false, ...config }: ClientConfig,
  surroundings: PeerSurroundings,
): Promise<RunningConfiguredPeer> {
  const cap = priceCapNano === undefined ? {} : { priceCapNano }
  const metrics = createPeerMetrics({ role, version: cocoonVersion() })
  const peer = await composeClient({ ...config, ...cap, light, ...surroundings, metrics })
  metrics.watch(() => peer.status())
  const { service, running, drain } = drainable(measuredService(peer.service, metrics))
  const { dataDir, apiHost = '127.0.0.1', corsOrigins = [] } = config
  let gateway: RunningGateway
  let api: Gateway
  try {
    api = createGateway({
      service,
      log: surroundings.log,
      clock: systemClock,
      version: cocoonVersion(),
      ledger: peer.ledger,
      dataDir,
      ownerToken: makeOwnerToken(dataDir),
      isExposed: !isLoopbackHost(apiHost),
      corsOrigins,
    })
    metricsRoute(api.app, metrics)
    checkExposure(apiHost, api.keyCount)
    const serve = (port: number) => serveGateway({ app: api.app, host: apiHost, port })
    gateway = await serve(apiPort).catch((error) => {
      if (apiPortFallback && isPortTaken(error)) return serve(0)
      throw error
    })
  } catch (error) {
    await peer.stop()
    throw error
  }
  const { peerId, addresses } = peer
  return {
    ready: {
      name: config.name,
      role,
      peerId,
      addresses: [...addresses],
      walletAddress: service.walletAddress,
      apiUrl: gateway.url,
    },
    status() {
      const status = peer.status()
      if (status.client === null) return { ...status, client: null }
      const own = { apiUrl: gateway.url, answersRunning: running() }
      return { ...status, client: { ...status.client, ...own } }
    },
    audit: () => peer.audit(),
    servedStories: () => [],
    drain,
    async stop() {
      await gateway.close()
      const batches = api.stop()
      await peer.stop()
      await batches
    },
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof CocoonError && error.code === 'PORT_TAKEN'
}
