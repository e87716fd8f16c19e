/**
 * The small files of a model for a client that has none: from this machine, else from peers, checked
 * against the root of the network file, which is the root in the offers.
 */
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ManifestEntry, ModelFiles, ModelManifest } from '#inference/model/manifest.ts'
import { concat, equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { sleep } from '../async.ts'
import { TOKENIZER_FETCH_BYTES_MAX, TOKENIZER_FETCH_MS } from './constants.ts'
import { hashMismatch } from './errors.ts'
import { manifestDocument, readManifest } from './manifest-document.ts'
import { isTextFile } from './model-paths.ts'
import type { PeerSource, SourceComponents } from './peer-source.ts'
import { SourcePool } from './source-pool.ts'

const MANIFEST_FILE = 'manifest.json'

export class TokenizerFiles {
  readonly #components: SourceComponents
  readonly #dir: string

  /** @param dir where fetched files are kept, a folder for each root */
  constructor(components: SourceComponents, dir: string) {
    this.#components = components
    this.#dir = dir
  }

  /** @throws UnavailableError MODEL_SOURCES_EXHAUSTED */
  async get(root: Uint8Array): Promise<ModelFiles> {
    return (await this.#kept(root)) ?? this.#keep(root, await this.#fetch(root))
  }

  /** Undefined: nothing is kept, or it is not what the root says. */
  async #kept(root: Uint8Array): Promise<ModelFiles | undefined> {
    const { crypto } = this.#components
    const folder = this.#folder(root)
    try {
      const manifest = readManifest(await readBounded(folder, MANIFEST_FILE), root, crypto)
      const files = new Map<string, Uint8Array>()
      for (const entry of smallFiles(manifest)) {
        const bytes = await readBounded(folder, entry.path)
        if (!equal(crypto.sha256(bytes), entry.sha256)) return undefined
        files.set(entry.path, bytes)
      }
      return files
    } catch {
      return undefined
    }
  }

  async #fetch(root: Uint8Array): Promise<{ manifest: ModelManifest; files: ModelFiles }> {
    const files = new Map<string, Uint8Array>()
    let manifest: ModelManifest | undefined
    const isDone = () =>
      manifest !== undefined && smallFiles(manifest).every(({ path: one }) => files.has(one))
    const pool = new SourcePool({
      ...{ ...this.#components, root, wait: sleep, tell: () => undefined },
      signal: AbortSignal.timeout(TOKENIZER_FETCH_MS),
    })
    await pool.run(async (source) => {
      if (isDone()) return false
      manifest ??= await source.manifest(root)
      const entry = manifest && smallFiles(manifest).find(({ path: one }) => !files.has(one))
      const bytes = entry && (await fetchFile(source, entry, this.#components.crypto))
      if (entry === undefined || bytes === undefined) return false
      files.set(entry.path, bytes)
      return true
    }, isDone)
    return { manifest: manifest ?? [], files }
  }

  async #keep(
    root: Uint8Array,
    { manifest, files }: { readonly manifest: ModelManifest; readonly files: ModelFiles },
  ): Promise<ModelFiles> {
    const folder = this.#folder(root)
    const fresh = `${folder}.${process.pid}.new`
    await mkdir(fresh, { recursive: true, mode: 0o700 })
    await writeFile(path.join(fresh, MANIFEST_FILE), manifestDocument(manifest), { flush: true })
    for (const [one, bytes] of files) {
      const file = path.join(fresh, one)
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      await writeFile(file, bytes, { flush: true })
    }
    await rm(folder, { recursive: true, force: true })
    await rename(fresh, folder)
    return files
  }

  #folder(root: Uint8Array): string {
    return path.join(this.#dir, toHex(root))
  }
}

/** @throws ProtocolError MODEL_MANIFEST_INVALID when a client should not hold them in memory */
function smallFiles(manifest: ModelManifest): readonly ManifestEntry[] {
  const small = manifest.filter(({ path: one }) => isTextFile(one))
  const totalBytes = small.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (totalBytes <= TOKENIZER_FETCH_BYTES_MAX) return small
  throw new ProtocolError('MODEL_MANIFEST_INVALID', 'the tokenizer of the model is too large')
}

/** Undefined: the source does not have it. */
async function fetchFile(
  source: PeerSource,
  entry: ManifestEntry,
  crypto: CryptoPort,
): Promise<Uint8Array | undefined> {
  const hashes = await source.pieceHashes(entry)
  if (hashes === undefined) return undefined
  const pieces: Uint8Array[] = []
  for (const [index, hash] of hashes.entries()) {
    const piece = await source.piece(entry, index, hash)
    if (piece === undefined) return undefined
    pieces.push(piece)
  }
  const bytes = concat(...pieces)
  if (equal(crypto.sha256(bytes), entry.sha256)) return bytes
  throw hashMismatch(entry.path)
}

async function readBounded(folder: string, name: string): Promise<Uint8Array> {
  const file = path.join(folder, name)
  if ((await stat(file)).size > TOKENIZER_FETCH_BYTES_MAX) throw new RangeError('too large')
  return new Uint8Array(await readFile(file))
}
