/**
 * One process at a time, by a lock that the operating system drops when the holder dies: a crash or a
 * power cut leaves nothing to clean up, and a reused pid confuses nobody.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface ProcessLock {
  release(): void
}

/** Undefined: another process holds it. The folder of `file` is made when missing. */
export function acquireProcessLock(file: string): ProcessLock | undefined {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch {
    database.close()
    return undefined
  }
  return {
    release() {
      if (database.isOpen) database.close()
    },
  }
}
