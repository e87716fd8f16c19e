/** What a bug report needs and nothing private: versions, settings, doctor, stores' shapes, logs' ends. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Configuration } from '#node/config/read.ts'
import type { Diagnosis } from '#node/doctor/examine.ts'
import { toJson } from '#node/gateway/json.ts'
import { STORE_FILE } from '#node/store/constants.ts'
import { SCHEMA_VERSION } from '#node/store/schema.ts'
import { versionDocument } from '#node/version.ts'
import { COLLECT_LOG_BYTES_MAX, COLLECT_LOGS_MAX } from './constants.ts'
import { type Redaction, redactLog, redactText } from './redact.ts'
import { knownSecrets } from './secrets.ts'
import type { ArchiveFile } from './tar.ts'

export interface BundleParts {
  readonly configuration: Configuration
  readonly diagnosis: Diagnosis
  /** What running peers say of themselves. */
  readonly status: unknown
  readonly homeDir: string
  readonly nowMs: number
}

export function bundleFiles(parts: BundleParts): readonly ArchiveFile[] {
  const { configuration, diagnosis, status, homeDir, nowMs } = parts
  const { dataRoot } = configuration.settings
  const redaction: Redaction = { secrets: knownSecrets(dataRoot), homeDir }
  const json = (name: string, document: unknown): ArchiveFile => ({
    name,
    text: redactText(toJson(document, 2), redaction),
  })
  return [
    json('about.json', { format: 'cocoon-collect/1', atMs: nowMs, ...versionDocument() }),
    json('config.json', { settings: configuration.settings, origins: configuration.origins }),
    json('doctor.json', diagnosis),
    json('status.json', status),
    json('stores.json', storesUnder(dataRoot)),
    ...logsUnder(dataRoot).map((file, at) => ({
      name: `logs/${String(at + 1).padStart(2, '0')}-${path.basename(file)}`.slice(0, 99),
      text: redactLog(endOf(file), redaction),
    })),
  ]
}

/** Versions and row counts: no row. */
function storesUnder(dataRoot: string): readonly object[] {
  return globSync(`**/${STORE_FILE}`, { cwd: dataRoot }).map((file) => {
    try {
      const database = new DatabaseSync(path.join(dataRoot, file), { readOnly: true, timeout: 0 })
      try {
        const version = database.prepare('PRAGMA user_version').get()?.['user_version']
        return { file, schema: version, known: SCHEMA_VERSION, rows: countRows(database) }
      } finally {
        database.close()
      }
    } catch {
      return { file, schema: 'in use or unreadable', known: SCHEMA_VERSION }
    }
  })
}

const COUNTED = ['channels', 'leaves', 'checkpoints', 'receipts', 'asks', 'jobs', 'stories']

function countRows(database: DatabaseSync): Readonly<Record<string, unknown>> {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row['name']))
  const counts = COUNTED.filter((table) => tables.includes(table)).map((table) => [
    table,
    database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'],
  ])
  return Object.fromEntries(counts)
}

/** Newest first. */
function logsUnder(dataRoot: string): readonly string[] {
  if (!existsSync(dataRoot)) return []
  return globSync('**/*.log', { cwd: dataRoot })
    .map((file) => path.join(dataRoot, file))
    .map((file) => ({ file, atMs: statSync(file).mtimeMs }))
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, COLLECT_LOGS_MAX)
    .map(({ file }) => file)
}

/** Its last bytes, without the line that was cut. */
function endOf(file: string): string {
  const bytes = readFileSync(file)
  if (bytes.length <= COLLECT_LOG_BYTES_MAX) return bytes.toString('utf8')
  const end = bytes.subarray(-COLLECT_LOG_BYTES_MAX).toString('utf8')
  return end.slice(end.indexOf('\n') + 1)
}
