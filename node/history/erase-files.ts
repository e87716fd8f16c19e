/** Uploaded files and batches: they are prompts and answers, kept because their owner asked for it. */
import { systemClock } from '#node/clock.ts'
import { FileStore } from '#node/gateway/file-store.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'

const OWNER = { account: 'owner', isOwner: true }

/**
 * Budgets, keys and what is held for running work stay: they are money.
 * @param beforeMs Unix milliseconds; Infinity for all
 * @returns how many files were deleted
 */
export function eraseFiles(home: string, beforeMs: number): number {
  const database = openLedgerDatabase(home)
  try {
    database.exec('PRAGMA secure_delete = ON')
    const files = new FileStore(database, home, systemClock)
    const old = files.list(OWNER).filter((file) => file.created_at * 1000 < beforeMs)
    for (const file of old) files.delete(file)
    const latest = Number.isFinite(beforeMs) ? Math.floor(beforeMs) : Number.MAX_SAFE_INTEGER
    database.prepare('DELETE FROM batches WHERE created_at < ?').run(latest)
    // What was deleted must not stay readable in the write-ahead log.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return old.length
  } finally {
    database.close()
  }
}
