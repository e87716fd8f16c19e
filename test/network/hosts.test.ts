/** What is libp2p's own: identities, scores, networks that do not mix, and the death of the first peer. */
import { afterEach, describe, expect, it } from 'vitest'
import { createLibp2pTransport, type Libp2pTransport } from '#node/network/libp2p-transport.ts'
import { identityKeyOf, peerIdOf } from '#node/network/peer-ids.ts'
import { utf8 } from '#protocol/bytes.ts'
import { allTopics } from '#protocol/market/topics.ts'
import { eventually } from '../support/eventually.ts'
import {
  JOB_SPEC,
  MARKET_ROOT,
  startTestClient,
  startTestProvider,
} from '../support/market-peers.ts'
import {
  createTestHost,
  silentLog,
  type TestHostOptions,
  testIdentity,
} from '../support/test-peers.ts'

const GLOBAL_ID = -3

describe('libp2p hosts', () => {
  const running: { stop(): Promise<void> }[] = []
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    running.push(one)
    return one
  }
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  })
  const host = async (number: number, options: Partial<TestHostOptions> = {}) =>
    keep(await createTestHost({ number, globalId: GLOBAL_ID, bootstrap: [], ...options }))

  it('derive the peer id from the identity key, and back', async () => {
    const { publicKey } = testIdentity(1)
    const peer = await host(1)
    expect(peer.self).toEqual({ peerId: peerIdOf(publicKey), identityKey: publicKey })
    expect(identityKeyOf(peer.self.peerId)).toEqual(publicKey)
    expect(peer.addresses()[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
    const secp256k1 = '16Uiu2HAm7z6wo9bmx5cQ8jDbBWmTH2q7NLQwsLVjQMAmNQk4Xs7o'
    for (const bad of ['', 'nonsense', secp256k1]) {
      expect(() => identityKeyOf(bad)).toThrow(expect.objectContaining({ code: 'PEER_ID_INVALID' }))
    }
    expect(() => peerIdOf(new Uint8Array(31))).toThrow()
  })

  it('score down a peer that sends what validators reject, and stop hearing it', async () => {
    const good = await host(1)
    const topic = allTopics(GLOBAL_ID)[0]!
    const [hostile, honest] = [
      await host(2, { bootstrap: good.addresses() }),
      await host(3, { bootstrap: good.addresses() }),
    ]
    const judged: string[] = []
    good.subscribe(
      topic,
      (message, from) => {
        judged.push(Buffer.from(message).toString())
        return from.peerId === hostile.self.peerId ? 'reject' : 'accept'
      },
      (_, from) => expect(from.peerId).toBe(honest.self.peerId),
    )
    // Gossipsub trusts a peer of good score for up to 1 s or 128 messages; then it no longer listens.
    let sent = 0
    await eventually(async () => {
      const fine = `fine ${sent}`
      await hostile.publish(topic, utf8(`invalid ${sent}`))
      await honest.publish(topic, utf8(fine))
      sent += 1
      // What the honest one said came; the very first may have been said before the links knew the topic.
      await eventually(() => judged.includes(fine), 1_000).catch(() => undefined)
      const lastTen = Array.from({ length: 10 }, (_, back) => sent - 1 - back)
      const isSilenced = lastTen.every((number) => !judged.includes(`invalid ${number}`))
      return isSilenced && lastTen.every((number) => judged.includes(`fine ${number}`))
    })
    expect(judged.some((text) => text.startsWith('invalid'))).toBe(true)
    expect(good.gossipScore(hostile.self.peerId)).toBeLessThan(-80)
    expect(good.gossipScore(honest.self.peerId)).toBeGreaterThanOrEqual(0)
  })

  it('refuse topics and keys that are not the network’s', async () => {
    const peer = await host(1)
    const listen = () =>
      peer.subscribe(
        'my-own-topic',
        () => 'accept',
        () => undefined,
      )
    expect(listen).toThrow(expect.objectContaining({ code: 'TOPIC_UNKNOWN' }))
    const large = peer.publish(allTopics(GLOBAL_ID)[0]!, new Uint8Array(16 * 1024 + 1))
    await expect(large).rejects.toMatchObject({ code: 'GOSSIP_TOO_LARGE' })
  })

  it('say which address is wrong or taken', async () => {
    const base = { identitySeed: testIdentity(7).seed, bootstrap: [], mode: 'full' } as const
    const start = (listen: readonly string[], bootstrap: readonly string[] = []) =>
      createLibp2pTransport({ ...base, globalId: GLOBAL_ID, log: silentLog, listen, bootstrap })
    await expect(start([], ['localhost:4001'])).rejects.toMatchObject({ code: 'ADDRESS_INVALID' })
    const taken = (await host(1)).addresses()[0]!.replace(/\/p2p\/.*$/, '')
    await expect(start([taken])).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on ${taken}: another program has the port`,
    })
  })

  it('do not mix networks: another global id finds nobody', async () => {
    const first = await host(1)
    const key = new Uint8Array(32).fill(5)
    const peer = await host(2, { bootstrap: first.addresses() })
    await peer.joined(AbortSignal.timeout(120_000))
    await peer.provide(key)
    const stranger = await host(3, { bootstrap: first.addresses(), globalId: -239 })
    await eventually(() => stranger.peers().length > 0)
    const signal = AbortSignal.timeout(500)
    for await (const found of stranger.findProviders(key, signal)) {
      expect.unreachable(`${found.peerId} is on another network`)
    }
    await expect(stranger.joined(AbortSignal.timeout(200))).rejects.toThrow()
  })

  it('dial nothing that leaves the machine on a loopback network', async () => {
    const peer = await host(1)
    const dial = peer.openStream(peerIdOf(testIdentity(2).publicKey), '/x/1', {
      addresses: ['/ip4/192.0.2.1/tcp/4001', 'not an address'],
    })
    await expect(dial).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  it('carry on when the first peer dies: offers, bids and newcomers still find each other', async () => {
    const first = await host(1)
    const others: Libp2pTransport[] = []
    for (const number of [2, 3, 4, 5]) {
      others.push(await host(number, { bootstrap: first.addresses() }))
    }
    // Everybody learned of everybody through identify and the DHT, not from a list.
    await eventually(() => others.every((peer) => peer.peers().length >= 3))
    await first.stop()
    await eventually(() => others.every((peer) => !peer.peers().some(isThe(first))))
    const [a, b, c, clientHost] = others as [
      Libp2pTransport,
      Libp2pTransport,
      Libp2pTransport,
      Libp2pTransport,
    ]
    const client = keep(await startTestClient({ transport: clientHost }))
    for (const [at, transport] of [a, b, c].entries()) {
      keep(await startTestProvider({ transport, number: at + 2 }))
    }
    await eventually(() => client.discovery.offers(MARKET_ROOT).length === 3)
    const outcome = await client.jobs.auction(JOB_SPEC, { bidsExpected: 3 })
    expect(outcome.bids).toHaveLength(3)
    expect(outcome.winner).toBeDefined()
    // A newcomer that knows the dead first address and one live one; light, and deaf to old gossip.
    const bootstrap = [...first.addresses(), ...b.addresses()]
    const newcomer = await host(6, { bootstrap, mode: 'light', listens: false })
    const cold = keep(await startTestClient({ transport: newcomer }))
    await newcomer.joined(AbortSignal.timeout(120_000))
    await eventually(async () => (await cold.discovery.refresh(MARKET_ROOT)).length === 3)
    expect(cold.discovery.book().dropped).toEqual({})
  })

  it('rejoin a first peer that was away when they started', async () => {
    const probe = await createTestHost({ number: 1, globalId: GLOBAL_ID, bootstrap: [] })
    const address = probe.addresses()[0]!
    await probe.stop()
    const early = await host(2, { bootstrap: [address] })
    const late = keep(
      await createLibp2pTransport({
        identitySeed: testIdentity(1).seed,
        listen: [address.replace(/\/p2p\/.*$/, '')],
        ...{ bootstrap: [], mode: 'full', globalId: GLOBAL_ID, log: silentLog },
      }),
    )
    await eventually(() => early.peers().some(isThe(late)))
  })
})

function isThe(peer: Libp2pTransport) {
  return ({ peerId }: { readonly peerId: string }) => peerId === peer.self.peerId
}
