/**
 * A file that comes in pieces, in any order, each checked before it is written. What an earlier run left
 * is checked piece by piece; there is no list of what came, so nothing can claim what is not there.
 */
import { mkdir, open, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { MODEL_PIECE_BYTES } from '#inference/constants.ts'
import type { ManifestEntry } from '#inference/model/manifest.ts'
import { pieceSizeBytes } from '#inference/model/pieces.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { leafHash } from '#protocol/merkle.ts'
import { asDiskFull, syncFolder } from './disk.ts'

type FileHandle = Awaited<ReturnType<typeof open>>

export class PartFile {
  readonly #handle: FileHandle
  readonly #target: string
  /** Indices of pieces that are not here. */
  readonly missing: readonly number[]

  private constructor(handle: FileHandle, target: string, missing: readonly number[]) {
    this.#handle = handle
    this.#target = target
    this.missing = missing
  }

  /**
   * @param hashes leaf of each piece of the file
   * @param signal ends the look at what is here, which takes its time
   */
  static async open(
    folder: string,
    entry: ManifestEntry,
    hashes: readonly Uint8Array[],
    crypto: CryptoPort,
    signal: AbortSignal,
  ): Promise<PartFile> {
    const target = path.join(folder, entry.path)
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 })
    // A whole one from an earlier run becomes a part again: it is checked like any other.
    if ((await stat(target).catch(() => undefined)) !== undefined) {
      await rename(target, partOf(target))
    }
    const handle = await open(partOf(target), 'a', 0o600).then(async (made) => {
      await made.close()
      return open(partOf(target), 'r+')
    })
    if ((await handle.stat()).size > entry.sizeBytes) await handle.truncate(entry.sizeBytes)
    const missing: number[] = []
    try {
      for (const [index, hash] of hashes.entries()) {
        signal.throwIfAborted()
        if (!(await isHere(handle, entry.sizeBytes, index, hash, crypto))) missing.push(index)
      }
    } catch (error) {
      await handle.close()
      throw error
    }
    return new PartFile(handle, target, missing)
  }

  /** A checked piece to its place. @throws UnavailableError MODEL_DISK_FULL */
  async write(index: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.write(bytes, 0, bytes.length, index * MODEL_PIECE_BYTES)
    } catch (error) {
      throw asDiskFull(error)
    }
  }

  /** When every piece was written: on the disk, then in its place. */
  async finish(): Promise<void> {
    await this.#handle.sync()
    await this.#handle.close()
    await rename(partOf(this.#target), this.#target)
    await syncFolder(path.dirname(this.#target))
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
  }
}

async function isHere(
  handle: FileHandle,
  sizeBytes: number,
  index: number,
  hash: Uint8Array,
  crypto: CryptoPort,
): Promise<boolean> {
  const bytes = new Uint8Array(pieceSizeBytes(sizeBytes, index))
  for (let at = 0; at < bytes.length; ) {
    const position = index * MODEL_PIECE_BYTES + at
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, position)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return equal(leafHash(crypto, bytes), hash)
}

function partOf(target: string): string {
  return `${target}.part`
}
