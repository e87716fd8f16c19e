/** `cocoon bench attest`: rows of the agreed form, honest evidence under every figure; no test of speed. */
import { expect, test } from 'vitest'
import { verifyEvidence } from '#attestation/verdict.ts'
import { benchAttest } from '#node/bench/attest.ts'
import { attestSubjects } from '#node/bench/attest-evidence.ts'
import { measure, ratioOf, spreadOf } from '#node/bench/measure.ts'
import { rawSignaturesOf } from '#node/bench/raw-signatures.ts'
import { benchTable } from '#node/bench/rows.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'

test('every figure is of evidence that is accepted, beside the checks that it really makes', async () => {
  const subjects = await attestSubjects(crypto, 1)
  const { context, tdx, snp, gpu, otherTdx } = subjects
  for (const evidence of [tdx, snp, gpu, ...otherTdx.slice(0, 2)]) {
    expect(verifyEvidence(evidence, context).ok).toBe(true)
  }
  // Three of the PCK chain, two of the chain that signs both documents, two lists, two documents, QE report, quote.
  expect(rawSignaturesOf(tdx, context).count).toBe(11)
  expect(rawSignaturesOf(gpu, context).count).toBeGreaterThan(rawSignaturesOf(snp, context).count)
  const damaged = { ...tdx, quote: tdx.quote.subarray(1) }
  expect(() => rawSignaturesOf(damaged, context)).toThrow(RangeError)
})

test('rows have the agreed fields, and the table names each figure', async () => {
  const document = await benchAttest(1)
  expect(document).toMatchObject({ bench: 'attest', seed: 1 })
  expect(document.versions['node']).toBe(process.versions.node)
  expect(document.rows).toHaveLength(6)
  for (const row of document.rows) {
    expect(Object.keys(row).sort()).toEqual(
      ['against', 'figure', 'max', 'median', 'min', 'ok', 'ratio', 'reach', 'unit', 'value'].sort(),
    )
    expect(row.min).toBeGreaterThan(0)
    expect(row.median).toBeLessThanOrEqual(row.max)
    expect(benchTable(document)).toContain(row.figure)
  }
})

test('a task that does far more work takes more time', () => {
  const spin = (turns: number) => () => {
    let sum = 0
    for (let at = 0; at < turns; at++) sum += Math.sqrt(at)
    return sum
  }
  const timed = measure({ one: spin(20_000), two: spin(200_000) })
  expect(ratioOf(timed.two, timed.one)).toBeGreaterThan(1.2)
  expect(spreadOf(timed.one).min).toBeLessThanOrEqual(spreadOf(timed.one).median)
})
