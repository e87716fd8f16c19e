/** NVIDIA's driver and the GPUs it sees, as it tells Linux: CUDA itself is only asked in processes of its own. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const FOLDER = '/proc/driver/nvidia'
const GPUS_MAX = 16
const WORDS_MAX = 64

export interface NvidiaDriver {
  /** For example "550.54.15"; empty when the driver does not say. */
  readonly version: string
  /** For example "NVIDIA H100 80GB HBM3", one for each GPU, sorted. */
  readonly gpus: readonly string[]
}

/** Undefined: there is no such driver. */
export function nvidiaDriver(folder = FOLDER): NvidiaDriver | undefined {
  try {
    const version = readFileSync(path.join(folder, 'version'), 'utf8')
    return { version: /\s(\d{3,4}\.[\d.]{1,16})\s/.exec(version)?.[1] ?? '', gpus: gpusIn(folder) }
  } catch {
    return undefined
  }
}

/** A folder for each, by its address on the bus. */
function gpusIn(folder: string): string[] {
  try {
    const names = readdirSync(path.join(folder, 'gpus')).slice(0, GPUS_MAX)
    return names.map((name) => modelOf(path.join(folder, 'gpus', name, 'information'))).sort()
  } catch {
    return []
  }
}

function modelOf(file: string): string {
  const model = /^Model:[ \t]+(\S.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 'unknown'
  return model.trim().slice(0, WORDS_MAX)
}
