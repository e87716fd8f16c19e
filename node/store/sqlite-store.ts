/** The PeerStore over node:sqlite. */
import type { DatabaseSync } from 'node:sqlite'
import { UnavailableError } from '#protocol/errors.ts'
import { channelTable, checkpointTable, leafTable } from './channel-tables.ts'
import { onDisk, storageError } from './failures.ts'
import { GroupCommit } from './group-commit.ts'
import { openDatabase } from './open.ts'
import type { PeerStore } from './peer-store.ts'
import { askTable, jobTables, metaTable, receiptTable } from './record-tables.ts'
import { noteOpening } from './restored.ts'
import { storyTable } from './story-table.ts'

/**
 * Opens or creates the store of one peer; the folder is made with mode 0700, the file with 0600.
 * @throws UnavailableError STORE_LOCKED with the pid of the process that has it open
 * @throws ConfigError STORE_CORRUPT, STORE_TOO_NEW, STORE_FOREIGN
 */
export function openPeerStore(dataDir: string): PeerStore {
  const database = openDatabase(dataDir)
  const tables = {
    ...metaTable(database),
    ...channelTable(database),
    ...leafTable(database),
    ...checkpointTable(database),
    ...receiptTable(database),
    ...askTable(database),
    ...jobTables(database),
    ...storyTable(database),
  }
  const groups = new GroupCommit(database, (work) => inTransaction(database, work, dataDir))
  const store: PeerStore = {
    ...refuseWhenClosed(tables, database, dataDir),
    transaction: (work) => inTransaction(database, work, dataDir),
    group: (work) => groups.add(work),
    close() {
      if (!database.isOpen) return
      groups.flush()
      database.close()
    },
  }
  try {
    noteOpening(store, dataDir)
    return store
  } catch (error) {
    store.close()
    throw storageError(error, dataDir)
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T, dataDir: string): T {
  if (!database.isOpen) throw closedError()
  if (database.isTransaction) return work()
  onDisk(dataDir, () => database.exec('BEGIN IMMEDIATE'))
  try {
    const result = work()
    // A promise would end after COMMIT and write outside of the transaction.
    if (result instanceof Promise) throw new TypeError('a transaction must be synchronous')
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
    throw storageError(error, dataDir)
  }
}

function refuseWhenClosed<T extends object>(tables: T, database: DatabaseSync, dataDir: string): T {
  const guarded = Object.entries(tables).map(([name, method]) => [
    name,
    (...parameters: unknown[]) => {
      if (!database.isOpen) throw closedError()
      return onDisk(dataDir, () => (method as (...parameters: unknown[]) => unknown)(...parameters))
    },
  ])
  return Object.fromEntries(guarded) as T
}

function closedError(): UnavailableError {
  return new UnavailableError('STORE_CLOSED', 'the store of this peer is closed', {
    remedy: 'Start the peer again.',
  })
}
