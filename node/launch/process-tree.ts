/**
 * Who descends from a process, and which sockets these hold, as the kernel says it under /proc (proc(5)). Only
 * facts that a process cannot write about itself are used: parents, sessions, open files.
 */
import { readdir, readFile, readlink } from 'node:fs/promises'

export interface ProcessFacts {
  readonly parentId: number
  readonly sessionId: number
  /** Clock ticks from boot to its start: tells it from a later process of the same number. */
  readonly startTicks: string
}

/** There is none of this number, it ended while it was read, or it is somebody's whose processes are hidden. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

/**
 * Undefined: there is no such process.
 * @throws Error where the kernel cannot say: whoever is taken for gone loses its folder and its server
 */
export async function processFacts(processId: number): Promise<ProcessFacts | undefined> {
  const reading = readFile(`/proc/${processId}/stat`, 'utf8')
  const text = await reading.catch((thrown: NodeJS.ErrnoException) => {
    if (GONE.has(thrown.code)) return undefined
    throw thrown
  })
  // The name stands in parentheses and may hold anything, also parentheses.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parentId, , sessionId] = fields ?? []
  const startTicks = fields?.[19]
  if (state === undefined || startTicks === undefined || state === 'Z') return undefined
  return { parentId: Number(parentId), sessionId: Number(sessionId), startTicks }
}

/** The process, its descendants, and whoever is in the session that it leads. Zombies are left out. */
export async function processTree(rootId: number): Promise<ReadonlySet<number>> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const facts = new Map<number, ProcessFacts>()
  // One after the other: as many open files as there are processes would be too many.
  for (const processId of names) {
    const one = await processFacts(processId)
    if (one !== undefined) facts.set(processId, one)
  }
  const descends = (processId: number): boolean => {
    // A chain of parents is finite; what is read while it changes may not be.
    for (let at = processId, steps = 0; steps < facts.size + 1; steps++) {
      const one = facts.get(at)
      if (at === rootId || one?.sessionId === rootId) return true
      if (one === undefined || one.parentId <= 1) return false
      at = one.parentId
    }
    return false
  }
  return new Set([...facts.keys()].filter(descends))
}

/** Inodes of the sockets that these processes hold open. */
export async function socketsOf(processIds: Iterable<number>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const processId of processIds) {
    const folder = `/proc/${processId}/fd`
    for (const file of await openFiles(folder)) {
      // It may be closed by now.
      const target = await readlink(`${folder}/${file}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined) found.add(inode)
    }
  }
  return found
}

/** @throws Error where the kernel cannot say: sockets that are not seen are not those of nobody */
async function openFiles(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    if (GONE.has((thrown as NodeJS.ErrnoException).code)) return []
    throw thrown
  }
}
