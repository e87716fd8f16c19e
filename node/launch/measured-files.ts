/** Hashes files where they lie, and copies a model into the guest's memory while it is hashed. */
import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises'
import path from 'node:path'
import { freeBytesOf } from '../models/disk.ts'
import { LAUNCH_READ_BYTES } from './constants.ts'
import { fileChanged, folderRefused } from './errors.ts'

/** No link at the end, and never waits on a pipe. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface MeasuredFile {
  /** Absolute. */
  readonly path: string
  /** Hexadecimal. */
  readonly sha256: string
}

/**
 * The kernel reads the file again when it starts it: what lies between is covered by a root file system that the
 * guest's own measurement covers, and by nothing else.
 * @throws ConfigError LAUNCH_FILE_CHANGED
 */
export async function expectFile({ path: file, sha256 }: MeasuredFile, signal: AbortSignal) {
  await using handle = await openRegular(file, file)
  const hash = createHash('sha256')
  await readThrough(handle, hash, async () => undefined, signal)
  if (hash.digest('hex') !== sha256) throw fileChanged(file)
}

/**
 * What a description names besides the model: the executable first.
 * @throws ConfigError LAUNCH_FILE_CHANGED
 */
export async function expectFiles(
  {
    executable,
    files,
  }: { readonly executable: MeasuredFile; readonly files: readonly MeasuredFile[] },
  signal: AbortSignal,
): Promise<void> {
  for (const one of [executable, ...files]) await expectFile(one, signal)
}

export interface ModelCopy {
  readonly source: string
  /** An empty folder of this process in memory. */
  readonly target: string
  /** By relative path, hexadecimal SHA-256. Nothing else is copied. */
  readonly files: Readonly<Record<string, string>>
  readonly onProgress: (done: { readonly bytes: number; readonly bytesTotal: number }) => void
}

/**
 * The bytes that are hashed are the bytes that are kept: whoever owns the disk can change nothing in between.
 * @throws ConfigError LAUNCH_FILE_CHANGED, LAUNCH_FOLDER when there is no room
 */
export async function copyModel(copy: ModelCopy, signal: AbortSignal): Promise<void> {
  const { source, target, files, onProgress } = copy
  const bytesTotal = await roomFor(copy)
  let bytes = 0
  for (const [name, sha256] of Object.entries(files)) {
    const file = path.join(target, name)
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await using from = await openRegular(path.join(source, name), name)
    await using to = await open(file, 'wx', 0o400)
    const hash = createHash('sha256')
    const keep = async (piece: Uint8Array): Promise<void> => {
      for (let at = 0; at < piece.length; ) {
        at += (await to.write(piece, at, piece.length - at)).bytesWritten
      }
      bytes += piece.length
      // It grows while it is read.
      if (bytes > bytesTotal) throw fileChanged(name)
      onProgress({ bytes, bytesTotal })
    }
    await readThrough(from, hash, keep, signal)
    if (hash.digest('hex') !== sha256) throw fileChanged(name)
  }
}

/**
 * Size of the files of a model, which may be others than those described.
 * @throws ConfigError LAUNCH_FILE_CHANGED where one is gone
 */
export async function modelBytes(folder: string, files: ModelCopy['files']): Promise<number> {
  let bytes = 0
  for (const name of Object.keys(files)) {
    const stat = await lstat(path.join(folder, name)).catch(() => undefined)
    if (stat === undefined) throw fileChanged(name)
    bytes += stat.size
  }
  return bytes
}

async function roomFor({ source, target, files }: ModelCopy): Promise<number> {
  const bytes = await modelBytes(source, files)
  if (bytes > (await freeBytesOf(target))) throw folderRefused(`${bytes} bytes do not fit into it`)
  return bytes
}

async function openRegular(file: string, name: string): Promise<FileHandle> {
  const handle = await open(file, READ).catch(() => {
    throw fileChanged(name)
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw fileChanged(name)
}

async function readThrough(
  handle: FileHandle,
  hash: Hash,
  take: (piece: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const buffer = new Uint8Array(LAUNCH_READ_BYTES)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return
    const piece = buffer.subarray(0, bytesRead)
    hash.update(piece)
    await take(piece)
  }
}
