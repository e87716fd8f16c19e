/**
 * Notices that a store is a copy from a backup: its file is another one than the store itself remembers,
 * or it has been opened less often than the mark beside it says. A provider then forgot what it signed since.
 * A disk that is rolled back as a whole (a snapshot of a virtual machine) is not noticed.
 */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { STORE_FILE } from './constants.ts'
import type { PeerStore } from './peer-store.ts'

const MARK_FILE = 'peer.opened'
const OPENED = 'store-opened'
const INODE = 'store-inode'
const RESTORED = 'store-restored'

/** Call once after each opening. */
export function noteOpening(store: PeerStore, dataDir: string): void {
  const inode = `${statSync(path.join(dataDir, STORE_FILE), { bigint: true }).ino}`
  const knownInode = store.meta(INODE)
  const opened = Number(store.meta(OPENED) ?? 0)
  const isCopy = knownInode !== undefined && knownInode !== inode
  const isOlder = markOf(dataDir) > opened
  store.transaction(() => {
    store.setMeta(INODE, inode)
    store.setMeta(OPENED, `${Math.max(opened, markOf(dataDir)) + 1}`)
    if (isCopy || isOlder) store.setMeta(RESTORED, 'yes')
  })
  writeMark(dataDir, store.meta(OPENED) ?? '0')
}

/** Whether the store came from a backup since this was last asked; the answer is remembered by the asker. */
export function takeRestored(store: PeerStore, remember: () => void): void {
  if (store.meta(RESTORED) !== 'yes') return
  store.transaction(() => {
    remember()
    store.setMeta(RESTORED, 'no')
  })
}

function markOf(dataDir: string): number {
  try {
    const text = readFileSync(path.join(dataDir, MARK_FILE), 'utf8').trim()
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : 0
  } catch {
    return 0
  }
}

function writeMark(dataDir: string, text: string): void {
  const file = path.join(dataDir, MARK_FILE)
  writeFileSync(`${file}.tmp`, `${text}\n`, { mode: 0o600, flush: true })
  renameSync(`${file}.tmp`, file)
}
