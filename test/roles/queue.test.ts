/** Requests that wait for a slot of a provider: who goes first, who is told what, and when silence is silence. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { QUEUE_PRIORITY_MAX } from '#inference/constants.ts'
import type { GenerateRequest } from '#inference/engine.ts'
import {
  PRIORITY_ZERO_NANO,
  PROVIDER_SILENCE_MS,
  QUEUE_NOTICE_MS,
  QUEUE_WAIT_MAX_MS,
} from '#node/roles/constants.ts'
import { QueueNotices } from '#node/roles/provider/queue-notices.ts'
import { queuePriority } from '#node/roles/provider/queue-priority.ts'
import { QUEUED_AHEAD_MAX } from '#protocol/constants.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())
afterEach(() => vi.useRealTimers())

const prices = (completionNanoPerMtok: bigint) => ({ ...PRICES, completionNanoPerMtok })

describe('priority by price', () => {
  it('rises by one for each doubling, from nothing to the highest', () => {
    const table = Array.from({ length: 13 }, (_, doublings) =>
      queuePriority(prices(PRIORITY_ZERO_NANO << BigInt(doublings))),
    )
    expect(table).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10])
    expect(queuePriority(prices(0n))).toBe(0)
    expect(queuePriority(prices(2n * PRIORITY_ZERO_NANO - 1n))).toBe(0)
  })

  it('never puts who pays less before who pays more, at any price', () => {
    const price = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(price, price, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        expect(queuePriority(prices(less))).toBeLessThanOrEqual(queuePriority(prices(more)))
        expect(queuePriority(prices(more))).toBeLessThanOrEqual(QUEUE_PRIORITY_MAX)
      }),
    )
  })
})

describe('notices to who waits', () => {
  const watch = () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    const told: number[] = []
    const notices = new QueueNotices({ nowMs: () => Date.now() }, (ahead) => told.push(ahead))
    return { told, notices }
  }

  it('come at once and then at every interval, with the place of that moment, until the turn', () => {
    const { told, notices } = watch()
    notices.moved(3)
    expect(told).toEqual([3])
    notices.moved(2)
    notices.moved(1)
    expect(told, 'a queue that moves fast is no flood').toEqual([3])
    vi.advanceTimersByTime(QUEUE_NOTICE_MS + 1)
    expect(told).toEqual([3, 1])
    vi.advanceTimersByTime(QUEUE_NOTICE_MS + 1)
    expect(told).toEqual([3, 1, 1])
    notices.moved(undefined)
    vi.advanceTimersByTime(10 * QUEUE_NOTICE_MS)
    expect(told).toEqual([3, 1, 1])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('come often enough that none of them may be lost twice, and fit the wire', () => {
    expect(3 * QUEUE_NOTICE_MS).toBeLessThan(PROVIDER_SILENCE_MS)
    const { told, notices } = watch()
    notices.moved(QUEUED_AHEAD_MAX + 1)
    notices.moved(undefined)
    expect(told).toEqual([QUEUED_AHEAD_MAX])
  })
})

/** Keeps the one slot busy until it is let go: its reader takes the first piece and no more. */
async function holdSlot(client: TestClient) {
  const answer = client.chatEvents({ maxTokens: 400 })[Symbol.asyncIterator]()
  for (;;) {
    const { value } = await answer.next()
    if (value?.kind === 'text') return answer
  }
}

test('a request in the queue hears its place, keeps its provider, and is answered in its turn', async () => {
  const provider = await TestProvider.start(network, 'one slot', { slotsTotal: 1 })
  const requests: GenerateRequest[] = []
  const { generate } = provider.engine
  Object.assign(provider.engine, {
    generate(request: GenerateRequest) {
      requests.push(request)
      return generate(request)
    },
  })
  const [holder, second, third] = await Promise.all(
    ['holds the slot', 'is second', 'is third'].map((name) =>
      TestClient.start(network, name, [provider]),
    ),
  )
  const held = await holdSlot(holder!)
  const order: string[] = []
  const secondAnswer = second!.chat().finally(() => order.push('second'))
  await eventually(() => provider.engine.load().queued === 1)
  const thirdAnswer = third!.chat().finally(() => order.push('third'))
  await eventually(() => placesOf(third!).length > 0)
  expect(placesOf(second!)[0]).toBe(0)
  expect(placesOf(third!)[0]).toBe(1)
  expect(placesOf(holder!)).toEqual([])

  await held.return?.(undefined)
  const answers = await Promise.all([secondAnswer, thirdAnswer])
  expect(answers.map(({ provider: by }) => by)).toEqual([provider.identity, provider.identity])
  expect(order).toEqual(['second', 'third'])
  for (const { priority, queueTimeoutMs } of requests) {
    expect({ priority, queueTimeoutMs }).toEqual({
      priority: queuePriority(PRICES),
      queueTimeoutMs: QUEUE_WAIT_MAX_MS,
    })
  }
  for (const client of [holder!, second!, third!]) {
    expect(client.codes).toEqual([])
    await client.stop()
  }
  await provider.stop()
})

function placesOf(client: TestClient): number[] {
  return client.events.flatMap((event) => (event.kind === 'queued' ? [event.ahead] : []))
}
