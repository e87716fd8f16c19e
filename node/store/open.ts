/**
 * Opens the database file of a peer: WAL, synchronous=FULL (what is owed is on the disk before it
 * is on the wire), one process at a time.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UnavailableError } from '#protocol/errors.ts'
import { STORE_FILE, STORE_PID_FILE } from './constants.ts'
import { corrupt, onDisk, primaryCode, storageError } from './failures.ts'
import { migrate } from './schema.ts'

/** SQLite primary result code (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5

/**
 * @throws UnavailableError STORE_LOCKED when another process has the folder open
 * @throws ConfigError STORE_CORRUPT, STORE_TOO_NEW, STORE_FOREIGN, STORE_READ_ONLY
 * @throws UnavailableError STORE_FULL, STORE_IO
 */
export function openDatabase(dataDir: string): DatabaseSync {
  const file = path.join(dataDir, STORE_FILE)
  const database = onDisk(dataDir, () => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    // Made by hand first: SQLite would create it with the process's umask; WAL copies this mode.
    closeSync(openSync(file, 'a', 0o600))
    return new DatabaseSync(file, { timeout: 0 })
  })
  try {
    prepareFile(database, file)
  } catch (error) {
    database.close()
    throw namedError(error, file, dataDir)
  }
  try {
    writeFileSync(path.join(dataDir, STORE_PID_FILE), `${process.pid}\n`, { mode: 0o600 })
    return database
  } catch (error) {
    database.close()
    throw storageError(error, dataDir)
  }
}

function prepareFile(database: DatabaseSync, file: string): void {
  // The operating system drops this lock when the process dies, so a crash leaves no stale lock.
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  database.exec('PRAGMA foreign_keys = ON')
  // Salts are erased after use; without this their bytes would stay in free pages.
  database.exec('PRAGMA secure_delete = ON')
  database.exec('BEGIN IMMEDIATE; COMMIT')
  const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (check !== 'ok') throw corrupt(file)
  migrate(database, file)
}

function namedError(error: unknown, file: string, dataDir: string): unknown {
  if (primaryCode(error) !== SQLITE_BUSY) return storageError(error, file)
  const pid = readPid(dataDir)
  const holder = pid === undefined ? 'another process' : `process ${pid}`
  return new UnavailableError('STORE_LOCKED', `${holder} is using the data folder ${dataDir}`, {
    cause: error,
    remedy: 'Stop that process or choose another data folder with --data.',
    ...(pid === undefined ? {} : { data: { pid } }),
  })
}

function readPid(dataDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(dataDir, STORE_PID_FILE), 'utf8'), 10)
    return Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined
  }
}
