/** What is owed: channels, the leaves of their receipt trees, checkpoints of running requests. */
import type { DatabaseSync } from 'node:sqlite'
import { SettlementError } from '#protocol/errors.ts'
import { blob, bounded, integer, type Row, text } from './columns.ts'
import { RECEIPT_BYTES_MAX, STATE_CHARS_MAX } from './constants.ts'
import type { ChannelStore } from './peer-store.ts'
import type { ChannelRole, ChannelRow, CheckpointRow } from './rows.ts'

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
