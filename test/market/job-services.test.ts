/** Job client and workers over the in-memory network. */
import { afterEach, describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { checkTranscript } from '#protocol/market/transcript.ts'
import { eventually } from '../support/eventually.ts'
import {
  JOB_SPEC,
  MARKET_GLOBAL_ID,
  startTestClient,
  startTestProvider,
} from '../support/market-peers.ts'
import { createMemoryNetwork } from '../support/memory-transport.ts'
import { testIdentity, testPeerRef } from '../support/test-peers.ts'

const nameOf = (number: number) => toHex(testIdentity(number).publicKey)

describe('jobs over a network', () => {
  const running: { stop(): Promise<void> }[] = []
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    running.push(one)
    return one
  }
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  })

  it('get a bid from each of three providers; the cheapest wins and everybody learns it', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const providers: Awaited<ReturnType<typeof startTestProvider>>[] = []
    for (const [number, price] of [
      [1, 6_000_000n],
      [2, 3_000_000n],
      [3, 5_000_000n],
    ] as const) {
      const transport = network.join(testPeerRef(number))
      providers.push(
        keep(await startTestProvider({ transport, number, completionNanoPerMtok: price })),
      )
    }
    const bidders: string[] = []
    const outcome = await client.jobs.auction(JOB_SPEC, {
      bidsExpected: 3,
      onBid: (bid) => bidders.push(toHex(bid.signer)),
    })
    expect(bidders.sort()).toEqual([nameOf(1), nameOf(2), nameOf(3)].sort())
    expect(outcome.winner).toMatchObject({
      ...{ provider: nameOf(2), peerId: testPeerRef(2).peerId },
    })
    expect(outcome.winner!.bid.contents.priceNano).toBe(1_700n)
    const check = checkTranscript(nodeCrypto, outcome.transcript, MARKET_GLOBAL_ID)
    expect(check).toEqual({ ok: true, findings: [], winner: nameOf(2) })
    const lastOf = (at: number) => providers[at]!.events.at(-1)!.kind
    await eventually(() => lastOf(0) === 'lost' && lastOf(1) === 'awarded' && lastOf(2) === 'lost')
    const kinds = providers[1]!.events.map(({ kind }) => kind)
    expect(kinds).toEqual(['seen', 'bid', 'acknowledged', 'awarded'])
  })

  it('are found through the DHT by a provider that no announcement reached', async () => {
    const network = createMemoryNetwork()
    // The client's gossip reaches a relay only, which nobody else is linked to when it speaks.
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const auction = client.jobs.auction(JOB_SPEC, { bidsExpected: 1 })
    const provider = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1), []), number: 1 }),
    )
    await provider.worker.look()
    expect(provider.events).toMatchObject([{ kind: 'seen', via: 'dht' }, { kind: 'bid' }])
    // Its bid needs a link to travel on: gossip is repeated until acknowledged.
    network.link(testPeerRef(0).peerId, testPeerRef(1).peerId)
    expect((await auction).winner?.provider).toBe(nameOf(1))
    await eventually(() => provider.events.at(-1)!.kind === 'awarded')
  })

  it('fail honestly when nobody bids: a close without a winner', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const outcome = await client.jobs.auction({ ...JOB_SPEC, biddingMs: 50 })
    expect(outcome).toMatchObject({ winner: undefined, bids: [] })
    expect(checkTranscript(nodeCrypto, outcome.transcript, MARKET_GLOBAL_ID).ok).toBe(true)
  })

  it('are passed over, with the reason, by a provider whose price is above the cap', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const provider = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    const outcome = await client.jobs.auction({ ...JOB_SPEC, priceCapNano: 10n, biddingMs: 200 })
    expect(outcome.winner).toBeUndefined()
    expect(provider.events).toMatchObject([
      { kind: 'seen' },
      { kind: 'passed', reason: 'price cap is below our price' },
    ])
  })

  it('stop when their signal says so, and refuse what no peer would take', async () => {
    const network = createMemoryNetwork()
    const client = keep(await startTestClient({ transport: network.join(testPeerRef(0)) }))
    const stop = new AbortController()
    const auction = client.jobs.auction(JOB_SPEC, {
      signal: stop.signal,
      onAnnounced: () => stop.abort(new Error('changed my mind')),
    })
    await expect(auction).rejects.toThrow('changed my mind')
    const provider = keep(
      await startTestProvider({ transport: network.join(testPeerRef(1)), number: 1 }),
    )
    const later = new AbortController()
    const second = client.jobs.auction(JOB_SPEC, {
      signal: later.signal,
      onBid: () => later.abort(new Error('changed it again')),
    })
    await expect(second).rejects.toThrow('changed it again')
    await eventually(() => provider.events.at(-1)!.kind === 'lost')
    const invalid = client.jobs.auction({ ...JOB_SPEC, lines: 0 })
    await expect(invalid).rejects.toMatchObject({ code: 'JOB_INVALID' })
  })
})
