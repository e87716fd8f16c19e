/** Folders, disks, key files and stores as the checks need them; nothing is changed by looking. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { STORE_FILE, STORE_PID_FILE } from '#node/store/constants.ts'
import { ownerWallet } from '#node/wallet/owner-wallet.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { FSYNC_SAMPLES } from './constants.ts'
import type { KeysFile, StoreState } from './surroundings.ts'

/** SQLite's primary result code for a file that another process has locked. */
const SQLITE_BUSY = 5

/** The folder itself, or the nearest one above it that exists. */
function existing(folder: string): string {
  let here = path.resolve(folder)
  while (!existsSync(here) && path.dirname(here) !== here) here = path.dirname(here)
  return here
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(existing(folder))
  return bavail * bsize
}

export function folderMode(folder: string): number | undefined {
  return existsSync(folder) ? statSync(folder).mode & 0o777 : undefined
}

/** Whether files can be made there, or the folder itself where it is missing. */
export function isWritable(folder: string): boolean {
  try {
    const here = existing(folder)
    accessSync(here, constants.W_OK | constants.X_OK)
    return statSync(here).isDirectory()
  } catch {
    return false
  }
}

/** Empty when nothing can be written there. */
export async function fsyncMs(folder: string): Promise<readonly number[]> {
  if (!isWritable(folder)) return []
  const file = path.join(existing(folder), `.cocoon-doctor-${process.pid}`)
  const samples: number[] = []
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    for (let at = 0; at < FSYNC_SAMPLES; at++) {
      const startedMs = performance.now()
      writeSync(descriptor, Buffer.alloc(4_096, at))
      fsyncSync(descriptor)
      samples.push(performance.now() - startedMs)
    }
  } finally {
    closeSync(descriptor)
    rmSync(file, { force: true })
  }
  return samples
}

export function readKeysFile(dataDir: string): KeysFile | undefined {
  const file = path.join(dataDir, 'keys.json')
  if (!existsSync(file)) return undefined
  const mode = statSync(file).mode & 0o777
  try {
    ownerKeys(dataDir)
    const { publicKey } = ownerWallet(dataDir)
    const addressOn = (globalId: number) => walletAddress(publicKey, globalId).toRawString()
    return { file, mode, isReadable: true, walletAddress: addressOn }
  } catch {
    return { file, mode, isReadable: false, walletAddress: () => '' }
  }
}

export function storeState(dataDir: string): StoreState {
  const file = path.join(dataDir, STORE_FILE)
  if (!existsSync(file)) return { kind: 'missing' }
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 0 })
    try {
      const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
      if (check === 'ok') return { kind: 'sound' }
      return { kind: 'damaged', why: `${file} is damaged: SQLite's quick_check fails` }
    } finally {
      database.close()
    }
  } catch (thrown) {
    if (isBusy(thrown)) return { kind: 'in-use', pid: pidOf(dataDir) }
    return { kind: 'damaged', why: `${file} is no readable database` }
  }
}

function isBusy(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return false
  return typeof thrown.errcode === 'number' && (thrown.errcode & 0xff) === SQLITE_BUSY
}

function pidOf(dataDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(dataDir, STORE_PID_FILE), 'utf8'), 10)
    return Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined
  }
}
