/** What pulls that were broken off have left in a store: kept for the same pull, of no use to another. */
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'

export interface PartialPulls {
  readonly folder: string
  readonly sizeBytes: number
}

/** @param folder `partialDir` of the store; its size counts pulls that run now, too */
export function partialPulls(folder: string): PartialPulls {
  return { folder, sizeBytes: bytesBelow(folder) }
}

/** A file that goes away meanwhile, and a folder that is not there, count nothing. */
function bytesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
  } catch {
    return 0
  }
}
