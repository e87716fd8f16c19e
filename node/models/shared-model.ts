/** A model as its peer hands it out: the manifest, and each file's pieces, read when they are asked for. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { MODEL_PIECE_BYTES } from '#inference/constants.ts'
import { pieceHashes, pieceSizeBytes } from '#inference/model/pieces.ts'
import type { Model } from '#inference/model/read-model.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { leafHash } from '#protocol/merkle.ts'
import { manifestDocument } from './manifest-document.ts'
import { isTextFile } from './model-paths.ts'

export interface SharedModel {
  readonly rootHex: string
  readonly manifest: Uint8Array
  /** By the root of the file's piece tree, hexadecimal. */
  readonly files: ReadonlyMap<string, SharedFile>
}

/** What is handed out: a chat model or an encoder, whole in memory when it is hashed. */
export type WholeModel = Pick<Model, 'root' | 'manifest' | 'files'>

export interface SharedFile {
  readonly path: string
  readonly sizeBytes: number
  readonly hashes: readonly Uint8Array[]
  /** Undefined: no such piece, or the file on the disk is another one by now. */
  piece(index: number): Promise<Uint8Array | undefined>
}

/**
 * @param withWeights false: only what a client needs to count tokens
 */
export function sharedModel(
  model: WholeModel,
  folder: string,
  withWeights: boolean,
  crypto: CryptoPort,
): SharedModel {
  const files = new Map<string, SharedFile>()
  for (const entry of model.manifest) {
    const bytes = model.files.get(entry.path)
    if (bytes === undefined || !(withWeights || isTextFile(entry.path))) continue
    const file = path.join(folder, entry.path)
    const hashes = pieceHashes(bytes, crypto)
    const { sizeBytes } = entry
    const piece = (index: number) => readPiece(file, sizeBytes, index, hashes[index], crypto)
    files.set(toHex(entry.pieces), { path: entry.path, sizeBytes, hashes, piece })
  }
  return { rootHex: toHex(model.root), manifest: manifestDocument(model.manifest), files }
}

async function readPiece(
  file: string,
  sizeBytes: number,
  index: number,
  hash: Uint8Array | undefined,
  crypto: CryptoPort,
): Promise<Uint8Array | undefined> {
  if (hash === undefined) return undefined
  const bytes = new Uint8Array(pieceSizeBytes(sizeBytes, index))
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    for (let at = 0; at < bytes.length; ) {
      const position = index * MODEL_PIECE_BYTES + at
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, position)
      if (bytesRead === 0) return undefined
      at += bytesRead
    }
  } catch {
    return undefined
  }
  return equal(leafHash(crypto, bytes), hash) ? bytes : undefined
}
