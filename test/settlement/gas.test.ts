/** docs/GAS.md is what the executor says, and a claim costs what this network promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import { committedGasPage, type GasRow, gasPage, gasTable } from './gas-table.ts'

let rows: GasRow[]
beforeAll(async () => {
  rows = await gasTable()
})

describe('the gas table', () => {
  it('is the committed page', () => {
    expect(committedGasPage()).toBe(gasPage(rows))
  })

  it('keeps a claim below a thousandth of a coin', () => {
    const claim = rows.find((one) => one.operation === 'claim, by the provider')!
    expect(claim.feesNano['mainnet-2026-08']).toBeLessThanOrEqual(500_000n)
    expect(claim.feesNano['mainnet-2024']).toBeLessThanOrEqual(3_000_000n)
    // A thousand receipts that share one claim: a millionth of a coin each.
    expect(claim.feesNano['mainnet-2026-08'] / 1_000n).toBeLessThanOrEqual(1_000n)
  })
})
