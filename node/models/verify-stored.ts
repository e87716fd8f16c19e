/** Compares the files of a stored model with its manifest. */
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { GRAPH_FOLDER } from '#inference/model/read-model.ts'
import { equal } from '#protocol/bytes.ts'
import { type Hashing, hashFile } from './file-hash.ts'
import { SMALL_FILE_PATHS } from './model-paths.ts'
import type { StoredModel } from './store.ts'

export interface FileFault {
  readonly path: string
  readonly fault: 'missing' | 'changed' | 'unexpected'
}

/**
 * Every file is hashed; a file that would count as part of the model and is none of it is a fault too.
 * Rejects with the signal's reason.
 */
export async function verifyStored(
  { folder, files }: StoredModel,
  hashing: Hashing = {},
): Promise<readonly FileFault[]> {
  const faults: FileFault[] = []
  for (const file of files) {
    try {
      const hash = await hashFile(path.join(folder, file.path), hashing)
      const isSame = equal(hash.sha256, file.sha256) && equal(hash.pieces, file.pieces)
      if (!isSame) faults.push({ path: file.path, fault: 'changed' })
    } catch {
      hashing.signal?.throwIfAborted()
      faults.push({ path: file.path, fault: 'missing' })
    }
  }
  const graphs = await readdir(path.join(folder, GRAPH_FOLDER)).catch(() => [])
  const could = [...graphs.map((name) => `${GRAPH_FOLDER}/${name}`), ...SMALL_FILE_PATHS]
  for (const one of could) {
    if (files.some((file) => file.path === one)) continue
    const there = await lstat(path.join(folder, one)).catch(() => undefined)
    if (there !== undefined) faults.push({ path: one, fault: 'unexpected' })
  }
  return faults
}
