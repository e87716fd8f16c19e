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

/** Each is a test of its own in the long form. */
const POINTS = enumeratedPoints().filter((point) => !(point in NOT_REACHED))

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
}, 300_000)
afterAll(() => processes.stop())

/** The first life that reaches each point. */
const lifeOf = new Map<string, ProcessLife>()

test.runIf(LONG)(
  'every moment that the code knows is reached by processes',
  { timeout: 600_000 },
  async () => {
    for (const life of PROCESS_LIVES) {
      for (const point of await processes.visitsOf(life)) {
        if (!lifeOf.has(point)) lifeOf.set(point, life)
      }
    }
    expect(POINTS.filter((point) => !lifeOf.has(point))).toEqual([])
  },
)

/** A run that failed leaves its processes anywhere: the next point begins with new ones. */
async function endAt(life: ProcessLife, victim: ProcessVictim, point: string): Promise<void> {
  await processes.endAt(life, victim, point).catch(async (error: unknown) => {
    await processes.stop()
    processes = await FaultProcesses.start()
    throw error
  })
}

describe.each(PROCESS_VICTIMS)('%s killed', (victim) => {
  if (LONG) {
    test.each(POINTS)('at %s', { timeout: 300_000 }, async (point) => {
      const life = lifeOf.get(point)
      if (life === undefined) throw new Error('no life came there: run the whole file')
      await endAt(life, victim, point)
    })
  } else {
    test.each(SHORT[victim])('in the life %s: %s', { timeout: 300_000 }, (life, point) =>
      endAt(life, victim, point),
    )
  }
})
