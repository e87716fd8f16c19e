/** Times functions on a machine that does other things too: many short rounds, tasks taking turns in each. */

export interface Timing {
  /** Milliseconds of one call, by round. */
  readonly roundsMs: readonly number[]
}

const ROUNDS = 100
/** Short, so that some rounds are not interrupted even on a machine with ten times as much to do. */
const ROUND_MS = 2

function timeCalls(task: () => unknown, calls: number): number {
  const startMs = performance.now()
  for (let call = 0; call < calls; call++) task()
  return (performance.now() - startMs) / calls
}

/** Calls that fill a round, found while the code warms up. */
function warmUp(task: () => unknown): number {
  const endMs = performance.now() + 5 * ROUND_MS
  let calls = 0
  while (performance.now() < endMs || calls < 8) {
    task()
    calls++
  }
  return Math.max(1, Math.round(calls / 5))
}

/** Tasks are timed in turns, so that whatever slows one round slows all of them. */
export function measure<Name extends string>(
  tasks: Readonly<Record<Name, () => unknown>>,
): Readonly<Record<Name, Timing>> {
  const names = Object.keys(tasks) as Name[]
  const calls = new Map(names.map((name) => [name, warmUp(tasks[name])]))
  const rounds = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) rounds.get(name)?.push(timeCalls(tasks[name], calls.get(name) ?? 1))
  }
  const timed = names.map((name) => [name, { roundsMs: rounds.get(name) ?? [] }])
  return Object.fromEntries(timed) as Record<Name, Timing>
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

export function spreadOf({ roundsMs }: Timing) {
  return { min: Math.min(...roundsMs), median: medianOf(roundsMs), max: Math.max(...roundsMs) }
}

/** Of the fastest rounds: on a busy machine they alone say what the code itself costs. */
export function ratioOf(ours: Timing, theirs: Timing): number {
  return spreadOf(ours).min / spreadOf(theirs).min
}
