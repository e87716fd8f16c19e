/** Requests that wait for a slot of a provider: who goes first, who is told what, and when silence is silence. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { QUEUE_PRIORITY_MAX } from '#inference/constants.ts'
import type { GenerateRequest } from '#inference/engine.ts'
import { ClientRequest, type ClientRequestComponents } from '#node/roles/client/request.ts'
import {
  PRIORITY_ZERO_NANO,
  PROVIDER_SILENCE_MS,
  QUEUE_NOTICE_MS,
  QUEUE_WAIT_MAX_MS,
} from '#node/roles/constants.ts'
import type { NodeEventBody } from '#node/roles/events.ts'
import { QueueNotices } from '#node/roles/provider/queue-notices.ts'
import { queuePriority } from '#node/roles/provider/queue-priority.ts'
import { QUEUED_AHEAD_MAX } from '#protocol/constants.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { errorCode } from '../support/error-code.ts'
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

describe('a client whose request waits', () => {
  /** A request that was sent, with nothing behind it but a clock in the test's hand. */
  function sent() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    const places: number[] = []
    const stalled = vi.fn()
    const pay = { mayAllocate: true }
    const desk = { address: '0:00', allocate: () => undefined, state: { best: { amountNano: 0n } } }
    const parts = {
      ...{ crypto, desk, prices: PRICES, keptUnits: 0, onStalled: stalled },
      clock: { nowMs: () => Date.now() },
      emit: (event: NodeEventBody) => event.kind === 'queued' && places.push(event.ahead),
      send: () => undefined,
      keepSalts: () => undefined,
      mayAllocate: () => pay.mayAllocate,
    }
    const nothing = new Uint8Array(0)
    const request = new ClientRequest(
      parts as unknown as ClientRequestComponents,
      {
        ...{ body: nothing, requestSalt: nothing, responseSalt: nothing, previous: nothing },
        ...{ promptTokens: 40, resumeTokenIds: [] },
      },
      { completionTokensMax: 10, vocabularySize: 100, topLogprobs: undefined },
    )
    request.start()
    return { request, places, stalled, pay }
  }

  it('takes its place for a sign of life, and silence for silence', () => {
    const { request, places, stalled } = sent()
    for (let ahead = 9; ahead >= 0; ahead--) {
      vi.advanceTimersByTime(QUEUE_NOTICE_MS)
      request.receive({ kind: 'queued', ahead: ahead >> 1 })
    }
    expect(10 * QUEUE_NOTICE_MS).toBeGreaterThan(PROVIDER_SILENCE_MS)
    expect(stalled).not.toHaveBeenCalled()
    expect(request.isQueued).toBe(true)
    expect(places, 'each place is told once').toEqual([4, 3, 2, 1, 0])
    vi.advanceTimersByTime(PROVIDER_SILENCE_MS + 1)
    expect(stalled).toHaveBeenCalledOnce()
  })

  it('gives up on a provider that lets it wait for ever', () => {
    const { request, stalled } = sent()
    let waitedMs = 0
    while (stalled.mock.calls.length === 0 && waitedMs < 10 * QUEUE_WAIT_MAX_MS) {
      vi.advanceTimersByTime(QUEUE_NOTICE_MS)
      waitedMs += QUEUE_NOTICE_MS
      request.receive({ kind: 'queued', ahead: 0 })
    }
    expect(waitedMs).toBeGreaterThan(QUEUE_WAIT_MAX_MS)
    expect(waitedMs).toBeLessThan(QUEUE_WAIT_MAX_MS + 2 * PROVIDER_SILENCE_MS)
  })

  it('does not call silent whom it does not pay yet, because other answers come first', () => {
    const { request, stalled, pay } = sent()
    pay.mayAllocate = false
    request.receive({ kind: 'tokens', tokens: { ids: [], promptTokensDone: 16 } })
    vi.advanceTimersByTime(2 * PROVIDER_SILENCE_MS)
    expect(stalled).not.toHaveBeenCalled()
    pay.mayAllocate = true
    request.payOwed()
    vi.advanceTimersByTime(PROVIDER_SILENCE_MS + 1)
    expect(stalled, 'paid, and silent').toHaveBeenCalledOnce()
  })

  it('is not put back into the queue once its work began', () => {
    const { request } = sent()
    request.receive({ kind: 'queued', ahead: 0 })
    request.receive({ kind: 'tokens', tokens: { ids: [], promptTokensDone: 8 } })
    expect(request.isQueued).toBe(false)
    const again = errorCode(() => request.receive({ kind: 'queued', ahead: 0 }))
    expect(again).toBe('SESSION_OUT_OF_ORDER')
  })
})

test('a request in the queue hears its place, keeps its provider, and is answered in its turn', async () => {
  const provider = await TestProvider.start(network, 'one slot', { slotsTotal: 1 })
  const requests: GenerateRequest[] = []
  const letGo = Promise.withResolvers<void>()
  const { generate } = provider.engine
  Object.assign(provider.engine, {
    /** The first answer keeps the slot after its first token: nobody takes more of it from the engine. */
    async *generate(request: GenerateRequest) {
      const isFirst = requests.push(request) === 1
      for await (const event of generate(request)) {
        yield event
        if (isFirst && event.kind === 'token') await letGo.promise
      }
    },
  })
  const names = ['holds the slot', 'is second', 'is third']
  const clients = await Promise.all(
    names.map((name) => TestClient.start(network, name, [provider])),
  )
  for (const client of clients) await client.sessions.get(client.target(provider))
  const [holder, second, third] = clients as [TestClient, TestClient, TestClient]
  const held = holder.chat({ maxTokens: 100 }).catch(() => undefined)
  await eventually(() => provider.engine.load().active === 1)
  const order: string[] = []
  const secondAnswer = second.chat().finally(() => order.push('second'))
  await eventually(() => placesOf(second).length > 0)
  const thirdAnswer = third.chat().finally(() => order.push('third'))
  await eventually(() => placesOf(third).length > 0)
  expect(placesOf(second)[0]).toBe(0)
  expect(placesOf(third)[0]).toBe(1)
  expect(placesOf(holder)).toEqual([])

  letGo.resolve()
  await held
  const answers = await Promise.all([secondAnswer, thirdAnswer])
  expect(answers.map(({ provider: by }) => by)).toEqual([provider.identity, provider.identity])
  expect(order).toEqual(['second', 'third'])
  expect(requests).toHaveLength(3)
  for (const { priority, queueTimeoutMs } of requests) {
    expect({ priority, queueTimeoutMs }).toEqual({
      priority: queuePriority(PRICES),
      queueTimeoutMs: QUEUE_WAIT_MAX_MS,
    })
  }
  expect([...second.codes, ...third.codes]).toEqual([])
  for (const client of clients) await client.stop()
  await provider.stop()
})

function placesOf(client: TestClient): number[] {
  return client.events.flatMap((event) => (event.kind === 'queued' ? [event.ahead] : []))
}
