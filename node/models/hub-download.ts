/**
 * One file from a hub: into a `.part` beside its place, hashed while it is written, moved there when its
 * bytes are those that the hub named. What an earlier run left is hashed again and continued.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { equal } from '#protocol/bytes.ts'
import { asDiskFull, syncFolder } from './disk.ts'
import { hashMismatch } from './errors.ts'
import { type FileHash, FileHasher, feed, hashFile } from './file-hash.ts'
import { askHub, type HubAccess, type HubAnswer, HubTrouble } from './hub-http.ts'
import { type Repository, type RepositoryFile, resolvePath } from './hub-repository.ts'
import type { PullProgress } from './pull-events.ts'
import { type RetryParts, withRetries } from './retry.ts'

type FileHandle = Awaited<ReturnType<typeof open>>

export interface HubDownload {
  readonly access: HubAccess
  readonly repository: Repository
  readonly folder: string
  readonly retry: RetryParts
  readonly progress: PullProgress
}

/** Bytes of a file that are here already. */
export async function bytesHere(folder: string, file: RepositoryFile): Promise<number> {
  const target = path.join(folder, file.path)
  for (const one of [target, partOf(target)]) {
    const found = await stat(one).catch(() => undefined)
    if (found !== undefined) return Math.min(found.size, file.sizeBytes)
  }
  return 0
}

/**
 * @throws ProtocolError MODEL_HASH_MISMATCH when a whole file twice was another one
 * @throws UnavailableError MODEL_HUB_UNAVAILABLE, MODEL_DISK_FULL
 */
export async function downloadFile(download: HubDownload, file: RepositoryFile): Promise<FileHash> {
  const target = path.join(download.folder, file.path)
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 })
  const here = await stat(target).catch(() => undefined)
  if (here?.size === file.sizeBytes) {
    const hash = await hashFile(target, { signal: download.retry.signal })
    if (isNamed(file, hash)) return hash
    await rm(target)
    download.progress.add(-file.sizeBytes)
  }
  return (await tryWhole(download, file, target)) ?? again(download, file, target)
}

/** A part that a crash left half-written, or a mirror of another age, gets one fresh start. */
async function again(
  download: HubDownload,
  file: RepositoryFile,
  target: string,
): Promise<FileHash> {
  download.retry.tell({
    kind: 'notice',
    message: `${file.path} came with other bytes than the hub named: thrown away, fetched once more`,
  })
  const hash = await tryWhole(download, file, target)
  if (hash === undefined) throw hashMismatch(file.path)
  return hash
}

/** Undefined: all bytes came and they are others; nothing is kept. */
async function tryWhole(
  download: HubDownload,
  file: RepositoryFile,
  target: string,
): Promise<FileHash | undefined> {
  const part = partOf(target)
  let best = 0
  let isBetter = false
  const hash = await withRetries(
    download.retry,
    file.path,
    async () => {
      isBetter = false
      await using handle = await open(part, 'a+', 0o600)
      try {
        const hasher = await resumed(handle, file, download)
        best = Math.max(best, hasher.sizeBytes)
        if (hasher.sizeBytes < file.sizeBytes) {
          await receive(download, file, handle, hasher).finally(() => {
            // Further than ever: a host that lets one begin again and again wins no new tries.
            isBetter = hasher.sizeBytes > best
            best = Math.max(best, hasher.sizeBytes)
          })
        }
        await handle.sync()
        return hasher.finish()
      } catch (error) {
        throw asDiskFull(error)
      }
    },
    () => isBetter,
  )
  if (!isNamed(file, hash)) {
    await rm(part, { force: true })
    download.progress.add(-file.sizeBytes)
    return undefined
  }
  await rename(part, target)
  await syncFolder(path.dirname(target))
  return hash
}

/** What the part file holds goes through the hasher again: it may end anywhere. */
async function resumed(
  handle: FileHandle,
  file: RepositoryFile,
  { progress, retry: { signal } }: HubDownload,
): Promise<FileHasher> {
  const { size } = await handle.stat()
  const hasher = new FileHasher(file.sizeBytes)
  if (size > file.sizeBytes) {
    progress.add(-file.sizeBytes)
    await handle.truncate(0)
  } else {
    await feed(handle, hasher, size, { signal })
  }
  return hasher
}

async function receive(
  { access, repository, retry, progress }: HubDownload,
  file: RepositoryFile,
  handle: FileHandle,
  hasher: FileHasher,
): Promise<void> {
  const from = hasher.sizeBytes
  const range = from === 0 ? undefined : `bytes=${from}-`
  const answer = await askHub(access, resolvePath(repository, file.path), {
    ...{ range, signal: retry.signal },
  })
  try {
    await checkAnswer(answer, repository, file, from, async () => {
      // It sends the whole file again: what is here would be there twice.
      await handle.truncate(0)
      progress.add(-from)
    })
    for await (const bytes of answer.body) {
      if (hasher.sizeBytes + bytes.length > file.sizeBytes) {
        throw new HubTrouble(`${file.path} is longer than the hub said`)
      }
      await handle.appendFile(bytes)
      hasher.update(bytes)
      progress.add(bytes.length)
    }
  } finally {
    answer.discard()
  }
  if (hasher.sizeBytes < file.sizeBytes) throw new HubTrouble(`${file.path} was cut off`)
}

/** @throws HubTrouble unless the answer is what was asked for: this commit, this range, this size */
async function checkAnswer(
  { status, header }: HubAnswer,
  { commit }: Repository,
  file: RepositoryFile,
  from: number,
  forget: () => Promise<void>,
): Promise<void> {
  const answered = header('x-repo-commit')
  if (answered !== null && answered !== commit) throw new HubTrouble('it answers of another commit')
  if (status === 200) {
    const length = header('content-length')
    if (length !== null && length !== `${file.sizeBytes}`) {
      throw new HubTrouble(`${file.path} has another size than the hub said`)
    }
    if (from === 0) return
    await forget()
    throw new HubTrouble(`${file.path} is sent from its beginning only`)
  }
  const expected = `bytes ${from}-${file.sizeBytes - 1}/${file.sizeBytes}`
  if (from > 0 && header('content-range') === expected) return
  await forget()
  throw new HubTrouble(`${file.path} came with another range than was asked for`)
}

function isNamed({ sizeBytes, sha256, gitBlobId }: RepositoryFile, hash: FileHash): boolean {
  if (hash.sizeBytes !== sizeBytes) return false
  return sha256 === undefined ? hash.gitBlobId === gitBlobId : equal(hash.sha256, sha256)
}

function partOf(target: string): string {
  return `${target}.part`
}
