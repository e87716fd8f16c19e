import type { Libp2pTransport } from '#node/network/libp2p-transport.ts'
import { CONTRACT_GLOBAL_ID, testTransport } from '../contracts/transport.ts'
import { eventually } from '../support/eventually.ts'
import { createTestHost } from '../support/test-peers.ts'

testTransport('libp2p over TCP', async (count, shape) => {
  const globalId = CONTRACT_GLOBAL_ID
  const hub = shape === 'line' ? 1 : 0
  const middle = await createTestHost({ number: hub, globalId, bootstrap: [] })
  const transports: Libp2pTransport[] = []
  for (let at = 0; at < count; at += 1) {
    const options = { number: at, globalId, bootstrap: middle.addresses() }
    // Ends of a line only dial, so that they can never reach each other.
    const isEnd = shape === 'line'
    const end = { ...options, mode: 'light' as const, listens: false }
    transports.push(at === hub ? middle : await createTestHost(isEnd ? end : options))
  }
  const linked = (transport: Libp2pTransport) => transport.peers().length > 0
  await eventually(() => transports.every(linked))
  // In a line nobody but the middle serves the DHT, so the middle itself never has a table.
  const signal = AbortSignal.timeout(120_000)
  if (shape === 'mesh') await Promise.all(transports.map((one) => one.joined(signal)))
  return {
    transports,
    stop: async () => {
      await Promise.all(transports.map((transport) => transport.stop()))
    },
  }
})
