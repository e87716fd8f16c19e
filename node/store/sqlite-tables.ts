/** One factory for each group of tables; together they make a PeerStore. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { ConfigError, SettlementError } from '#protocol/errors.ts'
import {
  LIST_ROWS_MAX,
  META_VALUE_CHARS_MAX,
  RECEIPT_BYTES_MAX,
  STATE_CHARS_MAX,
} from './constants.ts'
import type { AskStore, ChannelStore, JobStore, MetaStore, ReceiptStore } from './peer-store.ts'
import type {
  ChannelRole,
  ChannelRow,
  CheckpointRow,
  JobLineRow,
  JobRow,
  ReceiptRow,
} from './rows.ts'

type Row = Record<string, SQLOutputValue>

const text = (row: Row, column: string): string => String(row[column])
const integer = (row: Row, column: string): number => Number(row[column])
const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array
const optionalText = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : String(row[column])

/** @throws ConfigError STORE_VALUE_TOO_LARGE */
function bounded<T extends string | Uint8Array>(value: T, lengthMax: number, what: string): T {
  if (value.length <= lengthMax) return value
  throw new ConfigError('STORE_VALUE_TOO_LARGE', `${what} is larger than the store takes`, {
    data: { length: value.length, lengthMax },
  })
}

export function metaTable(database: DatabaseSync): MetaStore {
  const get = database.prepare('SELECT value FROM meta WHERE key = ?')
  const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  return {
    meta(key) {
      const row = get.get(key)
      return row && text(row, 'value')
    },
    setMeta(key, value) {
      put.run(key, bounded(value, META_VALUE_CHARS_MAX, `meta ${key}`))
    },
  }
}

const toChannel = (row: Row): ChannelRow => ({
  address: text(row, 'address'),
  role: text(row, 'role') as ChannelRole,
  stateJson: text(row, 'state_json'),
  updatedAtMs: integer(row, 'updated_at'),
})

type ChannelRows = Pick<ChannelStore, 'saveChannel' | 'loadChannels'>

export function channelTable(database: DatabaseSync): ChannelRows {
  const put = database.prepare('INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?)')
  const all = database.prepare('SELECT * FROM channels ORDER BY rowid')
  return {
    saveChannel(row) {
      const state = bounded(row.stateJson, STATE_CHARS_MAX, 'a channel state')
      put.run(row.address, row.role, state, row.updatedAtMs)
    },
    loadChannels: (role) =>
      all
        .all()
        .map(toChannel)
        .filter((row) => role === undefined || row.role === role),
  }
}

type LeafRows = Pick<ChannelStore, 'appendLeaf' | 'leaves' | 'leafCount'>

export function leafTable(database: DatabaseSync): LeafRows {
  const count = database.prepare('SELECT count(*) AS n FROM leaves WHERE channel = ?')
  const put = database.prepare('INSERT INTO leaves VALUES (?, ?, ?)')
  const from = database.prepare(
    'SELECT * FROM leaves WHERE channel = ? AND leaf_index >= ? ORDER BY leaf_index',
  )
  const leafCount = (channel: string): number => Number(count.get(channel)?.['n'])
  return {
    leafCount,
    appendLeaf(channel, leafIndex, receipt) {
      const expected = leafCount(channel)
      if (leafIndex !== expected) {
        throw new SettlementError(
          'LEAF_OUT_OF_ORDER',
          `leaf ${leafIndex} came, ${expected} is next`,
          {
            data: { leafIndex, expected },
          },
        )
      }
      put.run(channel, leafIndex, bounded(receipt, RECEIPT_BYTES_MAX, 'a receipt'))
    },
    leaves: (channel, fromIndex = 0) =>
      from
        .all(channel, fromIndex)
        .map((row) => ({ leafIndex: integer(row, 'leaf_index'), receipt: blob(row, 'receipt') })),
  }
}

const toCheckpoint = (row: Row): CheckpointRow => ({
  channel: text(row, 'channel'),
  requestId: text(row, 'request_id'),
  ordinal: integer(row, 'ordinal'),
  receipt: blob(row, 'receipt'),
})

type CheckpointRows = Omit<ChannelStore, keyof ChannelRows | keyof LeafRows>

export function checkpointTable(database: DatabaseSync): CheckpointRows {
  const put = database.prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)')
  const get = database.prepare(
    'SELECT * FROM checkpoints WHERE channel = ? AND request_id = ? ORDER BY ordinal',
  )
  const last = database.prepare(
    `SELECT channel, request_id, max(ordinal) AS ordinal, receipt
     FROM checkpoints WHERE channel = ? GROUP BY request_id ORDER BY request_id`,
  )
  const drop = database.prepare('DELETE FROM checkpoints WHERE channel = ? AND request_id = ?')
  return {
    addCheckpoint(row) {
      const receipt = bounded(row.receipt, RECEIPT_BYTES_MAX, 'a checkpoint')
      put.run(row.channel, row.requestId, row.ordinal, receipt)
    },
    checkpoints: (channel, requestId) => get.all(channel, requestId).map(toCheckpoint),
    lastCheckpoints: (channel) => last.all(channel).map(toCheckpoint),
    dropCheckpoints(channel, requestId) {
      drop.run(channel, requestId)
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
  }
}

export function askTable(database: DatabaseSync): AskStore {
  const put = database.prepare('INSERT OR REPLACE INTO asks VALUES (?, ?, ?, ?)')
  const get = database.prepare('SELECT * FROM asks WHERE request_id = ?')
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
  }
}
