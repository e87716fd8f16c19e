/**
 * The versioned schema. `PRAGMA user_version` counts the migrations that a file has seen; migrations
 * are append-only, each runs in one transaction with the new version number.
 */
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '#protocol/errors.ts'
import { STORE_APPLICATION_ID } from './constants.ts'

const FIRST = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE channels (
  address TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('client', 'provider')),
  state_json TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE leaves (
  channel TEXT NOT NULL,
  leaf_index INTEGER NOT NULL,
  receipt BLOB NOT NULL,
  PRIMARY KEY (channel, leaf_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (
  channel TEXT NOT NULL,
  request_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  receipt BLOB NOT NULL,
  PRIMARY KEY (channel, request_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
  id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  leaf_index INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  used_nano TEXT NOT NULL,
  finish TEXT NOT NULL,
  file TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX receipts_by_age ON receipts (created_at DESC);
CREATE TABLE asks (
  request_id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  request_salt BLOB NOT NULL,
  response_salt BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  state_json TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE job_lines (
  job_id TEXT NOT NULL REFERENCES jobs (id),
  line_index INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  receipt_id TEXT,
  error TEXT,
  PRIMARY KEY (job_id, line_index)
) STRICT, WITHOUT ROWID;
`

/** What `cocoon why` reads. */
const STORIES = `
CREATE TABLE stories (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  story_json TEXT NOT NULL
) STRICT;
CREATE INDEX stories_by_age ON stories (created_at DESC);
CREATE TABLE story_names (
  name TEXT PRIMARY KEY,
  story_id TEXT NOT NULL REFERENCES stories (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
`

/** Append only: a released migration is never edited. */
const MIGRATIONS: readonly string[] = [FIRST, STORIES]

/** The newest schema that this program knows. */
export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings a database to SCHEMA_VERSION.
 * @throws ConfigError STORE_TOO_NEW when a newer program wrote the file
 * @throws ConfigError STORE_FOREIGN when another program wrote it
 */
export function migrate(database: DatabaseSync, file: string): void {
  const version = pragma(database, 'user_version')
  const application = pragma(database, 'application_id')
  if (version !== 0 && application !== STORE_APPLICATION_ID) {
    throw new ConfigError('STORE_FOREIGN', `${file} was not written by cocoon`, {
      remedy: 'Move the file away or choose another data folder.',
    })
  }
  if (version > SCHEMA_VERSION) {
    throw new ConfigError(
      'STORE_TOO_NEW',
      `${file} has schema ${version}, known is ${SCHEMA_VERSION}`,
      {
        remedy: 'Run the newer cocoon that wrote it, or choose another data folder.',
        data: { found: version, known: SCHEMA_VERSION },
      },
    )
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= version) runMigration(database, sql, index + 1)
  }
}

function runMigration(database: DatabaseSync, sql: string, version: number): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(sql)
    database.exec(`PRAGMA application_id = ${STORE_APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${version}`)
    database.exec('COMMIT')
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}
