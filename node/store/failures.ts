/** What SQLite and the file system say when they cannot keep something, as errors that name a remedy. */
import { CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'

/** SQLite primary result codes (sqlite.org/rescode.html). */
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

export function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** The same error when it is no failure of a disk. `where` names the folder or file. */
export function storageError(error: unknown, where: string): unknown {
  if (error instanceof CocoonError) return error
  const system = error instanceof Error && 'code' in error ? error.code : undefined
  const code = primaryCode(error)
  if (code === SQLITE_FULL || system === 'ENOSPC' || system === 'EDQUOT') return full(where, error)
  if (code === SQLITE_READONLY || system === 'EROFS' || system === 'EACCES' || system === 'EPERM') {
    return readOnly(where, error)
  }
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return corrupt(where, error)
  if (code === SQLITE_IOERR || code === SQLITE_CANTOPEN || system === 'EIO')
    return broken(where, error)
  if (system === 'ENOTDIR' || system === 'EEXIST') return noFolder(where, error)
  return error
}

/** Runs `work`; what the disk refuses becomes a typed error. */
export function onDisk<T>(where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storageError(error, where)
  }
}

function full(where: string, cause: unknown): UnavailableError {
  return new UnavailableError('STORE_FULL', `the disk under ${where} is full`, {
    cause,
    remedy: 'Free some space, then start again: nothing that was promised is lost.',
  })
}

function readOnly(where: string, cause: unknown): ConfigError {
  return new ConfigError('STORE_READ_ONLY', `${where} cannot be written`, {
    cause,
    remedy: 'Give this user the right to write there, or choose another folder with --data.',
  })
}

function broken(where: string, cause: unknown): UnavailableError {
  return new UnavailableError('STORE_IO', `the disk under ${where} does not work`, {
    cause,
    remedy: 'Check the disk and its mount, then start again.',
  })
}

function noFolder(where: string, cause: unknown): ConfigError {
  return new ConfigError('STORE_READ_ONLY', `${where} is not a folder`, {
    cause,
    remedy: 'Move the file away, or choose another folder with --data.',
  })
}

export function corrupt(file: string, cause?: unknown): ConfigError {
  return new ConfigError('STORE_CORRUPT', `the store ${file} is damaged`, {
    cause,
    remedy: 'Restore it from a backup; open channels can still be closed from the wallet.',
  })
}
