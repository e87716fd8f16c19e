/** Reads a file that a person named, whole, up to a limit. */
import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from '#protocol/errors.ts'

/** @throws ConfigError FILE_UNREADABLE, FILE_TOO_LARGE */
export function readBounded(file: string, bytesMax: number): Buffer {
  let size: number
  try {
    size = statSync(file).size
    if (size <= bytesMax) return readFileSync(file)
  } catch (cause) {
    throw new ConfigError('FILE_UNREADABLE', `cannot read ${file}`, {
      cause,
      remedy: 'Check the path and its permissions.',
    })
  }
  throw new ConfigError('FILE_TOO_LARGE', `${file} has ${size} bytes; ${bytesMax} is the limit`)
}
