/** The fee rows of `cocoon bench settlement`: found by executing, not written down. */
import { describe, expect, it } from 'vitest'
import { claimFeeNano } from '#node/bench/claim-fee.ts'

describe('the fee of a claim', () => {
  it('is within reach at both price tables, and not the same at both', async () => {
    const now = await claimFeeNano(1, 'mainnet-2026-08')
    const before = await claimFeeNano(1, 'mainnet-2024')
    expect(now).toBeGreaterThan(100_000n)
    expect(now).toBeLessThanOrEqual(500_000n)
    expect(before).toBeLessThanOrEqual(3_000_000n)
    expect(before).toBeGreaterThan(3n * now)
  })
})
