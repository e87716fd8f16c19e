/** Hashes of a model's file, taken while its bytes pass by: SHA-256, git's blob id, piece hashes. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { MODEL_PIECE_BYTES } from '#inference/constants.ts'
import type { ManifestEntry } from '#inference/model/manifest.ts'
import { piecesRoot } from '#inference/model/pieces.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { HASH_READ_BYTES } from './constants.ts'

const LEAF = Uint8Array.of(0)

export interface FileHash {
  readonly sizeBytes: number
  readonly sha256: Uint8Array
  /** Root of the piece tree. */
  readonly pieces: Uint8Array
  /** Leaf of each piece. */
  readonly pieceHashes: readonly Uint8Array[]
  /** SHA-1 of git's blob, hexadecimal: how a hub names files that are not in LFS. */
  readonly gitBlobId: string
}

/** Give it a file's bytes in order, in parts of any size. */
export class FileHasher {
  readonly #sha256 = createHash('sha256')
  readonly #git: ReturnType<typeof createHash>
  readonly #pieceHashes: Uint8Array[] = []
  #piece = createHash('sha256').update(LEAF)
  #pieceBytes = 0
  #sizeBytes = 0

  /** @param sizeBytes the size that the file is said to have: part of git's blob id */
  constructor(sizeBytes: number) {
    this.#git = createHash('sha1').update(`blob ${sizeBytes}\0`)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes)
    this.#git.update(bytes)
    this.#sizeBytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(MODEL_PIECE_BYTES - this.#pieceBytes, bytes.length - at)
      this.#piece.update(bytes.subarray(at, at + take))
      this.#pieceBytes += take
      at += take
      if (this.#pieceBytes === MODEL_PIECE_BYTES) this.#endPiece()
    }
  }

  /** Once, after the last byte. */
  finish(): FileHash {
    if (this.#pieceBytes > 0) this.#endPiece()
    return {
      sizeBytes: this.#sizeBytes,
      sha256: new Uint8Array(this.#sha256.digest()),
      pieces: piecesRoot(this.#pieceHashes, nodeCrypto),
      pieceHashes: this.#pieceHashes,
      gitBlobId: this.#git.digest('hex'),
    }
  }

  #endPiece(): void {
    this.#pieceHashes.push(new Uint8Array(this.#piece.digest()))
    this.#piece = createHash('sha256').update(LEAF)
    this.#pieceBytes = 0
  }
}

/** Files have many gigabytes: whoever waits sees how far it is, and may stop it. */
export interface Hashing {
  readonly onBytes?: ((bytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Hashes a file on disk; memory stays at one read. Rejects with the signal's reason. */
export async function hashFile(file: string, hashing: Hashing = {}): Promise<FileHash> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  const hasher = new FileHasher(size)
  await feed(handle, hasher, size, hashing)
  return hasher.finish()
}

/** Feeds the first `sizeBytes` of an open file; stops at its end. */
export async function feed(
  handle: Awaited<ReturnType<typeof open>>,
  hasher: FileHasher,
  sizeBytes: number,
  { onBytes, signal }: Hashing = {},
): Promise<void> {
  const buffer = new Uint8Array(HASH_READ_BYTES)
  for (let at = 0; at < sizeBytes; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - at), at)
    if (bytesRead === 0) return
    hasher.update(buffer.subarray(0, bytesRead))
    onBytes?.(bytesRead)
    at += bytesRead
  }
}

export function entryOf(path: string, hash: FileHash): ManifestEntry {
  return { path, sizeBytes: hash.sizeBytes, sha256: hash.sha256, pieces: hash.pieces }
}
