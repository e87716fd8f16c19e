/** How much slower than a quiet machine this one is right now: for tests of promises in seconds. */
import { createHash } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'

const ROUNDS = 400
const BYTES = new Uint8Array(64 * 1024)
/** What the rounds take on a slow core that has nothing else to do. */
const QUIET_MS = 60

/** 1 on a machine that has nothing else to do, more where others compute or less of a core is given. */
export function slowness(): number {
  const startedMs = performance.now()
  for (let round = 0; round < ROUNDS; round++) createHash('sha256').update(BYTES).digest()
  const measured = (performance.now() - startedMs) / QUIET_MS
  return Math.max(1, measured, (loadavg()[0] ?? 0) / availableParallelism())
}
