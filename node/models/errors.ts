/** Errors of more than one file of this folder. */
import { ConfigError, ProtocolError, UnavailableError } from '#protocol/errors.ts'
import { DISK_RESERVE_BYTES } from './constants.ts'

/** A path that could leave the model's folder, or that no model has. */
export function pathRefused(path: string): ProtocolError {
  const shown = path.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')
  return new ProtocolError('MODEL_PATH_REFUSED', `no file of a model is called ${shown}`, {
    remedy: 'Get the model from somewhere else.',
  })
}

/** The bytes that came are not those that were named. */
export function hashMismatch(path: string): ProtocolError {
  return new ProtocolError('MODEL_HASH_MISMATCH', `${path} is not the file that was named`, {
    remedy: 'Run it again; if it lasts, the host or its mirror changes files: use another one.',
    data: { path },
  })
}

/** @param room what is missing, where that is known */
export function diskFull(room?: {
  readonly needBytes: number
  readonly freeBytes: number
}): UnavailableError {
  const message =
    room === undefined
      ? 'the disk is full'
      : `the model needs ${mib(room.needBytes)} more; ${mib(room.freeBytes)} are free, of which ${mib(DISK_RESERVE_BYTES)} stay so`
  return new UnavailableError('MODEL_DISK_FULL', message, {
    remedy: 'Free some space, or set COCOON_DATA to a larger disk; what came is kept.',
    ...(room === undefined ? {} : { data: { ...room } }),
  })
}

const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

export function notInStore(selector: string): ConfigError {
  return new ConfigError('MODEL_NOT_IN_STORE', `no model ${selector.slice(0, 100)} is here`, {
    remedy: 'See `cocoon models list`, or get it with `cocoon models pull`.',
  })
}
