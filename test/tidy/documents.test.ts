/** The documents are held equal to the code: error codes, limits, links, paths and commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exitCodeOf } from '#node/cli/failure.ts'
import { SETTING_NAMES, SETTINGS, type Setting } from '#node/config/table.ts'
import { errorResponse } from '#node/gateway/http-error.ts'
import { CocoonError, type ErrorKind } from '#protocol/errors.ts'
import { repositoryRoot, rooms, sourceFiles } from '#test/support/source-files.ts'

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

const production = rooms.flatMap((room) => sourceFiles(room))

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(repositoryRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** Words in capitals that are no codes: names in documents of others, environment variables. */
const OTHER_WORDS = new Set([
  ...['ATTESTATION_REPORT', 'TCB_VERSION', 'PLATFORM_INFO'],
  ...['TD_QE', 'TDX_01', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'PER_CHANNEL'],
  ...SETTING_NAMES.flatMap((name) => (SETTINGS[name] as Setting).variable ?? []),
])

/** Constructors of typed errors, and how a subclass calls its own. */
const MAKERS =
  /(?:new (Config|Unavailable|Protocol|Attestation|Settlement)Error|super)\(\s*'(\w+)'/g
const SUPERCLASS = /class \w+ extends (Config|Unavailable|Protocol|Attestation|Settlement)Error\b/

/** Each code that is thrown, with the kinds it is thrown as. */
function thrownKinds(): Map<string, Set<string>> {
  const kinds = new Map<string, Set<string>>()
  for (const { text } of production) {
    const superclass = SUPERCLASS.exec(text)?.[1]
    for (const [, named, code = ''] of text.matchAll(MAKERS)) {
      const kind = named ?? superclass
      if (kind === undefined) continue
      kinds.set(code, (kinds.get(code) ?? new Set()).add(kind.toLowerCase()))
    }
  }
  return kinds
}

/** Every quoted word in capitals with an underscore: also codes that reach a throw by a detour. */
function quotedWords(): string[] {
  const words = production.flatMap(({ text }) =>
    [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map((match) => match[1] ?? ''),
  )
  return [...new Set(words)].filter((word) => !OTHER_WORDS.has(word))
}

interface ErrorRow {
  readonly anchor: string
  readonly code: string
  readonly kinds: string
  readonly outcome: string
}

function errorRows(): ErrorRow[] {
  const row = /^\| <a id="(\w+)"><\/a>`(\w+)` \| ([a-z, ]+) \| [^|]+ \| [^|]+ \| ([\d /,]+) \|$/gm
  return [...read('docs/ERRORS.md').matchAll(row)].map(
    ([, anchor = '', code = '', kinds = '', outcome = '']) => ({ anchor, code, kinds, outcome }),
  )
}

/** What the program really does with an error of these kinds. */
function outcomeOf(code: string, kinds: string): string {
  return kinds
    .split(', ')
    .map((kind) => new CocoonError(kind as ErrorKind, code, ''))
    .map((error) => `${exitCodeOf(error)} / ${errorResponse(error).status}`)
    .join(', ')
}

/** `FILE NAME = VALUE`, so that two rooms may have a limit of one name. */
function exportedLimits(): string[] {
  return production
    .filter((file) => file.path.endsWith('constants.ts'))
    .flatMap((file) =>
      [...file.text.matchAll(/^export const ([A-Z0-9_]+) = ([^\n]+)$/gm)].map(
        ([, name, value = '']) => `${file.path} ${name} = ${value.replace(' as const', '')}`,
      ),
    )
}

function documentedLimits(): string[] {
  let file = ''
  return read('docs/LIMITS.md')
    .split('\n')
    .flatMap((line) => {
      file = /^`(\S+constants\.ts)`$/.exec(line)?.[1] ?? file
      const [, name, value, reason = ''] =
        /^\| `(\w+)` \| `([^`]+)` \| [^|]+ \| ([^|]+) \|$/.exec(line) ?? []
      return name === undefined || reason.trim() === '' ? [] : [`${file} ${name} = ${value}`]
    })
}

describe('documents', () => {
  it('docs/ERRORS.md lists every code that is thrown, and no other, with its kinds', () => {
    const thrown = [...thrownKinds()].map(([code, kinds]) => [code, [...kinds].sort().join(', ')])
    const documented = errorRows().map(({ code, kinds }) => [code, kinds])
    expect(thrown.length).toBeGreaterThan(150)
    expect(documented.sort()).toEqual(thrown.sort())
  })

  it('docs/spec/cli.md lists every setting with its flag, variable and key, and no other', () => {
    const row = /^\| (`--[^`]+`)? *\| (`(?:COCOON|HF)_\w+`)? *\| (`\w+`)? *\| [^|]+ \| [^|]+ \|$/gm
    const listed = [...read('docs/spec/cli.md').matchAll(row)].map(([, ...names]) => names)
    const settings = SETTING_NAMES.map((name) => {
      const { flag, variable, fileKey } = SETTINGS[name] as Setting
      return [flag, variable, fileKey].map((text) => text && `\`${text}\``)
    })
    expect(settings.length).toBeGreaterThan(10)
    expect(listed).toEqual(settings)
  })

  it('docs/ERRORS.md knows every other word in capitals that the code passes about', () => {
    const words = quotedWords()
    expect(words).toContain('METER_OVERRUN')
    const text = read('docs/ERRORS.md')
    expect(words.filter((word) => !text.includes(`\`${word}\``))).toEqual([])
  })

  it('docs/ERRORS.md gives the exit code and the HTTP status of the program', () => {
    const rows = errorRows()
    expect(rows.map(({ outcome }) => outcome)).toEqual(
      rows.map(({ code, kinds }) => outcomeOf(code, kinds)),
    )
  })

  it('the link that an error prints leads to its row', () => {
    const rows = errorRows()
    const links = rows.map(({ code }) => new CocoonError('config', code, '').toDocument().docs)
    expect(rows.map(({ anchor }) => `docs/ERRORS.md#${anchor}`)).toEqual(links)
  })

  it('docs/LIMITS.md lists every exported limit with its value, and no other', () => {
    const limits = exportedLimits()
    expect(limits.length).toBeGreaterThan(200)
    expect(documentedLimits().sort()).toEqual(limits.sort())
  })

  it('links and repository paths in the documents are alive', () => {
    expect(documents.length).toBeGreaterThan(10)
    const dead = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !existsSync(join(repositoryRoot, dirname(document), link)))
        .map((link) => `${document}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('files that the documents name in code spans are there', () => {
    const path = /`((?:protocol|inference|attestation|settlement|node|test|docs|models)\/[^`\s]*)`/g
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(path)].map((match) => ({ document, path: match[1] ?? '' })),
    )
    expect(named.length).toBeGreaterThan(50)
    const dead = named
      .filter((one) => !/[*{<#]/.test(one.path) && !existsSync(join(repositoryRoot, one.path)))
      .map((one) => `${one.document}: ${one.path}`)
    expect(dead).toEqual([])
  })

  it('tests that the documents tell a reader to run are there', () => {
    const run = documents.flatMap((document) =>
      [...read(document).matchAll(/npx vitest run ([^`\n#]+)/g)].flatMap((match) =>
        (match[1] ?? '')
          .trim()
          .split(/\s+/)
          .filter((word) => word.startsWith('test/'))
          .map((path) => ({ document, path })),
      ),
    )
    expect(run.length).toBeGreaterThan(5)
    const dead = run
      .filter((one) => !existsSync(join(repositoryRoot, one.path)))
      .map((one) => `${one.document}: ${one.path}`)
    expect(dead).toEqual([])
  })

  it('no file carries a path of a machine', () => {
    const texts = [...production, ...documents.map((path) => ({ path, text: read(path) }))]
    const wrong = texts
      .filter((file) => /\/(work|home|root)\/[a-z]/.test(file.text))
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })
})
