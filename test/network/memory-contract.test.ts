import { testTransport } from '../contracts/transport.ts'
import { createMemoryNetwork } from '../support/memory-transport.ts'
import { testPeerRef } from '../support/test-peers.ts'

testTransport('in memory (simulated)', async (count, shape) => {
  const network = createMemoryNetwork()
  const middle = testPeerRef(1).peerId
  const transports = Array.from({ length: count }, (_, at) => {
    const links = shape === 'line' ? (at === 1 ? [testPeerRef(0).peerId] : [middle]) : undefined
    return network.join(testPeerRef(at), links)
  })
  return {
    transports,
    stop: async () => {
      await Promise.all(transports.map((transport) => transport.stop()))
    },
  }
})
