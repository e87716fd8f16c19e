/** `cocoon models pull --root`: from other peers into the store, several sources at once. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { type ManifestEntry, type ModelManifest, manifestRoot } from '#inference/model/manifest.ts'
import { pieceSizeBytes } from '#inference/model/pieces.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { type FreeBytes, requireRoom } from './disk.ts'
import { hashMismatch } from './errors.ts'
import { entryOf, hashFile } from './file-hash.ts'
import { PartFile } from './part-file.ts'
import type { PeerSource } from './peer-source.ts'
import { PieceQueue, type WantedPiece } from './piece-queue.ts'
import { PullProgress } from './pull-events.ts'
import type { ModelOrigin } from './record.ts'
import { type PoolParts, SourcePool } from './source-pool.ts'
import type { ModelStore, StoredModel } from './store.ts'

export interface PeerPull extends PoolParts {
  readonly store: ModelStore
  readonly clock: Clock
  readonly freeBytes: FreeBytes
  readonly name: string
  readonly origin: ModelOrigin
}

interface Plan {
  readonly manifest: ModelManifest
  /** By path: leaves of each file's pieces. */
  readonly hashes: ReadonlyMap<string, readonly Uint8Array[]>
}

/**
 * @throws UnavailableError MODEL_SOURCES_EXHAUSTED, MODEL_DISK_FULL, MODEL_PULL_RUNNING
 * @throws ConfigError MODEL_NAME_TAKEN
 */
export async function pullFromPeers(pull: PeerPull): Promise<StoredModel> {
  const { store, root, name, origin, clock } = pull
  const rootHex = toHex(root)
  store.requireFreeName(name, rootHex)
  const here = store.has(rootHex)
  if (here !== undefined) return here
  const { folder, lock } = store.openPartial(rootHex)
  try {
    const pool = new SourcePool(pull)
    const plan = await planOf(pool, root)
    await fetchPieces(pull, pool, plan, folder)
    await checkWhole(plan, folder, pull)
    const record = { name, root, files: plan.manifest, origin, addedAtMs: clock.nowMs() }
    return await store.adopt(folder, record)
  } finally {
    lock.release()
  }
}

/** The manifest, and the hashes of all pieces: proven by the root, whoever sends them. */
async function planOf(pool: SourcePool, root: Uint8Array): Promise<Plan> {
  let manifest: ModelManifest | undefined
  const hashes = new Map<string, readonly Uint8Array[]>()
  const isDone = () => manifest !== undefined && hashes.size === manifest.length
  const ask = async (source: PeerSource): Promise<boolean> => {
    if (isDone()) return false
    manifest ??= await source.manifest(root)
    const entry = manifest?.find(({ path: one }) => !hashes.has(one))
    if (entry === undefined) return false
    const found = await source.pieceHashes(entry)
    if (found !== undefined) hashes.set(entry.path, found)
    return found !== undefined
  }
  await pool.run(ask, isDone)
  return { manifest: manifest ?? [], hashes }
}

async function fetchPieces(
  pull: PeerPull,
  pool: SourcePool,
  { manifest, hashes }: Plan,
  folder: string,
): Promise<void> {
  const parts = new Map<string, PartFile>()
  try {
    const wanted: WantedPiece[] = []
    for (const entry of manifest) {
      const leaves = hashes.get(entry.path) ?? []
      const part = await PartFile.open(folder, entry, leaves, pull.crypto, pull.signal)
      parts.set(entry.path, part)
      wanted.push(...part.missing.map((index) => ({ entry, index, hash: leaves[index]!, part })))
    }
    const progress = await startProgress(pull, manifest, wanted, folder)
    const queue = new PieceQueue(wanted)
    await pool.run(
      (source) => fetchOne(source, queue, progress),
      () => queue.isDone,
    )
    for (const { path: one, sha256 } of manifest) {
      await parts.get(one)!.finish()
      pull.tell({ kind: 'file', path: one, sha256: toHex(sha256) })
    }
  } finally {
    for (const part of parts.values()) await part.close()
  }
}

async function startProgress(
  { freeBytes, tell }: PeerPull,
  manifest: ModelManifest,
  wanted: readonly WantedPiece[],
  folder: string,
): Promise<PullProgress> {
  const bytesTotal = manifest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const bytesWanted = wanted.reduce((sum, piece) => sum + sizeOf(piece), 0)
  await requireRoom(folder, bytesWanted, freeBytes)
  const bytesHere = bytesTotal - bytesWanted
  tell({ kind: 'plan', files: manifest.length, bytesTotal, bytesHere })
  return new PullProgress(tell, bytesTotal, bytesHere)
}

const sizeOf = ({ entry, index }: WantedPiece): number => pieceSizeBytes(entry.sizeBytes, index)

/** One piece from one source; the piece goes back in line whatever happens to the source. */
async function fetchOne(
  source: PeerSource,
  queue: PieceQueue,
  progress: PullProgress,
): Promise<boolean> {
  const wanted = await queue.next()
  if (wanted === undefined) return false
  let isWritten = false
  try {
    const bytes = await source.piece(wanted.entry, wanted.index, wanted.hash)
    if (bytes === undefined) return false
    await wanted.part.write(wanted.index, bytes)
    isWritten = true
    progress.add(bytes.length)
    return true
  } finally {
    if (isWritten) queue.done()
    else queue.putBack(wanted)
  }
}

/**
 * Every piece was checked; that a file's SHA-256 fits them is its publisher's word until now, and what is on
 * the disk is only the disk's.
 * @throws ProtocolError MODEL_HASH_MISMATCH; nothing of it is kept
 */
async function checkWhole({ manifest }: Plan, folder: string, pull: PeerPull): Promise<void> {
  const entries: ManifestEntry[] = []
  for (const { path: one, sha256 } of manifest) {
    const hash = await hashFile(path.join(folder, one), { signal: pull.signal })
    entries.push(entryOf(one, hash))
    if (equal(hash.sha256, sha256)) continue
    await rm(folder, { recursive: true, force: true })
    throw hashMismatch(one)
  }
  if (!equal(manifestRoot(entries, pull.crypto), pull.root)) throw hashMismatch('the model')
}
