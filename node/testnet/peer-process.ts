/** Entry of a peer process: `node peer-process.ts CONFIG_FILE`, started by the testnet. */
import { systemClock } from '#node/clock.ts'
import { createLog } from '#node/log.ts'
import { ConfigError } from '#protocol/errors.ts'
import { runChild } from './child-main.ts'
import { readNetworkFile } from './network-file.ts'
import { readProcessConfig } from './peer-config.ts'
import { type RunningConfiguredPeer, runPeer } from './run-peer.ts'

runChild(async (tell) => {
  const file = process.argv[2]
  if (file === undefined) throw new ConfigError('PEER_CONFIG', 'no peer configuration was named')
  const config = readProcessConfig(file)
  const network = readNetworkFile(config.networkFile)
  const running: RunningConfiguredPeer[] = []
  for (const peer of config.peers) {
    const log = createLog({ name: peer.name, level: config.logLevel })
    const emit = (body: Parameters<Parameters<typeof runPeer>[1]['emit']>[0]) =>
      tell({ kind: 'event', event: { atMs: systemClock.nowMs(), peer: peer.name, ...body } })
    running.push(await runPeer(peer, { network, emit, log }))
  }
  return {
    ready: { kind: 'ready', peers: running.map((peer) => peer.ready) },
    async stop() {
      await Promise.allSettled(running.map((peer) => peer.stop()))
    },
  }
})
