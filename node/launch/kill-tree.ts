/** Ends processes with everything that descends from them. */
import { LAUNCH_KILL_ROUNDS_MAX } from './constants.ts'
import { processFacts, processTree } from './process-tree.ts'

export interface ProcessName {
  readonly id: number
  /** Clock ticks from boot to its start, so that a later process of this number is left alone. */
  readonly startTicks: string
}

/**
 * SIGKILL for the whole tree until nothing of it is there. Where the process is gone, those in its session are
 * ended, whose number nobody else gets while there are any.
 */
export function killTree(root: ProcessName): Promise<void> {
  return killAll(async () => {
    const facts = await processFacts(root.id)
    if (facts !== undefined && facts.startTicks !== root.startTicks) return []
    return [...(await processTree(root.id))]
  })
}

/** The same for all that this process started or adopted, and not for itself. */
export function killDescendants(): Promise<void> {
  return killAll(async () =>
    [...(await processTree(process.pid))].filter((id) => id !== process.pid),
  )
}

/** To the process group that this process leads; it may be gone. */
export function sendGroup(leaderId: number, signal: NodeJS.Signals): void {
  send(-leaderId, signal)
}

/** What is started during one look is found in the next. One that a driver holds in the kernel dies later. */
async function killAll(look: () => Promise<readonly number[]>): Promise<void> {
  for (let round = 0; round < LAUNCH_KILL_ROUNDS_MAX; round++) {
    const found = await look()
    if (found.length === 0) return
    for (const processId of found) send(processId, 'SIGKILL')
  }
}

function send(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal)
  } catch {
    // It ended before.
  }
}
