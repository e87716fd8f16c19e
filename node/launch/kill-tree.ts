/** Ends a process with everything that descends from it. */
import { processFacts, processTree } from './process-tree.ts'

export interface ProcessName {
  readonly id: number
  /** Clock ticks from boot to its start, so that a later process of this number is left alone. */
  readonly startTicks: string
}

/**
 * SIGKILL for the whole tree, twice: what was started during the first look is found in the second. Where the
 * process is gone, those in its session are ended, whose number nobody else gets while there are any.
 */
export async function killTree(root: ProcessName): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const facts = await processFacts(root.id)
    if (facts !== undefined && facts.startTicks !== root.startTicks) return
    for (const processId of await processTree(root.id)) send(processId, 'SIGKILL')
  }
}

/** To the process group that this process leads; it may be gone. */
export function sendGroup(leaderId: number, signal: NodeJS.Signals): void {
  send(-leaderId, signal)
}

function send(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal)
  } catch {
    // It ended before.
  }
}
