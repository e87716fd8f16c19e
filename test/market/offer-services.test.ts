/** Publisher and discovery over the in-memory network: rules and rhythms, no sockets. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterEach, describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { type OfferForm, type OfferOrder, signOffer } from '#protocol/market/offer.ts'
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

  it('travel through other providers to a client that is linked to one of them only', async () => {
    const network = createMemoryNetwork()
    const near = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    const nearId = near.transport.self.peerId
    const client = keep(
      await startTestClient({ transport: network.join(testPeerRef(0), [nearId]) }),
    )
    const far = network.join(testPeerRef(2), [nearId])
    keep(await startTestProvider({ transport: far, number: 2 }))
    const farName = toHex(testIdentity(2).publicKey)
    const heard = () => client.discovery.offers(MARKET_ROOT).map(({ provider }) => provider)
    await eventually(() => heard().includes(farName))
    // What is no news is not carried on: the client never hears the replay.
    const { sequence } = client.discovery.offers(MARKET_ROOT).find((o) => o.provider === farName)!
    const old = signOfferAt(2, 'delta', { sequence, issuedAtMs: Date.now() - 30_000 })
    await far.publish(TOPIC, old)
    near.statements = [statementOf({ slotsFree: 0 })]
    near.publisher.changed()
    await eventually(() => client.discovery.offers(MARKET_ROOT).some((o) => o.slotsFree === 0))
    expect(client.discovery.book().dropped).toEqual({})
  })

  it('are fetched again when the provider did not answer the first time', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const flaky = network.join(testPeerRef(1))
    let asked = 0
    await serveOfferOf(flaky, 1, () => {
      asked += 1
      if (asked === 1) throw new Error('not this time')
    })
    await flaky.publish(TOPIC, signTestOffer(1, 'delta'))
    await eventually(() => client.discovery.offers(MARKET_ROOT).length === 1)
    expect(asked).toBe(2)
  })

  it('are dropped and counted by reason when replayed, altered, expired or older', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const hostile = network.join(testPeerRef(9))
    const nowMs = Date.now()
    const sign = (sequence: bigint, issuedAtMs = nowMs) =>
      signOfferAt(1, 'delta', { sequence, issuedAtMs })
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

/** A peer that serves, in its own name, an offer signed by the given identity. */
async function serveOfferOf(
  transport: Transport,
  identity: number,
  onAsked: () => void = () => undefined,
): Promise<void> {
  await transport.provide(offerKey(nodeCrypto, MARKET_ROOT))
  await transport.handle('/cocoon/offer/1', async (stream) => {
    onAsked()
    const offers = [fromBinary(SignedRecordSchema, signTestOffer(identity, 'full'))]
    await stream.send(toBinary(OfferResponseSchema, create(OfferResponseSchema, { offers })))
  })
}

function signTestOffer(identity: number, form: OfferForm): Uint8Array {
  return signOfferAt(identity, form, { sequence: 1n, issuedAtMs: Date.now() })
}

function signOfferAt(identity: number, form: OfferForm, order: OfferOrder, lifeMs = 60_000) {
  const life = { ...order, expiresAtMs: order.issuedAtMs + lifeMs }
  const offer = { ...statementOf(), globalId: MARKET_GLOBAL_ID, addresses: [], ...life }
  return signOffer(nodeCrypto, testIdentity(identity), offer, form)
}
