/** Publisher and discovery over the in-memory network: rules and rhythms, no sockets. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterEach, describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { signOffer } from '#protocol/market/offer.ts'
import { offerKey, offerTopic } from '#protocol/market/topics.ts'
import type { Transport } from '#protocol/transport.ts'
import { OfferResponseSchema, SignedRecordSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { eventually } from '../support/eventually.ts'
import {
  MARKET_GLOBAL_ID,
  MARKET_ROOT,
  MemoryMarks,
  MovableClock,
  startTestClient,
  startTestProvider,
  statementOf,
} from '../support/market-peers.ts'
import { createMemoryNetwork } from '../support/memory-transport.ts'
import { testIdentity, testPeerRef } from '../support/test-peers.ts'

const TOPIC = offerTopic(MARKET_GLOBAL_ID, MARKET_ROOT)

describe('offers over a network', () => {
  const running: { stop(): Promise<void> }[] = []
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    running.push(one)
    return one
  }
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  })

  it('reach a client by gossip: a delta first, then the full offer fetched from its provider', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    keep(await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }))
    await eventually(() => client.discovery.offers(MARKET_ROOT).length === 1)
    const [offer] = client.discovery.offers(MARKET_ROOT)
    expect(offer).toMatchObject({ modelId: 'cocoon-demo-1', slotsFree: 4 })
    expect(offer!.provider).toBe(toHex(testIdentity(1).publicKey))
    expect(client.discovery.measurements.latencyMs(offer!.provider)).toBeGreaterThanOrEqual(0)
  })

  it('reach a cold client that heard no gossip: it asks the DHT, then each provider', async () => {
    const network = createMemoryNetwork()
    const providers = await Promise.all(
      [1, 2, 3].map(async (number) =>
        keep(await startTestProvider({ transport: network.join(testPeerRef(number), []), number })),
      ),
    )
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0), []) }))
    await eventually(async () => (await client.discovery.refresh(MARKET_ROOT)).length === 3)
    const names = client.discovery.offers(MARKET_ROOT).map(({ provider }) => provider)
    expect(names.sort()).toEqual(
      providers.map((_, at) => toHex(testIdentity(at + 1).publicKey)).sort(),
    )
    // Asking again for what is unchanged is no replay.
    await client.discovery.refresh(MARKET_ROOT)
    expect(client.discovery.book().dropped).toEqual({})
  })

  it('follow a material change without waiting for the next refresh', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const provider = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    await eventually(() => client.discovery.offers(MARKET_ROOT).length === 1)
    provider.statements = [statementOf({ slotsTotal: 4, slotsFree: 0 })]
    provider.publisher.changed()
    await eventually(() => client.discovery.offers(MARKET_ROOT)[0]?.slotsFree === 0)
  })

  it('never go back in sequence or time over a restart, even when the clock did', async () => {
    const network = createMemoryNetwork()
    const marks = new MemoryMarks()
    const clock = new MovableClock()
    const first = await startTestProvider({
      transport: network.join(testPeerRef(1)),
      number: 1,
      marks,
      clock,
    })
    await first.stop()
    await first.transport.stop()
    const before = marks.load()!
    clock.aheadMs = -60_000
    keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1, marks, clock }),
    )
    const after = marks.load()!
    expect(after.sequence).toBe(before.sequence + 1n)
    expect(after.issuedAtMs).toBe(before.issuedAtMs)
  })

  it('are dropped and counted by reason when replayed, altered, expired or older', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const hostile = network.join(testPeerRef(9))
    const nowMs = Date.now()
    const sign = (sequence: bigint, issuedAtMs = nowMs, lifeMs = 60_000) =>
      signOffer(
        nodeCrypto,
        testIdentity(1),
        {
          ...statementOf(),
          ...{ globalId: MARKET_GLOBAL_ID, addresses: [], sequence, issuedAtMs },
          expiresAtMs: issuedAtMs + lifeMs,
        },
        'delta',
      )
    const good = sign(5n)
    const altered = good.slice()
    altered[20]! ^= 0x01
    const expired = sign(6n, nowMs - 120_000)
    for (const bytes of [good, good, altered, expired, sign(4n), sign(9n, nowMs + 60_000)]) {
      await hostile.publish(TOPIC, bytes)
    }
    await eventually(() => {
      const { dropped } = client.discovery.book()
      return Object.values(dropped).reduce((sum, count) => sum + count, 0) === 5
    })
    const { dropped, accepted } = client.discovery.book()
    expect(accepted).toBe(1)
    expect({ ...dropped, altered: 0, malformed: 0 }).toEqual({
      ...{ replayed: 1, expired: 1, older: 1, future: 1, altered: 0, malformed: 0 },
    })
    expect((dropped.altered ?? 0) + (dropped.malformed ?? 0)).toBe(1)
  })

  it('are not taken from a provider that hands over somebody else’s', async () => {
    const network = createMemoryNetwork()
    const thief = network.join(testPeerRef(2), [])
    await serveOfferOf(thief, 1)
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0), []) }))
    expect(await client.discovery.refresh(MARKET_ROOT)).toEqual([])
    expect(client.discovery.book().dropped).toEqual({ 'not-its-own': 1 })
  })

  it('survive providers that are gone or answer garbage', async () => {
    const network = createMemoryNetwork()
    const key = offerKey(nodeCrypto, MARKET_ROOT)
    const silent = network.join(testPeerRef(3), [])
    await silent.provide(key)
    const garbage = network.join(testPeerRef(4), [])
    await garbage.provide(key)
    await garbage.handle('/cocoon/offer/1', async (stream) => {
      await stream.send(new Uint8Array(300).fill(0xff))
    })
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0), []) }))
    keep(await startTestProvider({ transport: network.join(testPeerRef(1), []), number: 1 }))
    await eventually(async () => (await client.discovery.refresh(MARKET_ROOT)).length === 1)
  })
})

/** A peer that serves, in its own name, an offer signed by another identity. */
async function serveOfferOf(transport: Transport, identity: number): Promise<void> {
  await transport.provide(offerKey(nodeCrypto, MARKET_ROOT))
  await transport.handle('/cocoon/offer/1', async (stream) => {
    const issuedAtMs = Date.now()
    const bytes = signOffer(
      nodeCrypto,
      testIdentity(identity),
      {
        ...statementOf(),
        ...{ globalId: MARKET_GLOBAL_ID, addresses: [], sequence: 1n, issuedAtMs },
        expiresAtMs: issuedAtMs + 60_000,
      },
      'full',
    )
    const offers = [fromBinary(SignedRecordSchema, bytes)]
    await stream.send(toBinary(OfferResponseSchema, create(OfferResponseSchema, { offers })))
  })
}
