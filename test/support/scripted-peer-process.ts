/**
 * A peer process whose peers only pretend: the client's gateway answers from a script, providers do
 * nothing. It keeps the frame of the real one (configuration file, IPC, stopping).
 */
import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { systemClock } from '#node/clock.ts'
import { createGateway } from '#node/gateway/app.ts'
import { serveGateway } from '#node/gateway/serve.ts'
import { makeOwnerToken } from '#node/keys/owner-token.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { type RunningChild, runChild } from '#node/testnet/child-main.ts'
import type { PeerReady } from '#node/testnet/messages.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { type PeerConfig, readProcessConfig } from '#node/testnet/peer-config.ts'
import { ScriptedClientService } from './scripted-client-service.ts'

const log = pino({ level: 'silent' })

type ScriptedPeer = PeerReady & { stop(): Promise<void> }

async function startPeer(peer: PeerConfig): Promise<ScriptedPeer> {
  const peerId = createHash('sha256').update(peer.identitySeed).digest('hex').slice(0, 16)
  const ready = { name: peer.name, peerId, addresses: [`/ip4/127.0.0.1/tcp/1/p2p/${peerId}`] }
  if (peer.role === 'provider') return { ...ready, role: 'provider', stop: async () => undefined }
  const service = new ScriptedClientService()
  const { dataDir } = peer
  const ledger = openLedgerDatabase(dataDir)
  const { app } = createGateway({
    ...{ service, log, clock: systemClock, version: '0.0.0', ledger, dataDir },
    ownerToken: makeOwnerToken(dataDir),
  })
  const gateway = await serveGateway({ app, host: '127.0.0.1', port: peer.apiPort })
  return {
    ...ready,
    role: 'client',
    walletAddress: '0:cc',
    apiUrl: gateway.url,
    stop: () => gateway.close(),
  }
}

runChild(async (tell): Promise<RunningChild> => {
  const config = readProcessConfig(process.argv[2]!)
  readNetworkFile(config.networkFile)
  const started: ScriptedPeer[] = []
  for (const peer of config.peers) {
    started.push(await startPeer(peer))
    tell({
      kind: 'event',
      event: { atMs: 0, peer: peer.name, kind: 'warning', code: 'STARTED', message: peer.role },
    })
  }
  return {
    ready: { kind: 'ready', peers: started.map(({ stop: _stop, ...ready }) => ready) },
    async stop() {
      for (const peer of started) await peer.stop()
    },
  }
})
