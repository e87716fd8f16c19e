import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const repositoryRoot = join(import.meta.dirname, '..', '..')

export const rooms = ['protocol', 'inference', 'attestation', 'settlement', 'node'] as const
export type Room = (typeof rooms)[number]

export interface SourceFile {
  readonly path: string
  readonly room: Room | 'test'
  readonly text: string
}

/** Every TypeScript file of a room, generated ones left out. */
export function sourceFiles(room: Room | 'test'): SourceFile[] {
  return readdirSync(join(repositoryRoot, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('/gen/'))
    .map((path) => ({ path, room, text: readFileSync(join(repositoryRoot, path), 'utf8') }))
}
