/** Who waits, for how long, and who is next. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ENGINE_QUEUE_MAX, QUEUE_AGEING_MS, QUEUE_PRIORITY_MAX } from '#inference/constants.ts'
import { FairQueue } from '#inference/decoding/fair-queue.ts'
import { RequestDesk } from '#inference/decoding/request-desk.ts'
import type { GenerateRequest } from '#inference/engine.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'

const never = Number.POSITIVE_INFINITY

describe('fair queue', () => {
  it('takes who pays more first, and who came first among equals', () => {
    const queue = new FairQueue<string>()
    const places = { early: 0, rich: 3, late: 0, richest: 4 }
    for (const [item, priority] of Object.entries(places)) {
      queue.add(item, { priority, sinceMs: 0, deadlineMs: never })
    }
    const order = Array.from({ length: 5 }, () => queue.takeNext())
    expect(order).toEqual(['richest', 'rich', 'early', 'late', undefined])
  })

  it('lets nobody overtake who has waited for the whole range of priorities', () => {
    const queue = new FairQueue<string>()
    queue.add('poor', { priority: 0, sinceMs: 0, deadlineMs: never })
    const richAt = (sinceMs: number) =>
      queue.add(`rich at ${sinceMs}`, { priority: QUEUE_PRIORITY_MAX, sinceMs, deadlineMs: never })
    const spanMs = QUEUE_PRIORITY_MAX * QUEUE_AGEING_MS
    richAt(spanMs - 1)
    richAt(spanMs + 1)
    expect(queue.takeNext()).toBe(`rich at ${spanMs - 1}`)
    expect(queue.takeNext()).toBe('poor')
  })

  it('agrees with sorting by what was waited and paid, whatever comes and goes', () => {
    const place = fc.record({
      priority: fc.integer({ min: 0, max: QUEUE_PRIORITY_MAX }),
      sinceMs: fc.integer({ min: 0, max: 50_000 }),
      deadlineMs: fc.integer({ min: 0, max: 100_000 }),
    })
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), fc.nat(100_000), (places, nowMs) => {
        const queue = new FairQueue<number>()
        for (const [item, each] of places.entries()) queue.add(item, each)
        const expired = queue.takeExpired(nowMs)
        const scoreOf = (item: number) => {
          const { priority, sinceMs } = places[item]!
          return priority + (nowMs - sinceMs) / QUEUE_AGEING_MS
        }
        const all = places.map((_, item) => item)
        expect(expired).toEqual(all.filter((item) => places[item]!.deadlineMs <= nowMs))
        const waiting = all.filter((item) => !expired.includes(item))
        expect(queue.length).toBe(waiting.length)
        const deadlines = waiting.map((item) => places[item]!.deadlineMs)
        expect(queue.nextDeadlineMs).toBe(Math.min(never, ...deadlines))
        for (let next = queue.takeNext(); next !== undefined; next = queue.takeNext()) {
          const best = Math.max(...waiting.map(scoreOf))
          expect(scoreOf(next)).toBeCloseTo(best, 6)
          waiting.splice(waiting.indexOf(next), 1)
        }
        expect(waiting).toEqual([])
      }),
    )
  })
})

describe('request desk', () => {
  const request = (parts: Partial<GenerateRequest> = {}): GenerateRequest => ({
    promptTokenIds: [1, 2],
    resumeTokenIds: [],
    maxTokens: 1,
    sampling: { temperature: 0, topP: 1, seed: 0n },
    stop: [],
    signal: new AbortController().signal,
    ...parts,
  })

  /** One slot, a clock in the test's hand, and a backend that does nothing by itself. */
  function openDesk() {
    let nowMs = 0
    let ring: ((isClockBehind: boolean) => void) | undefined
    const started: number[] = []
    const desk = new RequestDesk(
      { vocabularySize: 10, contextTokens: 100, slotsTotal: 1 },
      { start: (id) => started.push(id), credit: () => {}, cancel: () => {} },
      {
        clock: { nowMs: () => nowMs },
        alarm: (delayMs, callback) => {
          const atMs = nowMs + delayMs
          ring = (isClockBehind) => {
            if (isClockBehind || nowMs >= atMs) callback()
          }
          return () => {
            ring = undefined
          }
        },
      },
    )
    const ask = (parts?: Partial<GenerateRequest>) =>
      collect(desk.generate(request(parts))).catch((thrown: unknown) => thrown)
    return {
      desk,
      started,
      ask,
      pass: (ms: number) => {
        nowMs += ms
        ring?.(false)
      },
      /** So much time is over by the alarm, while the clock says something else. */
      ringWithClockAt: (ms: number) => {
        nowMs = ms
        ring?.(true)
      },
    }
  }

  it('starts who pays more first, when a slot is free', async () => {
    const { desk, started, ask } = openDesk()
    const asked = [ask(), ask({ priority: 0 }), ask({ priority: 2 }), ask({ priority: 1 })]
    await Promise.resolve()
    for (const id of [1, 3, 4, 2]) {
      expect(started.at(-1)).toBe(id)
      desk.deliver(id, { kind: 'end', finish: 'stop' })
    }
    for (const answer of await Promise.all(asked)) expect(answer).toHaveLength(1)
  })

  it('tells everybody who waits how many go first, whenever that changes, and when it is over', async () => {
    const { desk, ask, pass } = openDesk()
    const told: Record<string, (number | undefined)[]> = {}
    const watched = (name: string, parts: Partial<GenerateRequest> = {}) => {
      const places: (number | undefined)[] = []
      told[name] = places
      return ask({ ...parts, onQueue: (ahead) => places.push(ahead) })
    }
    const leaves = new AbortController()
    const asked = [
      watched('at once'),
      watched('poor'),
      watched('rich', { priority: 3 }),
      watched('hasty', { queueTimeoutMs: 50 }),
      watched('leaves', { signal: leaves.signal }),
      watched('last'),
    ]
    await Promise.resolve()
    pass(50)
    leaves.abort()
    for (const id of [1, 3, 2]) desk.deliver(id, { kind: 'end', finish: 'stop' })
    desk.failAll(new UnavailableError('ENGINE_CRASHED', 'gone'))
    await Promise.all(asked)
    expect(told).toEqual({
      'at once': [],
      poor: [0, 1, 0, undefined],
      rich: [0, undefined],
      hasty: [2, undefined],
      leaves: [3, 2, undefined],
      last: [4, 3, 2, 1, 0, undefined],
    })
  })

  it('tells who waited too long, by the alarm, and starts nobody else for it', async () => {
    const { desk, started, ask, pass } = openDesk()
    const first = ask()
    const hasty = ask({ queueTimeoutMs: 50 })
    const patient = ask({ queueTimeoutMs: 80 })
    await Promise.resolve()
    pass(49)
    expect(desk.load()).toEqual({ active: 1, queued: 2 })
    pass(1)
    expect(await hasty).toMatchObject({ kind: 'unavailable', code: 'QUEUE_DEADLINE' })
    expect(desk.load()).toEqual({ active: 1, queued: 1 })
    expect(started).toEqual([1])
    desk.deliver(1, { kind: 'end', finish: 'stop' })
    pass(1_000)
    desk.deliver(3, { kind: 'end', finish: 'stop' })
    expect(await first).toHaveLength(1)
    expect(await patient, 'a deadline is of waiting, not of the work').toHaveLength(1)
  })

  it('believes the alarm where the clock was set back or is a little behind it', async () => {
    for (const clockAtMs of [49, -3_600_000]) {
      const { desk, ask, ringWithClockAt } = openDesk()
      void ask()
      const hasty = ask({ queueTimeoutMs: 50 })
      void ask({ queueTimeoutMs: 80 })
      await Promise.resolve()
      ringWithClockAt(clockAtMs)
      expect(desk.load()).toEqual({ active: 1, queued: 1 })
      expect(await hasty).toMatchObject({ code: 'QUEUE_DEADLINE' })
    }
  })

  it('answers each of 10,000 at once, and keeps no more than the queue may hold', async () => {
    const { desk, ask, pass } = openDesk()
    const all = Array.from({ length: 10_000 }, (_, at) =>
      ask({ queueTimeoutMs: 100, priority: at % (QUEUE_PRIORITY_MAX + 1) }),
    )
    await Promise.resolve()
    expect(desk.load()).toEqual({ active: 1, queued: ENGINE_QUEUE_MAX })
    pass(100)
    desk.deliver(1, { kind: 'end', finish: 'stop' })
    const codes = new Map<string, number>()
    for (const answer of await Promise.all(all)) {
      const code = Array.isArray(answer) ? 'answered' : (answer as { code: string }).code
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    expect(Object.fromEntries(codes)).toEqual({
      answered: 1,
      QUEUE_DEADLINE: ENGINE_QUEUE_MAX,
      ENGINE_BUSY: 10_000 - 1 - ENGINE_QUEUE_MAX,
    })
    expect(desk.load()).toEqual({ active: 0, queued: 0 })
  })

  it('refuses a place in the queue that is none', async () => {
    const { ask } = openDesk()
    for (const parts of [{ priority: -1 }, { priority: 11 }, { queueTimeoutMs: -1 }]) {
      expect(await ask(parts)).toMatchObject({ code: 'SAMPLING_OUT_OF_RANGE' })
    }
  })
})
