/** A client that nobody can dial: its job travels by gossip, and providers that heard it carry it on. */
import { afterEach, describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { jobKey } from '#protocol/market/topics.ts'
import type { Transport } from '#protocol/transport.ts'
import { eventually } from '../support/eventually.ts'
import {
  JOB_SPEC,
  MARKET_ROOT,
  startTestClient,
  startTestProvider,
} from '../support/market-peers.ts'
import { createMemoryNetwork } from '../support/memory-transport.ts'
import { testIdentity, testPeerRef } from '../support/test-peers.ts'

const nameOf = (number: number) => toHex(testIdentity(number).publicKey)

/** The same peer without an address of its own. */
function light(transport: Transport): Transport {
  return new Proxy(transport, {
    get(target, key) {
      if (key === 'addresses') return () => []
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function providersInDht(transport: Transport): Promise<string[]> {
  const found: string[] = []
  const limit = AbortSignal.timeout(5_000)
  for await (const { peerId } of transport.findProviders(jobKey(nodeCrypto, MARKET_ROOT), limit)) {
    found.push(peerId)
  }
  return found
}

describe('a light client', () => {
  const running: { stop(): Promise<void> }[] = []
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    running.push(one)
    return one
  }
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  })

  it('gets bids, and a provider that no announcement reached finds its job at another', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: light(network.join(testPeerRef(0))) }))
    const carrier = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    const auction = client.jobs.auction(JOB_SPEC, { bidsExpected: 2 })
    await eventually(() => carrier.events.some(({ kind }) => kind === 'bid'))
    const transport = network.join(testPeerRef(2), [])
    await eventually(async () => (await providersInDht(transport)).length > 0)
    expect(await providersInDht(transport)).toEqual([testPeerRef(1).peerId])
    const late = keep(
      await startTestProvider({ transport, number: 2, completionNanoPerMtok: 1_000_000n }),
    )
    await late.worker.look()
    expect(late.events).toMatchObject([{ kind: 'seen', via: 'dht' }, { kind: 'bid' }])
    network.link(testPeerRef(0).peerId, testPeerRef(2).peerId)
    expect((await auction).winner?.provider).toBe(nameOf(2))
    await eventually(() => carrier.events.at(-1)!.kind === 'lost')
  })

  it('is carried only while bids are taken', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: light(network.join(testPeerRef(0))) }))
    const carrier = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    await client.jobs.auction({ ...JOB_SPEC, biddingMs: 300 })
    await eventually(() => carrier.events.at(-1)!.kind === 'awarded')
    const transport = network.join(testPeerRef(2), [])
    const late = keep(await startTestProvider({ transport, number: 2 }))
    await late.worker.look()
    expect(late.events).toEqual([])
  })
})
