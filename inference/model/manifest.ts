/**
 * What identifies a model: its files, each with size, SHA-256 and piece tree, under one Merkle root
 * (docs/spec/exactness.md, "Model root").
 */
import { tagged, u64be, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { appendLeaf, emptyTree, leafHash, treeRoot } from '#protocol/merkle.ts'
import { pieceHashes, piecesRoot } from './pieces.ts'

export interface ManifestEntry {
  /** Relative to the model's folder, with forward slashes. */
  readonly path: string
  readonly sizeBytes: number
  /** 32 bytes. */
  readonly sha256: Uint8Array
  /** Root of the tree over the file's pieces, 32 bytes. */
  readonly pieces: Uint8Array
}

/** Sorted by the bytes of the path; no path twice. */
export type ModelManifest = readonly ManifestEntry[]

/** Path to content, as held in memory. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>

/** Hashes the very bytes that are used afterwards. */
export function manifestOf(files: ModelFiles, crypto: CryptoPort): ModelManifest {
  return [...files]
    .map(([path, bytes]) => ({
      path,
      sizeBytes: bytes.length,
      sha256: crypto.sha256(bytes),
      pieces: piecesRoot(pieceHashes(bytes, crypto), crypto),
    }))
    .sort(byPath)
}

/** The order of a manifest: by the bytes of the path. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(utf8(a.path), utf8(b.path))
}

/** 32-byte root over `tagged("cocoon/model/2", path, u64 size, sha256, pieces)`, one leaf per file. */
export function manifestRoot(manifest: ModelManifest, crypto: CryptoPort): Uint8Array {
  const tree = manifest.reduce(
    (grown, entry) => appendLeaf(crypto, grown, leafHash(crypto, leafData(entry))),
    emptyTree(),
  )
  return treeRoot(crypto, tree)
}

function leafData({ path, sizeBytes, sha256, pieces }: ManifestEntry): Uint8Array {
  return tagged('cocoon/model/2', utf8(path), u64be(BigInt(sizeBytes)), sha256, pieces)
}
