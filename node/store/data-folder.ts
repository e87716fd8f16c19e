/**
 * A data folder belongs to one running peer. It holds the keys, which are the same on every network, and a
 * folder for each network, since channels and receipts mean nothing on another chain.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UnavailableError } from '#protocol/errors.ts'
import { acquireProcessLock } from './process-lock.ts'

const LOCK_FILE = 'peer.lock'
const PID_FILE = 'peer.pid'
const NAME_CHARS_MAX = 48

export interface DataFolder {
  readonly dir: string
  /** Made when missing. */
  networkDir(network: { readonly name: string; readonly globalId: number }): string
  release(): void
}

/** @throws UnavailableError STORE_LOCKED with the pid of the peer that has it */
export function openDataFolder(dir: string): DataFolder {
  const lock = acquireProcessLock(path.join(dir, LOCK_FILE))
  const pidFile = path.join(dir, PID_FILE)
  if (lock === undefined) throw inUse(dir, readPid(pidFile))
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  return {
    dir,
    networkDir(network) {
      const networkDir = path.join(dir, 'networks', networkFolderName(network))
      mkdirSync(networkDir, { recursive: true, mode: 0o700 })
      return networkDir
    },
    release() {
      rmSync(pidFile, { force: true })
      lock.release()
    },
  }
}

/** Readable, and different for different networks whatever is in their names. */
export function networkFolderName({
  name,
  globalId,
}: {
  readonly name: string
  readonly globalId: number
}): string {
  const readable = name.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, NAME_CHARS_MAX)
  const digest = createHash('sha256').update(`${globalId} ${name}`).digest('hex').slice(0, 8)
  return `${readable}-${digest}`
}

function inUse(dir: string, pid: number | undefined): UnavailableError {
  const holder = pid === undefined ? 'another process' : `process ${pid}`
  return new UnavailableError('STORE_LOCKED', `${holder} is using the data folder ${dir}`, {
    remedy: 'Stop it with `cocoon drain`, or choose another data folder with --data.',
    ...(pid === undefined ? {} : { data: { pid } }),
  })
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined
  }
}
