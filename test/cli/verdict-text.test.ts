/** What a person reads of a verdict: every step in a line, and of each that failed the standard's word and what to do. */
import { expect, test } from 'vitest'
import { verifyEvidence } from '#attestation/verdict.ts'
import { failureText, verdictLine, verdictTable } from '#node/cli/verdict-text.ts'
import { context, makeEvidence, nowMs } from '../attestation/network.ts'

const late = verifyEvidence(makeEvidence(), { ...context, nowMs: nowMs + 90 * 60_000 })

test('a failed step says its standard term, what was looked at, found and required, and what to do', () => {
  const text = failureText(late.steps)
  expect(text).toMatch(/^failed +freshness: not-before block$/m)
  expect(text).toMatch(/^looked at +statement, chain$/m)
  expect(text).toMatch(/required +a not-before block on the chain .* at most 75 min old/)
  expect(text).toMatch(/why +block 41 is \d+ s old/)
  expect(text).toMatch(/see +docs\/spec\/attestation\.md#freshness/)
  expect(text).toMatch(/do +retry: Ask this provider again/)
})

test('a verdict without a failure has nothing to say, and a receipt step without a term is named once', () => {
  expect(failureText(verifyEvidence(makeEvidence(), context).steps)).toBe('')
  const step = { name: 'bill', status: 'failed' as const, found: '', detail: 'another bill' }
  expect(failureText([step])).toBe('failed  bill\nwhy     another bill')
})

test('the table has every step, the line the failed ones', () => {
  for (const { name } of late.steps) expect(verdictTable(late.steps)).toContain(name)
  expect(verdictLine(late)).toBe('REFUSED, tier simulated, failed: freshness')
})
