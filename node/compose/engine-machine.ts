/** What of this machine an engine takes when its owner says nothing. */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { ENGINE_MEMORY_MIN_BYTES, ENGINE_THREADS_MAX } from '#inference/constants.ts'

const CPU_FOLDER = '/sys/devices/system/cpu'

/**
 * Half of the memory that this process may use, at least what an engine needs to start: the other half is for
 * the node, the system and whatever else its owner runs.
 */
export function defaultEngineMemoryBytes(): number {
  // 0, or more than there is: no control group sets a limit.
  const constrained = process.constrainedMemory()
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.max(ENGINE_MEMORY_MIN_BYTES, Math.floor(available / 2))
}

/**
 * One thread a physical core: two on the same core share its vector units and its cache, and wait for each
 * other. No result depends on it.
 */
export function defaultEngineThreads(): number {
  const threads = Math.min(availableParallelism(), physicalCores() ?? Number.POSITIVE_INFINITY)
  return Math.min(threads, ENGINE_THREADS_MAX)
}

/** Undefined where Linux does not tell. */
function physicalCores(folder = CPU_FOLDER): number | undefined {
  try {
    const cpus = readdirSync(folder).filter((name) => /^cpu\d+$/.test(name))
    const siblings = cpus.map((cpu) =>
      readFileSync(`${folder}/${cpu}/topology/thread_siblings_list`, 'utf8').trim(),
    )
    return siblings.length === 0 ? undefined : new Set(siblings).size
  } catch {
    return undefined
  }
}
