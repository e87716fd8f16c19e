/** Where the peer keeps what it must not lose. */
import {
  DISK_FREE_BYTES_GOOD,
  DISK_FREE_BYTES_MIN,
  FSYNC_FAST_MS,
  FSYNC_SLOW_MS,
} from '../constants.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { Role, Surroundings } from '../surroundings.ts'

const MIB = 1_048_576
/** What group and others must not have on a folder of keys. */
const OTHERS_BITS = 0o077

export async function diskSpace(surroundings: Surroundings): Promise<Finding> {
  const freeBytes = await surroundings.freeBytes(surroundings.dataRoot)
  const found = `${Math.floor(freeBytes / MIB)} MiB free at ${surroundings.dataRoot}`
  const fix = 'Free space, or choose another disk with COCOON_DATA.'
  if (freeBytes < DISK_FREE_BYTES_MIN) return fail(found, fix)
  return freeBytes < DISK_FREE_BYTES_GOOD ? warn(found, fix) : pass(found)
}

export async function diskSync(surroundings: Surroundings): Promise<Finding> {
  const samples = [...(await surroundings.fsyncMs(surroundings.dataRoot))].sort((a, b) => a - b)
  const medianMs = samples[Math.floor(samples.length / 2)]
  if (medianMs === undefined) return warn('not measured', 'Give the data folder write permission.')
  const found = `${medianMs.toFixed(1)} ms a durable write, ${speedOf(medianMs)}`
  if (medianMs < FSYNC_SLOW_MS) return pass(found)
  return warn(found, 'Each voucher waits for one: put the data folder on a local SSD.')
}

function speedOf(medianMs: number): string {
  if (medianMs < FSYNC_FAST_MS) return 'fast'
  return medianMs < FSYNC_SLOW_MS ? 'good' : 'slow'
}

export function dataFolder(role: Role, surroundings: Surroundings): Finding {
  const folder = surroundings.dataDir(role)
  const mode = surroundings.folderMode(folder)
  if (!surroundings.isWritable(folder)) {
    return fail(`${folder} cannot be written`, 'Correct its owner, or choose another with --data.')
  }
  if (mode === undefined) return pass(`${folder} will be made at the first start`)
  if ((mode & OTHERS_BITS) === 0) return pass(folder)
  return warn(`${folder} is open to others (${octal(mode)})`, `chmod 700 ${folder}`)
}

export function store(role: Role, surroundings: Surroundings): Finding {
  const state = surroundings.store(role)
  if (state.kind === 'missing') return pass('made at the first start')
  if (state.kind === 'sound') return pass('sound')
  if (state.kind === 'in-use') {
    return pass(`open in process ${state.pid ?? '(unknown)'}, which checked it`)
  }
  return fail(
    state.why,
    'Restore the folder from a backup; open channels can still be closed from the wallet.',
  )
}

export function keysFile(role: Role, surroundings: Surroundings): Finding {
  const keys = surroundings.keys(role)
  if (keys === undefined) return pass('made at the first start')
  const { file, mode, isReadable } = keys
  if (!isReadable)
    return fail(`${file} is damaged`, 'Restore it from a backup: it controls a wallet.')
  if ((mode & OTHERS_BITS) === 0) return pass(`${file}, ${octal(mode)}`)
  return fail(`${file} is readable by others (${octal(mode)})`, `chmod 600 ${file}`)
}

const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`
