/** Endpoints that are down, slow, lying, forked, lagging or replaying, in front of embedded chains over HTTP. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sleep } from '#node/async.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { agreeingReader } from '#settlement/chain/agreeing-reader.ts'
import { backoffMs, pacedFetch } from '#settlement/chain/paced-fetch.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { watchedReader } from '#settlement/chain/watched-reader.ts'
import * as limits from '#settlement/constants.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import type { DeepChainReader } from '#settlement/types.ts'
import { startCloseMessage, topUpMessage } from '#settlement/wallet/messages.ts'
import { callDev, type Network, startNetwork, TON } from './devchain-fixture.ts'

/** An endpoint that passes requests on and may change what comes back. */
class Gate {
  lie: (method: string, result: Record<string, unknown>) => unknown = (_method, result) => result
  fail: ((method: string) => Promise<Response> | undefined) | undefined
  requests = 0
  readonly access: ChainAccess

  constructor(access: ChainAccess) {
    const through: typeof fetch = async (input, init) => {
      this.requests++
      const { method } = JSON.parse(String(init?.body)) as { method: string }
      const failed = this.fail?.(method)
      if (failed !== undefined) return failed
      const answer = (await (await fetch(input, init)).json()) as { result: never }
      return Response.json({ ...answer, result: this.lie(method, answer.result) })
    }
    this.access = { ...access, fetch: through }
  }
}

const AGREE_ABOVE_NANO = 2n * TON
const DEPTH = 2

describe('a chain behind several endpoints', () => {
  let network: Network
  let gates: readonly [Gate, Gate, Gate]
  let readers: readonly DeepChainReader[]
  const reader = (count = 3) =>
    agreeingReader({
      readers: readers.slice(0, count),
      agreeAboveNano: AGREE_ABOVE_NANO,
      depthBlocks: DEPTH,
    })
  const address = () => channelAddress(network.terms)
  const mine = async (count: number) => {
    for (let at = 0; at < count; at++) await callDev(network.chain, 'dev_time', { addSeconds: 1 })
  }

  beforeAll(async () => {
    network = await startNetwork()
    await network.client.send([topUpMessage(network.terms, 5n * TON)])
    await mine(DEPTH + 3)
    await callDev(network.chain, 'dev_snapshot_save', { name: 'start' })
  })
  afterAll(() => network.chain.stop())
  afterEach(async () => {
    await callDev(network.chain, 'dev_snapshot_restore', { name: 'start' })
    // States before a restore are gone: they may never have been on this history.
    await mine(DEPTH + 3)
  })

  /** New memory of what was seen, for each test. */
  function open() {
    gates = [new Gate(network.access), new Gate(network.access), new Gate(network.access)]
    readers = gates.map((gate) => watchedReader(tonClientReader(gate.access), network.clock))
  }
  const raised = (_method: string, result: Record<string, unknown>) => {
    // The true block, with the state of an account that nobody paid into.
    return 'code' in result ? { ...result, state: 'uninitialized', code: '', data: '' } : result
  }
  const down = () => Promise.reject(new TypeError('fetch failed'))

  it('believes a large channel when all show the same, deep enough', async () => {
    open()
    const channel = await reader().channel(address())
    expect(channel).toMatchObject({ depositedNano: 5n * TON, closed: false })
    expect(gates.every(({ requests }) => requests > 0)).toBe(true)
  })

  it('does not count a deposit before it lies deep', async () => {
    open()
    await network.client.send([topUpMessage(network.terms, TON, false)])
    expect(await reader().channel(address())).toMatchObject({ depositedNano: 5n * TON })
    await mine(DEPTH)
    expect(await reader().channel(address())).toMatchObject({ depositedNano: 6n * TON })
  })

  it('counts a close at once, whichever endpoint shows it', async () => {
    open()
    await network.client.send([startCloseMessage(network.terms)])
    expect((await reader().channel(address()))?.closeAt).toBeGreaterThan(0)
  })

  it.each([0, 1, 2])('refuses when endpoint %s lies', async (liar) => {
    open()
    gates[liar]!.lie = liar === 0 ? (method, result) => lieDeep(method, result) : raised
    await expect(reader().channel(address())).rejects.toMatchObject({ code: 'CHAIN_DISAGREES' })
  })
  /** The first endpoint is asked for the newest state too; it lies about the past only. */
  function lieDeep(method: string, result: Record<string, unknown>) {
    const isPast =
      method === 'getAddressInformation' &&
      (result['block_id'] as { seqno: number }).seqno < network.chain.sizes().blocks
    return isPast ? raised(method, result) : result
  }

  it('asks one endpoint about a small channel, and the next when it is down', async () => {
    open()
    const small = agreeingReader({ readers, agreeAboveNano: 5n * TON, depthBlocks: DEPTH })
    expect(await small.channel(address())).toMatchObject({ depositedNano: 5n * TON })
    expect(gates[1].requests).toBe(0)
    gates[0].fail = down
    expect(await small.channel(address())).toMatchObject({ depositedNano: 5n * TON })
    expect(gates[1].requests).toBeGreaterThan(0)
  })

  it('goes on with two of three, and stops with one', async () => {
    open()
    gates[0].fail = down
    expect(await reader().channel(address())).toMatchObject({ depositedNano: 5n * TON })
    gates[2].fail = down
    await expect(reader().channel(address())).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
    gates[1].fail = down
    await expect(reader().latestBlock()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
  })

  it('gives up on an endpoint that never answers', async () => {
    open()
    const hung: ChainAccess = {
      ...network.access,
      timeoutSignal: () => AbortSignal.timeout(50),
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
    }
    const slow = watchedReader(tonClientReader(hung), network.clock)
    const both = agreeingReader({
      readers: [slow, ...readers.slice(1)],
      agreeAboveNano: 0n,
      depthBlocks: DEPTH,
    })
    expect(await both.channel(address())).toMatchObject({ depositedNano: 5n * TON })
  })

  it('refuses endpoints that follow different chains', async () => {
    open()
    const other = await startDevchain({
      port: 0,
      clock: network.clock,
      snapshot: await network.chain.snapshot(),
    })
    for (let at = 0; at < 6; at++) await callDev(other, 'dev_time', { addSeconds: 2 })
    await mine(6)
    const forked = tonClientReader({ ...network.access, endpoint: other.url })
    const both = agreeingReader({
      readers: [readers[0]!, watchedReader(forked, network.clock)],
      agreeAboveNano: 0n,
      depthBlocks: DEPTH,
    })
    await expect(both.channel(address())).rejects.toMatchObject({ code: 'CHAIN_DISAGREES' })
    await other.stop()
  })

  it('notices an endpoint that shows another block under a number it gave before', async () => {
    open()
    await readers[0]!.latestBlock()
    const { seqno } = await readers[0]!.latestBlock()
    gates[0].lie = (method, result) => {
      const id = result['id'] as object | undefined
      const root_hash = Buffer.alloc(32, 5).toString('base64')
      return method === 'getBlockHeader' ? { ...result, id: { ...id, root_hash } } : result
    }
    await expect(readers[0]!.block(seqno)).rejects.toMatchObject({ code: 'CHAIN_FORKED' })
  })

  it('notices a replay of older states: blocks that go back, or a newest block that is old', async () => {
    open()
    await mine(limits.CHAIN_WOBBLE_BLOCKS + 2)
    await readers[0]!.latestBlock()
    await callDev(network.chain, 'dev_faults', {
      rules: [{ fault: 'stale', blocks: limits.CHAIN_WOBBLE_BLOCKS + 1 }],
    })
    await expect(readers[0]!.latestBlock()).rejects.toMatchObject({ code: 'CHAIN_WENT_BACK' })
    await callDev(network.chain, 'dev_faults', { rules: [] })
    const later = { nowMs: () => network.clock.nowMs() + (limits.CHAIN_BEHIND_S_MAX + 60) * 1000 }
    const late = watchedReader(tonClientReader(gates[1].access), later)
    await expect(late.channel(address())).rejects.toMatchObject({ code: 'CHAIN_STALE' })
    expect((await reader(2).latestBlock()).seqno).toBeGreaterThan(0)
  })

  it('leaves out an endpoint that lags, and stops when only one keeps up', async () => {
    open()
    await mine(limits.CHAIN_LAG_BLOCKS_MAX + 2)
    const behind = limits.CHAIN_LAG_BLOCKS_MAX + 1
    gates[2].lie = (method, result) =>
      method === 'getMasterchainInfo' ? shifted(result, behind) : result
    expect(await reader().channel(address())).toMatchObject({ depositedNano: 5n * TON })
    gates[1].lie = gates[2].lie
    open2()
    await expect(reader().channel(address())).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
  })
  function open2() {
    readers = gates.map((gate) => watchedReader(tonClientReader(gate.access), network.clock))
  }
  function shifted(result: Record<string, unknown>, by: number) {
    const last = result['last'] as { seqno: number }
    return { ...result, last: { ...last, seqno: last.seqno - by } }
  }

  it('refuses an endpoint that reads another block than it was asked for', async () => {
    open()
    const { seqno } = await readers[0]!.latestBlock()
    gates[0].lie = (method, result) => {
      const block_id = { ...(result['block_id'] as object), seqno }
      return method === 'getAddressInformation' ? { ...result, block_id } : result
    }
    await expect(readers[0]!.channelAt(address(), seqno - 1)).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    })
  })

  it('is made of two endpoints of one network at least', () => {
    open()
    const options = { agreeAboveNano: 0n, depthBlocks: 1 }
    expect(() => agreeingReader({ ...options, readers: readers.slice(0, 1) })).toThrow(RangeError)
    const other = { ...readers[1]!, globalId: -239 }
    expect(() => agreeingReader({ ...options, readers: [readers[0]!, other] })).toThrow(RangeError)
  })
})

describe('the way to an endpoint', () => {
  const parts = () => {
    const pauses: number[] = []
    let nowMs = 0
    return {
      pauses,
      pace: {
        clock: { nowMs: () => nowMs },
        sleep: async (ms: number) => {
          pauses.push(ms)
          nowMs += ms
          await sleep(0)
        },
        random: () => 0.5,
        perSecond: 10,
        burst: 3,
      },
    }
  }

  it('lets a burst through, then so many a second', async () => {
    const { pace, pauses } = parts()
    const paced = pacedFetch({ ...pace, fetch: async () => new Response('ok') })
    await Promise.all(Array.from({ length: 8 }, () => paced('http://x')))
    expect(pauses).toHaveLength(5)
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(500)
  })

  it('tries again after 429 and lost connections with a growing pause, not after 500 or a send', async () => {
    for (const failing of [429, 502, 503, 504, 'lost'] as const) {
      const { pace, pauses } = parts()
      let tries = 0
      const paced = pacedFetch({
        ...pace,
        perSecond: Number.POSITIVE_INFINITY,
        fetch: async () => {
          tries++
          if (tries === limits.CHAIN_ATTEMPTS_MAX) return new Response('ok')
          if (failing === 'lost') throw new TypeError('fetch failed')
          return new Response('', { status: failing })
        },
      })
      expect((await paced('http://x', { body: '{}' })).status).toBe(200)
      expect(pauses).toEqual([limits.CHAIN_BACKOFF_MS / 2, limits.CHAIN_BACKOFF_MS])
    }
    let sends = 0
    const once = pacedFetch({
      ...parts().pace,
      fetch: async () => {
        sends++
        return new Response('', { status: 503 })
      },
    })
    const body = JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'sendBoc', params: {} })
    expect((await once('http://x', { body })).status).toBe(503)
    expect(sends).toBe(1)
  })

  it('never pauses longer than its limit, and refuses a queue that grows', async () => {
    expect(backoffMs(60, 0.999)).toBeLessThanOrEqual(limits.CHAIN_BACKOFF_MS_MAX)
    expect(backoffMs(1, 0)).toBe(0)
    const { pace } = parts()
    const never = pacedFetch({
      ...pace,
      burst: 0,
      sleep: () => new Promise(() => undefined),
      fetch,
    })
    const waiting = Array.from({ length: limits.CHAIN_WAITING_MAX }, () => never('http://x'))
    await expect(never('http://x')).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
    expect(waiting).toHaveLength(limits.CHAIN_WAITING_MAX)
  })
})
