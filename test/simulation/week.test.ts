/** The short form of `npm run week`: fewer peers, two days. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { simulateWeek } from './week.ts'

it('two days, 6 clients, 3 providers: every nanoTON is explained', {
  timeout: 300_000,
}, async () => {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(path.join(memory, 'cocoon-week-'))
  try {
    const result = await simulateWeek({ seed: 7, clients: 6, providers: 3, hours: 48, folder })
    const { report, counts } = result
    console.log(counts)
    expect(report.channels.flatMap(({ discrepancies }) => discrepancies)).toEqual([])
    expect(report.unexplainedNano).toBe(0n)
    // A run in which nothing happened explains nothing.
    for (const what of [
      'requests answered',
      'claims',
      'power cuts',
      'chain: lost',
      'chain: stale',
    ]) {
      expect(counts[what] ?? 0, what).toBeGreaterThan(0)
    }
    // Two honest sides never dispute, whatever was lost between them.
    expect(Object.keys(counts).filter((code) => /DISPUTED|FROZEN/.test(code))).toEqual([])
    const both = report.channels.map(({ channel }) => channel)
    expect(both.length).toBeGreaterThan(new Set(both).size)
    expect(report.deposit.paidForReceiptsNano).toBeGreaterThan(0n)
    // Six looks at the chain fit into a close delay: nothing that was served stays unpaid.
    expect(report.deposit.paidForReceiptsNano).toBe(report.usedNano)
    expect(report.deposit.refundedNano).toBeGreaterThan(0n)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
