/** Compares the files of a stored model with its manifest. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { GRAPH_FOLDER } from '#inference/model/read-model.ts'
import { equal } from '#protocol/bytes.ts'
import { hashFile } from './file-hash.ts'
import { isTextFile } from './model-paths.ts'
import type { StoredModel } from './store.ts'

export interface FileFault {
  readonly path: string
  readonly fault: 'missing' | 'changed' | 'unexpected'
}

/** Every file is hashed; a file that would count as part of the model and is none of it is a fault too. */
export async function verifyStored({ folder, files }: StoredModel): Promise<readonly FileFault[]> {
  const faults: FileFault[] = []
  for (const file of files) {
    try {
      const hash = await hashFile(path.join(folder, file.path))
      const isSame = equal(hash.sha256, file.sha256) && equal(hash.pieces, file.pieces)
      if (!isSame) faults.push({ path: file.path, fault: 'changed' })
    } catch {
      faults.push({ path: file.path, fault: 'missing' })
    }
  }
  const graphs = await readdir(path.join(folder, GRAPH_FOLDER)).catch(() => [])
  const there = [
    ...graphs.map((name) => `${GRAPH_FOLDER}/${name}`),
    ...(await readdir(folder)).filter(isTextFile),
  ]
  for (const one of there) {
    if (!files.some((file) => file.path === one)) faults.push({ path: one, fault: 'unexpected' })
  }
  return faults
}
