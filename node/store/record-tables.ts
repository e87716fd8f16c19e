/** What is remembered: small values, receipts, secrets of requests, jobs. */
import type { DatabaseSync } from 'node:sqlite'
import { blob, bounded, integer, optionalText, type Row, text } from './columns.ts'
import { LIST_ROWS_MAX, META_VALUE_CHARS_MAX, STATE_CHARS_MAX } from './constants.ts'
import type { AskStore, JobStore, MetaStore, ReceiptStore } from './peer-store.ts'
import type { JobLineRow, JobRow, ReceiptRow } from './rows.ts'

export function metaTable(database: DatabaseSync): MetaStore {
  const get = database.prepare('SELECT value FROM meta WHERE key = ?')
  const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  const erase = database.prepare('DELETE FROM meta WHERE key = ?')
  return {
    meta(key) {
      const row = get.get(key)
      return row && text(row, 'value')
    },
    setMeta(key, value) {
      put.run(key, bounded(value, META_VALUE_CHARS_MAX, `meta ${key}`))
    },
    eraseMeta(key) {
      erase.run(key)
    },
  }
}

const toReceipt = (row: Row): ReceiptRow => ({
  id: text(row, 'id'),
  channel: text(row, 'channel'),
  leafIndex: integer(row, 'leaf_index'),
  provider: text(row, 'provider'),
  model: text(row, 'model'),
  promptTokens: integer(row, 'prompt_tokens'),
  cachedTokens: integer(row, 'cached_tokens'),
  completionTokens: integer(row, 'completion_tokens'),
  usedNano: BigInt(text(row, 'used_nano')),
  finish: text(row, 'finish'),
  file: text(row, 'file'),
  createdAtMs: integer(row, 'created_at'),
})

export function receiptTable(database: DatabaseSync): ReceiptStore {
  const put = database.prepare(
    'INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const get = database.prepare('SELECT * FROM receipts WHERE id = ?')
  const erase = database.prepare('DELETE FROM receipts WHERE id = ?')
  const all = database.prepare('SELECT * FROM receipts ORDER BY created_at DESC, id LIMIT ?')
  return {
    addReceipt(row) {
      put.run(
        row.id,
        row.channel,
        row.leafIndex,
        row.provider,
        row.model,
        row.promptTokens,
        row.cachedTokens,
        row.completionTokens,
        row.usedNano.toString(),
        row.finish,
        row.file,
        row.createdAtMs,
      )
    },
    receipts: () => all.all(LIST_ROWS_MAX).map(toReceipt),
    receipt(id) {
      const row = get.get(id)
      return row && toReceipt(row)
    },
    eraseReceipt(id) {
      erase.run(id)
    },
  }
}

export function askTable(database: DatabaseSync): AskStore {
  const put = database.prepare('INSERT OR REPLACE INTO asks VALUES (?, ?, ?, ?)')
  const get = database.prepare('SELECT * FROM asks WHERE request_id = ?')
  const ids = database.prepare('SELECT request_id FROM asks ORDER BY request_id')
  const erase = database.prepare('DELETE FROM asks WHERE request_id = ?')
  return {
    saveAsk(row) {
      put.run(row.requestId, row.channel, row.requestSalt, row.responseSalt)
    },
    ask(requestId) {
      const row = get.get(requestId)
      return (
        row && {
          requestId,
          channel: text(row, 'channel'),
          requestSalt: blob(row, 'request_salt'),
          responseSalt: blob(row, 'response_salt'),
        }
      )
    },
    askIds: () => ids.all().map((row) => text(row, 'request_id')),
    eraseAsk(requestId) {
      erase.run(requestId)
    },
  }
}

const toJob = (row: Row): JobRow => ({
  id: text(row, 'id'),
  stateJson: text(row, 'state_json'),
  updatedAtMs: integer(row, 'updated_at'),
})

const toJobLine = (row: Row): JobLineRow => ({
  jobId: text(row, 'job_id'),
  lineIndex: integer(row, 'line_index'),
  status: text(row, 'status') as JobLineRow['status'],
  receiptId: optionalText(row, 'receipt_id'),
  error: optionalText(row, 'error'),
})

export function jobTables(database: DatabaseSync): JobStore {
  const put = database.prepare(
    `INSERT INTO jobs VALUES (:id, :state, :now, :now)
     ON CONFLICT (id) DO UPDATE SET state_json = :state, updated_at = :now`,
  )
  const get = database.prepare('SELECT * FROM jobs WHERE id = ?')
  const all = database.prepare('SELECT * FROM jobs ORDER BY created_at DESC, id LIMIT ?')
  const putLine = database.prepare('INSERT OR REPLACE INTO job_lines VALUES (?, ?, ?, ?, ?)')
  const dropLines = database.prepare('DELETE FROM job_lines WHERE job_id = ?')
  const drop = database.prepare('DELETE FROM jobs WHERE id = ?')
  const lines = database.prepare('SELECT * FROM job_lines WHERE job_id = ? ORDER BY line_index')
  return {
    saveJob(row) {
      const state = bounded(row.stateJson, STATE_CHARS_MAX, 'a job state')
      put.run({ id: row.id, state, now: row.updatedAtMs })
    },
    jobs: () => all.all(LIST_ROWS_MAX).map(toJob),
    job(id) {
      const row = get.get(id)
      return row && toJob(row)
    },
    saveJobLine(row) {
      const { receiptId = null, error = null } = row
      putLine.run(row.jobId, row.lineIndex, row.status, receiptId, error)
    },
    jobLines: (jobId) => lines.all(jobId).map(toJobLine),
    eraseJob(id) {
      dropLines.run(id)
      drop.run(id)
    },
  }
}
