/** docs/THREAT-MODEL.md: every threat has its defence, a test that is there, and what remains. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../support/source-files.ts'

const page = readFileSync(join(repositoryRoot, 'docs/THREAT-MODEL.md'), 'utf8')

/** Rows of the table under this heading, by the names of its columns. */
function rowsUnder(heading: string): Record<string, string>[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const [columns = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
  return rows.map((cells) => {
    expect(cells.length, cells[0]).toBe(columns.length)
    return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? '']))
  })
}

describe.each([
  ['Threats', 30, ['Threat', 'Defence', 'Shown by', 'What remains']],
  [
    'Physical attacks and hardware tiers',
    5,
    ['Attack', 'Needs', 'What a policy can do', 'Shown by', 'What remains'],
  ],
] as const)('%s', (heading, rowsMin, columns) => {
  const rows = rowsUnder(heading)

  it('names threat, defence, test and what remains in every row', () => {
    expect(rows.length).toBeGreaterThanOrEqual(rowsMin)
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(columns)
      for (const [column, cell] of Object.entries(row)) {
        expect(cell.length, `${columns[0]} ${row[columns[0]]}: ${column}`).toBeGreaterThan(5)
      }
    }
  })

  it('shows every row by tests that are there', () => {
    for (const row of rows) {
      const paths = row['Shown by']?.match(/test\/[\w./-]+/g) ?? []
      expect(paths.length, row[columns[0]]).toBeGreaterThan(0)
      for (const path of paths) expect(existsSync(join(repositoryRoot, path)), path).toBe(true)
    }
  })
})
