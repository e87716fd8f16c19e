/**
 * Where a testnet keeps its things: `runs/<name>/` for each run, `current.json` naming the one that
 * is running. One testnet at a time in a folder; the last few runs are kept.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { acquireProcessLock, type ProcessLock } from '#node/store/process-lock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { RUNS_KEPT_MAX } from './constants.ts'

const currentSchema = z.object({
  format: z.literal('cocoon-testnet/1'),
  pid: z.number().int(),
  run: z.string(),
  networkFile: z.string(),
  statusFile: z.string(),
})

export type CurrentRun = z.output<typeof currentSchema>

export interface RunFolder {
  readonly name: string
  readonly dir: string
  readonly networkFile: string
  readonly statusFile: string
  /** The chain as it was when the run ended. */
  readonly snapshotFile: string
  /** The data folder of a peer. */
  peerDir(name: string): string
  configFile(process: string): string
  logFile(process: string): string
  /** Forgets that this run is the current one. Idempotent. */
  release(): void
}

/**
 * @param startedAt names the run, for example 20261122-215903
 * @throws UnavailableError TESTNET_RUNNING when another testnet uses the folder
 */
export function openRunFolder(testnetDir: string, startedAt: string): RunFolder {
  const lock = acquireProcessLock(path.join(testnetDir, 'testnet.lock'))
  if (lock === undefined) throw alreadyRunning(testnetDir)
  const name = `${startedAt}-${process.pid}`
  const runsDir = path.join(testnetDir, 'runs')
  const dir = path.join(runsDir, name)
  for (const folder of ['peers', 'config', 'logs']) {
    mkdirSync(path.join(dir, folder), { recursive: true, mode: 0o700 })
  }
  forgetOldRuns(runsDir)
  const run: RunFolder = {
    name,
    dir,
    networkFile: path.join(dir, 'network.json'),
    statusFile: path.join(dir, 'status.json'),
    snapshotFile: path.join(dir, 'snapshot.json'),
    peerDir: (peer) => path.join(dir, 'peers', peer),
    configFile: (process) => path.join(dir, 'config', `${process}.json`),
    logFile: (process) => path.join(dir, 'logs', `${process}.log`),
    release: () => release(testnetDir, lock),
  }
  const { networkFile, statusFile } = run
  const current = {
    format: 'cocoon-testnet/1',
    pid: process.pid,
    run: name,
    networkFile,
    statusFile,
  }
  writePrivateFile(currentFile(testnetDir), JSON.stringify(current, undefined, 2))
  return run
}

/** Undefined: no testnet runs there. */
export function readCurrentRun(testnetDir: string): CurrentRun | undefined {
  try {
    const current = currentSchema.parse(JSON.parse(readFileSync(currentFile(testnetDir), 'utf8')))
    return isAlive(current.pid) ? current : undefined
  } catch {
    return undefined
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Readable by its owner only, and never seen half-written. */
export function writePrivateFile(file: string, content: string): void {
  const partial = `${file}.${process.pid}.partial`
  writeFileSync(partial, content, { mode: 0o600 })
  renameSync(partial, file)
}

const currentFile = (testnetDir: string): string => path.join(testnetDir, 'current.json')

function release(testnetDir: string, lock: ProcessLock): void {
  rmSync(currentFile(testnetDir), { force: true })
  lock.release()
}

/** Names begin with the time of the start, so that they sort by age. */
function forgetOldRuns(runsDir: string): void {
  const old = readdirSync(runsDir).sort().slice(0, -RUNS_KEPT_MAX)
  for (const name of old) rmSync(path.join(runsDir, name), { recursive: true, force: true })
}

function alreadyRunning(testnetDir: string): UnavailableError {
  const pid = readCurrentRun(testnetDir)?.pid
  const holder = pid === undefined ? 'another process' : `process ${pid}`
  return new UnavailableError('TESTNET_RUNNING', `a testnet is running already (${holder})`, {
    remedy: 'Stop it with Ctrl-C, or start this one with another --data folder.',
    data: { dataDir: testnetDir, ...(pid === undefined ? {} : { pid }) },
  })
}
