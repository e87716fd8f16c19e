/** Imports go one way: protocol <- {inference, attestation, settlement} <- node. */
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Room, rooms, type SourceFile, sourceFiles } from '#test/support/source-files.ts'

const allowed: Record<Room, readonly Room[]> = {
  protocol: ['protocol'],
  inference: ['inference', 'protocol'],
  attestation: ['attestation', 'protocol'],
  settlement: ['settlement', 'protocol'],
  node: ['node', 'protocol', 'inference', 'attestation', 'settlement'],
}

const importPattern = /(?:from\s+|import\s*\(\s*|import\s+)['"]([^'"]+)['"]/g

function importedRooms(file: SourceFile): { specifier: string; room: string }[] {
  return [...file.text.matchAll(importPattern)].flatMap((match) => {
    const specifier = match[1] ?? ''
    if (specifier.startsWith('#'))
      return [{ specifier, room: specifier.slice(1).split('/')[0] ?? '' }]
    if (!specifier.startsWith('.')) return []
    const target = normalize(join(dirname(file.path), specifier))
    return [{ specifier, room: target.split('/')[0] ?? '' }]
  })
}

describe('layers', () => {
  it.each(rooms)('%s imports only what it may', (room) => {
    const files = sourceFiles(room)
    expect(files.length, 'the check must have seen files').toBeGreaterThan(3)
    const seen = files.flatMap((file) => importedRooms(file).map((found) => ({ file, ...found })))
    expect(seen.length, 'the check must have seen imports').toBeGreaterThan(3)
    const wrong = seen
      .filter((found) => !(allowed[room] as readonly string[]).includes(found.room))
      .map((found) => `${found.file.path} imports ${found.specifier}`)
    expect(wrong).toEqual([])
  })

  it('would notice a wrong import', () => {
    const file: SourceFile = {
      path: 'protocol/x.ts',
      room: 'protocol',
      text: "import '#node/y.ts'",
    }
    expect(importedRooms(file)).toEqual([{ specifier: '#node/y.ts', room: 'node' }])
  })

  it('crosses rooms by # specifiers only, so that a crossing is visible', () => {
    const wrong = rooms.flatMap((room) =>
      sourceFiles(room).flatMap((file) =>
        importedRooms(file)
          .filter((found) => found.specifier.startsWith('.') && found.room !== room)
          .map((found) => `${file.path} imports ${found.specifier}`),
      ),
    )
    expect(wrong).toEqual([])
  })
})
