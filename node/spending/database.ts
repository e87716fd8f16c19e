/**
 * The database that `cocoon keys` and a running client may have open at the same time: WAL without an
 * exclusive lock, so that a key made or revoked on the command line counts from the next request on.
 * What only the client writes (channels, vouchers) stays in the peer's own store, which has one writer.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { LEDGER_APPLICATION_ID, LEDGER_FILE, LEDGER_WAIT_MS } from './constants.ts'

const FIRST = `
CREATE TABLE accounts (
  account TEXT PRIMARY KEY,
  spent_nano INTEGER NOT NULL CHECK (spent_nano >= 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE holds (
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  held_nano INTEGER NOT NULL CHECK (held_nano >= 0),
  PRIMARY KEY (id, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_account ON holds (account);
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('app', 'owner')),
  name TEXT NOT NULL,
  limits_json TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  requests INTEGER NOT NULL DEFAULT 0,
  prompt_tokens INTEGER NOT NULL DEFAULT 0,
  completion_tokens INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE files (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  document_json TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  document_json TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
`

/** Append only: a released migration is never edited. */
const MIGRATIONS: readonly string[] = [FIRST]

/** SQLite primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * Opens or makes the ledger; the folder gets mode 0700, the file 0600.
 * @throws ConfigError STORE_CORRUPT, STORE_TOO_NEW
 * @throws UnavailableError STORE_LOCKED when another process holds it longer than LEDGER_WAIT_MS
 */
export function openLedgerDatabase(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = path.join(dataDir, LEDGER_FILE)
  // Made by hand first: SQLite would create it with the process's umask; WAL copies this mode.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: LEDGER_WAIT_MS, readBigInts: true })
  try {
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    migrate(database, file)
    return database
  } catch (error) {
    database.close()
    throw namedError(error, file)
  }
}

function migrate(database: DatabaseSync, file: string): void {
  // Under the write lock: two processes may open a new file at the same moment.
  inTransaction(database, () => {
    const version = pragma(database, 'user_version')
    if (version > 0 && pragma(database, 'application_id') !== LEDGER_APPLICATION_ID) {
      throw damaged(file)
    }
    if (version > MIGRATIONS.length) throw tooNew(file)
    for (const sql of MIGRATIONS.slice(version)) database.exec(sql)
    database.exec(`PRAGMA application_id = ${LEDGER_APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

/** All or nothing, and durable when it returns. `work` must not be asynchronous. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}

function namedError(error: unknown, file: string): unknown {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return error
  const code = Number(error.errcode) & 0xff
  if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) return damaged(file, error)
  if (code !== SQLITE_BUSY) return error
  return new UnavailableError('STORE_LOCKED', `another process keeps ${file} locked`, {
    cause: error,
    remedy: 'Stop that process or choose another data folder with --data.',
  })
}

function damaged(file: string, cause?: unknown): ConfigError {
  return new ConfigError('STORE_CORRUPT', `the ledger ${file} is damaged or no ledger`, {
    cause,
    remedy: 'Restore it from a backup. Without it budgets and keys are lost, coins are not.',
  })
}

function tooNew(file: string): ConfigError {
  return new ConfigError('STORE_TOO_NEW', `${file} was written by a newer cocoon`, {
    remedy: 'Run the newer cocoon that wrote it, or choose another data folder.',
  })
}
