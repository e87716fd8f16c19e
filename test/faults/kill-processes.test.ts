/**
 * Provider, client, chain endpoint and first peer as processes, killed with SIGKILL at a moment of either
 * side: in answers, while a channel is funded, while it is closed together or alone. LONG=1 takes every
 * moment that the code knows, for every victim; the short form some of each kind.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enumeratedPoints, NOT_REACHED } from '../support/fault-points.ts'
import {
  FaultProcesses,
  PROCESS_LIVES,
  PROCESS_VICTIMS,
  type ProcessLife,
  type ProcessVictim,
} from '../support/fault-process-life.ts'

const LONG = process.env['LONG'] === '1'

type Point = readonly [ProcessLife, string]

/** A process takes seconds to come back: all other steps are ended in one process, by kill-points. */
const SHORT: Readonly<Record<ProcessVictim, readonly Point[]>> = {
  provider: [
    ['warm', 'provider sent tokens'],
    ['together', 'provider sends close-auth'],
  ],
  client: [
    ['together', 'client transacted topUp'],
    ['warm', 'client committed'],
  ],
  chain: [['together', 'client transacts coopClose']],
  first: [['warm', 'client sent allocate']],
}

let processes: FaultProcesses
beforeAll(async () => {
  processes = await FaultProcesses.start()
}, 120_000)
afterAll(() => processes.stop())

/** Each point in the first life that reaches it. */
const everyPoint: Point[] = []

test.runIf(LONG)('every moment that the code knows is reached by processes', async () => {
  for (const life of PROCESS_LIVES) {
    const known = new Set(everyPoint.map(([, point]) => point))
    const news = (await processes.visitsOf(life)).filter((point) => !known.has(point))
    everyPoint.push(...news.map((point) => [life, point] as const))
  }
  const reached = new Set(everyPoint.map(([, point]) => point))
  const missed = enumeratedPoints().filter((point) => !(point in NOT_REACHED))
  expect(missed.filter((point) => !reached.has(point))).toEqual([])
})

describe.each(PROCESS_VICTIMS)('%s killed', (victim) => {
  if (LONG) {
    test('at every moment', { timeout: 3_600_000 }, async () => {
      const failed: string[] = []
      for (const [life, point] of everyPoint) {
        if (point in NOT_REACHED) continue
        await processes.endAt(life, victim, point).catch(async (error: unknown) => {
          failed.push(`${life}, ${point}: ${String(error)}`)
          await processes.stop()
          processes = await FaultProcesses.start()
        })
      }
      expect(failed).toEqual([])
    })
  } else {
    test.each(SHORT[victim])('in the life %s: %s', { timeout: 120_000 }, (life, point) =>
      processes.endAt(life, victim, point),
    )
  }
})
