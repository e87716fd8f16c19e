/**
 * Every kind of good evidence in the corpus with a byte changed, cut or added, at places drawn from a seed (LONG=1: every
 * place): never accepted, never a check that breaks instead of refusing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appraiseCase } from '#attestation/appraisal/corpus.ts'
import { type CorpusCase, parseCase, parseShared } from '#attestation/appraisal/corpus-case.ts'
import { BROKEN_CHECK } from '#attestation/verify/refuse.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { repositoryRoot } from '#test/support/source-files.ts'

const IS_LONG = process.env['LONG'] === '1'
const SEED = 7
const RUNS = 25
const LIMIT_MS = IS_LONG ? 3_600_000 : 120_000
/** The kernel's padding behind a version 4 quote may be cut off whole. */
const KERNEL_PADDING_BYTES = 70

const folder = join(repositoryRoot, 'test/vectors/attestation')
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const shared = parseShared(read('shared.json'), crypto)
const good: readonly CorpusCase[] = readdirSync(folder)
  .filter((name) => name.endsWith('-good.json'))
  .map((name) => parseCase(read(name), shared))

type Input = CorpusCase['input']
/** Each file that a case is made of, and the case with other bytes in its place. */
function filesOf(one: CorpusCase): { file: Uint8Array; put: (other: Uint8Array) => CorpusCase }[] {
  const { input } = one
  const put = (changes: Partial<Input>): CorpusCase => ({ ...one, input: { ...input, ...changes } })
  const { evidence, collateral, certificates = [] } = input
  return [
    { file: evidence, put: (other) => put({ evidence: other }) },
    ...(collateral === undefined
      ? []
      : [{ file: collateral, put: (other: Uint8Array) => put({ collateral: other }) }]),
    ...certificates.map((file, at) => ({
      file,
      put: (other: Uint8Array) => put({ certificates: certificates.with(at, other) }),
    })),
  ]
}

function expectRefused(one: CorpusCase, what: string): void {
  const { ok, steps } = appraiseCase(one, crypto)
  expect(ok, what).toBe(false)
  expect(steps.filter((step) => step.status === 'failed').length, what).toBeGreaterThan(0)
  expect(
    steps.filter(({ detail }) => detail === BROKEN_CHECK),
    what,
  ).toEqual([])
}

/** Runs on every place of the file, or on some of them. */
function forPlaces(length: number, check: (at: number, mask: number) => void): void {
  if (IS_LONG) {
    for (let at = 0; at < length; at++) check(at, 1 << (at % 8))
    return
  }
  const place = fc.integer({ min: 0, max: length - 1 })
  const mask = fc.integer({ min: 1, max: 255 })
  fc.assert(fc.property(place, mask, check), { numRuns: RUNS, seed: SEED })
}

describe.each(good.map((one) => ({ id: one.id, one })))('$id', ({ one }) => {
  it(
    'is refused with a byte changed, cut or added anywhere',
    () => {
      expect(appraiseCase(one, crypto).ok).toBe(true)
      for (const { file, put } of filesOf(one)) {
        forPlaces(file.length, (at, mask) => {
          expectRefused(put(file.with(at, (file[at] ?? 0) ^ mask)), `byte ${at} changed`)
          const isPadding = file.length - at === KERNEL_PADDING_BYTES && one.id.includes('padding')
          if (!isPadding) expectRefused(put(file.subarray(0, at)), `cut at ${at}`)
          const longer = Uint8Array.from([...file.subarray(0, at), mask, ...file.subarray(at)])
          expectRefused(put(longer), `a byte added at ${at}`)
        })
      }
    },
    LIMIT_MS,
  )
})
