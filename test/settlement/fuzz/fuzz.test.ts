/**
 * Contracts against their reference models: in CI 2,000 operations, `LONG=1` runs above 100,000 and asks
 * that each kind of operation was accepted at least 50 times.
 */
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { runSubject, SUBJECTS } from './subjects.ts'

const LONG = process.env['LONG'] === '1'
const TIMEOUT_MS = LONG ? 3 * 60 * 60 * 1_000 : 300_000

/** A line for each twentieth, straight to the terminal: vitest keeps a test's own lines until it ends. */
function progressOf(name: string, prices: string, operations: number): (done: number) => void {
  const startedMs = performance.now()
  let told = 0
  return (done) => {
    const part = Math.floor((20 * done) / operations)
    if (part === told) return
    told = part
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    const line = `fuzz ${name}, prices ${prices}: ${done} of ${operations} in ${seconds} s`
    process.stderr.write(`${line}\n`)
  }
}

describe.each(SUBJECTS)('$name against its model', (subject) => {
  it.each(PRICE_TABLES)(
    'does what the model says at prices %s',
    async (prices) => {
      const operations = LONG ? subject.long : subject.short
      const tell = LONG ? progressOf(subject.name, prices, operations) : undefined
      const report = await runSubject(subject, prices, operations, tell)
      if (LONG) console.log(JSON.stringify({ name: subject.name, prices, ...report }))
      expect(report.operations).toBe(operations)
      for (const kind of subject.kinds) {
        expect(report.accepted[kind] ?? 0, kind).toBeGreaterThanOrEqual(LONG ? 50 : 1)
        expect(report.refused[kind] ?? 0, kind).toBeGreaterThan(0)
      }
    },
    TIMEOUT_MS,
  )
})

describe('the fuzz as a whole', () => {
  const operations = (form: 'short' | 'long') =>
    SUBJECTS.reduce((sum, subject) => sum + subject[form] * PRICE_TABLES.length, 0)

  it('is 2,000 operations in CI and at least 100,000 in the long form', () => {
    expect(operations('short')).toBe(2_000)
    expect(operations('long')).toBeGreaterThanOrEqual(100_000)
  })
})
