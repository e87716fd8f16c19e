/** The documents are held equal to the code: error codes, limits, links and paths. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot, rooms, sourceFiles } from '#test/support/source-files.ts'

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

const production = rooms.flatMap((room) => sourceFiles(room))

function thrownCodes(): string[] {
  const pattern =
    /new (?:Config|Unavailable|Protocol|Attestation|Settlement)Error\(\s*'([A-Z0-9_]+)'/g
  return [
    ...new Set(
      production.flatMap((file) => [...file.text.matchAll(pattern)].map((m) => m[1] ?? '')),
    ),
  ].sort()
}

function documentedCodes(): string[] {
  return [...read('docs/ERRORS.md').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)]
    .map((m) => m[1] ?? '')
    .sort()
}

describe('documents', () => {
  it('docs/ERRORS.md lists every code that is thrown, and no other', () => {
    const codes = thrownCodes()
    expect(codes.length).toBeGreaterThan(20)
    expect(documentedCodes()).toEqual(codes)
  })

  it('docs/LIMITS.md lists every exported limit with its value', () => {
    const pattern = /^export const ([A-Z0-9_]+) = ([^\n]+)$/gm
    const limits = production
      .filter((file) => file.path.endsWith('constants.ts'))
      .flatMap((file) => [...file.text.matchAll(pattern)])
      .map((match) => match[1] ?? '')
    expect(limits.length).toBeGreaterThan(20)
    const text = read('docs/LIMITS.md')
    expect(limits.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })

  it('links and repository paths in the documents are alive', () => {
    const documents = [
      'README.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'CHANGELOG.md',
      ...readdirSync(join(repositoryRoot, 'docs'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join('docs', name)),
    ]
    expect(documents.length).toBeGreaterThan(10)
    const dead = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !existsSync(join(repositoryRoot, dirname(document), link)))
        .map((link) => `${document}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('no file carries a path of a machine', () => {
    const wrong = production
      .filter((file) => /\/(work|home|root)\/[a-z]/.test(file.text))
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })
})
