/** The hash tree over one file's pieces (docs/spec/exactness.md, "Model root"). */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { appendLeaf, emptyTree, leafHash, treeRoot } from '#protocol/merkle.ts'
import { MODEL_PIECE_BYTES } from '../constants.ts'

/** Pieces of a file of this size. */
export function pieceCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / MODEL_PIECE_BYTES)
}

/** Bytes of one piece: only the last may be shorter. */
export function pieceSizeBytes(sizeBytes: number, index: number): number {
  return Math.min(MODEL_PIECE_BYTES, sizeBytes - index * MODEL_PIECE_BYTES)
}

/** 32-byte leaf of each piece, in order; the bytes are not copied as a whole. */
export function pieceHashes(bytes: Uint8Array, crypto: CryptoPort): Uint8Array[] {
  return Array.from({ length: pieceCount(bytes.length) }, (_, index) => {
    const start = index * MODEL_PIECE_BYTES
    return leafHash(crypto, bytes.subarray(start, start + MODEL_PIECE_BYTES))
  })
}

/** 32-byte root over all pieces' hashes. */
export function piecesRoot(hashes: readonly Uint8Array[], crypto: CryptoPort): Uint8Array {
  const tree = hashes.reduce((grown, hash) => appendLeaf(crypto, grown, hash), emptyTree())
  return treeRoot(crypto, tree)
}
