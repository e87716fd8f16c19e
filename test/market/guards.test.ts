/** Small parts of the services: rates, measurements, waiting, and questions nobody answers. */
import { describe, expect, it } from 'vitest'
import { ask } from '#node/market/ask.ts'
import { AUTHOR_RECORDS_MAX, AUTHOR_WINDOW_MS, MEASUREMENTS_MAX } from '#node/market/constants.ts'
import { AuthorRate, verdictOf } from '#node/market/gossip-guard.ts'
import { Measurements } from '#node/market/measurements.ts'
import { doubling, forEachLimited, pause } from '#node/market/timing.ts'
import { createMemoryNetwork } from '../support/memory-transport.ts'
import { testPeerRef } from '../support/test-peers.ts'

describe('author rate', () => {
  it('stops one author, not the others, and forgives with the next window', () => {
    const rate = new AuthorRate()
    for (let at = 0; at < AUTHOR_RECORDS_MAX; at += 1) expect(rate.allows('a', 1_000)).toBe(true)
    expect(rate.allows('a', 1_001)).toBe(false)
    expect(rate.allows('b', 1_001)).toBe(true)
    expect(rate.allows('a', 1_000 + AUTHOR_WINDOW_MS)).toBe(true)
  })

  it('blames for what nothing honest looks like, and only for that', () => {
    const blamed = ['too-large', 'malformed', 'altered', 'wrong-network', 'too-long-lived'] as const
    const excused = [
      'version',
      'future',
      'expired',
      'replayed',
      'older',
      'too-many',
      'unfit',
    ] as const
    expect(new Set(blamed.map(verdictOf))).toEqual(new Set(['reject']))
    expect(new Set(excused.map(verdictOf))).toEqual(new Set(['ignore']))
  })
})

describe('measurements', () => {
  it('smooth latency, count failures in a row, forgive on success, and stay bounded', () => {
    let nowMs = 5_000
    const measurements = new Measurements({ nowMs: () => nowMs })
    measurements.recordLatency('a', 100)
    measurements.recordLatency('a', 200)
    expect(measurements.latencyMs('a')).toBeCloseTo(130)
    measurements.recordFailure('a')
    nowMs = 6_000
    measurements.recordFailure('a')
    expect(measurements.all.get('a')).toMatchObject({ failures: 2, lastFailureMs: 6_000 })
    measurements.recordSuccess('a')
    expect(measurements.all.get('a')).toMatchObject({ failures: 0 })
    for (let at = 0; at < MEASUREMENTS_MAX; at += 1) measurements.recordFailure(`p${at}`)
    expect(measurements.all.size).toBe(MEASUREMENTS_MAX)
    expect(measurements.all.has('a')).toBe(false)
  })
})

describe('timing', () => {
  it('doubles up to the longest, ends a pause at once, and limits what runs at the same time', async () => {
    const pauses = doubling(250, 1_000)
    expect([1, 2, 3, 4].map(() => pauses.next().value)).toEqual([250, 500, 1_000, 1_000])
    expect(await pause(60_000, AbortSignal.abort())).toBe(false)
    let running = 0
    let most = 0
    const done: number[] = []
    await forEachLimited([1, 2, 3, 4, 5, 6], 2, async (item) => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      if (item === 3) throw new Error('one failure stops nobody')
      done.push(item)
    })
    expect(most).toBe(2)
    expect(done.sort()).toEqual([1, 2, 4, 5, 6])
  })
})

describe('asking', () => {
  const connect = async (handler: Parameters<ReturnType<typeof join>['handle']>[1]) => {
    const network = createMemoryNetwork()
    const [client, server] = [network.join(testPeerRef(0)), network.join(testPeerRef(1))]
    await server.handle('/ask/1', handler)
    return (options: { signal?: AbortSignal } = {}) =>
      ask(client, server.self.peerId, '/ask/1', new Uint8Array(3), {
        ...{ ...options, answerBytesMax: 100 },
      })
  }

  it('gives up when told to, and refuses no answer and too long a one', async () => {
    const abort = new AbortController()
    const silent = await connect(async (stream) => {
      abort.abort()
      await stream.receive()
      await stream.receive().catch(() => undefined)
      await new Promise(() => undefined)
    })
    await expect(silent({ signal: abort.signal })).rejects.toMatchObject({ code: 'ASK_ABORTED' })
    const empty = await connect(async () => undefined)
    await expect(empty()).rejects.toMatchObject({ code: 'ANSWER_MISSING' })
    const long = await connect((stream) => stream.send(new Uint8Array(101)))
    await expect(long()).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' })
  })
})

function join() {
  return createMemoryNetwork().join(testPeerRef(9))
}
