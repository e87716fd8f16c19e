/** The corpus: what the script writes is what lies in the folder, and both crypto ports judge it alike. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { appraiseCase, runCase } from '#attestation/appraisal/corpus.ts'
import {
  type CorpusCase,
  NOTHING_SHARED,
  parseCase,
  parseShared,
} from '#attestation/appraisal/corpus-case.ts'
import { stepNames } from '#attestation/verdict-steps.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { corpusFiles } from '#test/corpus/files.ts'
import { CORPUS } from '#test/corpus/index.ts'
import { errorCode } from '#test/support/error-code.ts'
import { repositoryRoot } from '#test/support/source-files.ts'

const folder = join(repositoryRoot, 'test/vectors/attestation')
const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
const shared = parseShared(JSON.parse(text('shared.json')), nodeCrypto)
const names = readdirSync(folder).sort()
const cases: readonly CorpusCase[] = names
  .filter((name) => name !== 'shared.json')
  .map((name) => parseCase(JSON.parse(text(name)), shared))

describe('the folder of the corpus', () => {
  it('holds byte for byte what the script writes, and nothing else', () => {
    const files = corpusFiles(CORPUS)
    expect(names).toEqual([...files.keys()].sort())
    for (const [name, written] of files) expect(text(name) === written, name).toBe(true)
  })

  it('has its cases under their own names, in less than 3 MB', () => {
    expect(cases.length).toBeGreaterThanOrEqual(300)
    for (const [at, { id }] of cases.entries()) {
      expect(names.filter((name) => name !== 'shared.json')[at]).toBe(`${id}.json`)
    }
    const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(text(name)), 0)
    expect(bytes).toBeLessThan(3_000_000)
  })

  it('has a case that fails at every step a verdict knows, and a good case of every kind', () => {
    const failing = new Set(cases.flatMap(({ expect: wanted }) => wanted.failed))
    for (const kind of ['tdx', 'sev-snp'] as const) {
      expect(stepNames(kind).filter((step) => !failing.has(step))).toEqual([])
    }
    const good = cases.filter(({ expect: wanted }) => wanted.ok).map(({ id }) => id)
    for (const id of [
      'simulated-tdx-good',
      'tdx-v5-td10-good',
      'tdx-v5-td15-good',
      'snp-genoa-good',
      'snp-turin-good',
      'snp-vlek-good',
      'gpu-report-good',
      'gpu-machine-snp-good',
      'gpu-machine-tdx-good',
      'challenge-good',
      'event-log-good',
    ]) {
      expect(good).toContain(id)
    }
    expect(good.every((id) => id.endsWith('-good'))).toBe(true)
  })
})

describe('every case', () => {
  it('comes out as expected over node:crypto', () => {
    const wrong = cases
      .map((one) => runCase(one, nodeCrypto))
      .filter((result) => !result.isAsExpected)
    expect(wrong).toEqual([])
  })

  it('has the same appraisal over noble as over node:crypto, to the letter', () => {
    for (const one of cases) {
      expect(appraiseCase(one, nobleCrypto), one.id).toEqual(appraiseCase(one, nodeCrypto))
    }
  }, 300_000)

  it('that breaks the verifier, instead of being refused by it, is never as expected', () => {
    const [one] = cases.filter(({ id }) => id === 'tdx-quote-zero-signature')
    const ecdsaVerify = () => {
      throw new TypeError('a bug')
    }
    const result = one && runCase(one, { ...nodeCrypto, ecdsaVerify })
    expect(result).toMatchObject({ isAsExpected: false, found: 'pck-chain broke' })
  })
})

describe('a file of the corpus', () => {
  const document = JSON.parse(text('simulated-tdx-good.json'))
  const read = (changes: object, parts = shared) =>
    errorCode(() => parseCase({ ...document, ...changes }, parts))

  it.each([
    ['an unknown field', { extra: 1 }],
    ['another format', { format: 'cocoon-attestation-case/2' }],
    ['bytes that are no base64', { input: { evidence: '*' } }],
    ['a hash that nothing has', { input: { evidence: `sha256:${'00'.repeat(32)}` } }],
    ['a policy that nothing has', { policy: `sha256:${'00'.repeat(32)}` }],
    ['a clock that is none', { clock: 'yesterday' }],
  ])('with %s is refused', (_name, changes) => {
    expect(read(changes)).toBe('CORPUS_INVALID')
  })

  it('names what is shared by the hash that it has, so that nothing can be put in its place', () => {
    expect(document.policy).toMatch(/^sha256:/)
    expect(read({}, NOTHING_SHARED)).toBe('CORPUS_INVALID')
    const swapped = JSON.parse(text('shared.json'))
    swapped.policies = swapped.policies.map((one: object) => ({ ...one, name: 'swapped' }))
    expect(read({}, parseShared(swapped, nodeCrypto))).toBe('CORPUS_INVALID')
  })
})
