/** Which running peer of this machine a command talks to. */
import path from 'node:path'
import { askStatus } from '#node/status/control-client.ts'
import type { PeerStatus } from '#node/status/status-document.ts'
import { CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { CliContext } from './context.ts'
import { roleDir } from './peer-home.ts'

export interface RunningPeerOptions {
  /** Data folder of the peer. */
  readonly data?: string
}

/**
 * The peer of the folder that is named, or every one that runs in the usual folders.
 * @throws UnavailableError PEER_NOT_RUNNING; ProtocolError CONTROL_ANSWER
 */
export async function runningPeers(
  { data }: RunningPeerOptions,
  { settings }: CliContext,
): Promise<readonly PeerStatus[]> {
  if (data !== undefined) return [await askStatus(path.resolve(data))]
  const dirs = (['provider', 'client'] as const).map((role) => roleDir(role, settings.dataRoot))
  const found: PeerStatus[] = []
  for (const dir of dirs) {
    try {
      found.push(await askStatus(dir))
    } catch (error) {
      if (!(error instanceof CocoonError) || error.code !== 'PEER_NOT_RUNNING') throw error
    }
  }
  if (found.length > 0) return found
  throw new UnavailableError('PEER_NOT_RUNNING', `no peer runs in ${settings.dataRoot}`, {
    remedy: 'Start it with `cocoon up` or `cocoon client`, or name its folder with --data.',
  })
}

/** The only one. @throws ConfigError PEER_NOT_NAMED when several run; what `runningPeers` throws */
export async function runningPeer(
  options: RunningPeerOptions,
  context: CliContext,
): Promise<PeerStatus> {
  const peers = await runningPeers(options, context)
  if (peers.length === 1) return peers[0]!
  throw new ConfigError('PEER_NOT_NAMED', `${peers.length} peers run here`, {
    remedy: `Name one with --data: ${peers.map(({ dataDir }) => dataDir).join(' or ')}.`,
  })
}
