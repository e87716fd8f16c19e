/** Runs one configured peer in this process; a client comes with its HTTP gateway. */
import type { Logger } from 'pino'
import { systemClock } from '#node/clock.ts'
import { composeClient, composeProvider } from '#node/compose.ts'
import { createGateway } from '#node/gateway/app.ts'
import { type RunningGateway, serveGateway } from '#node/gateway/serve.ts'
import type { EmitEvent } from '#node/roles/events.ts'
import { cocoonVersion } from '#node/version.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { PeerReady } from './messages.ts'
import type { NetworkFile } from './network-file.ts'
import type { ClientConfig, PeerConfig, ProviderConfig } from './peer-config.ts'

export interface PeerSurroundings {
  readonly network: NetworkFile
  readonly emit: EmitEvent
  readonly log: Logger
}

export interface RunningConfiguredPeer {
  readonly ready: PeerReady
  stop(): Promise<void>
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
  { role, ...config }: ProviderConfig,
  surroundings: PeerSurroundings,
): Promise<RunningConfiguredPeer> {
  const peer = await composeProvider({ ...config, ...surroundings })
  const { peerId, addresses } = peer
  return {
    ready: { name: config.name, role, peerId, addresses: [...addresses] },
    stop: () => peer.stop(),
  }
}

async function runClient(
  { role, apiPort, apiPortFallback, priceCapNano, ...config }: ClientConfig,
  surroundings: PeerSurroundings,
): Promise<RunningConfiguredPeer> {
  const cap = priceCapNano === undefined ? {} : { priceCapNano }
  const peer = await composeClient({ ...config, ...cap, ...surroundings })
  const app = createGateway({
    service: peer.service,
    log: surroundings.log,
    clock: systemClock,
    version: cocoonVersion(),
  })
  const serve = (port: number) => serveGateway({ app, host: '127.0.0.1', port })
  let gateway: RunningGateway
  try {
    gateway = await serve(apiPort).catch((error) => {
      if (apiPortFallback && isPortTaken(error)) return serve(0)
      throw error
    })
  } catch (error) {
    await peer.stop()
    throw error
  }
  const { peerId, addresses, service } = peer
  return {
    ready: {
      name: config.name,
      role,
      peerId,
      addresses: [...addresses],
      walletAddress: service.walletAddress,
      apiUrl: gateway.url,
    },
    async stop() {
      await gateway.close()
      await peer.stop()
    },
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof CocoonError && error.code === 'PORT_TAKEN'
}
