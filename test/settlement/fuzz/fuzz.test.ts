/**
 * Contracts against their reference models. In CI 2,000 operations in all; `LONG=1` runs 100,000 over
 * several seeds and asks that each kind of operation was accepted at least 50 times.
 */
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { fuzz, type Life } from './fuzz.ts'
import { ChannelLife } from './uni-channel.ts'

const LONG = process.env['LONG'] === '1'
const TIMEOUT_MS = LONG ? 3 * 60 * 60 * 1_000 : 120_000

interface Subject {
  readonly name: string
  readonly operations: number
  readonly begin: (prices: (typeof PRICE_TABLES)[number], life: number) => Promise<Life>
  readonly kinds: readonly string[]
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'UniChannel',
    operations: LONG ? 30_000 : 600,
    begin: ChannelLife.begin,
    kinds: ['top_up', 'claim', 'close', 'coop_close', 'start_close', 'finish', 'destroy'],
  },
]

describe.each(SUBJECTS)('$name', ({ begin, operations, kinds }) => {
  it.each(PRICE_TABLES)(
    'does what its model says at prices %s',
    async (prices) => {
      const report = await fuzz((life) => begin(prices, life), operations, 20_261_123)
      console.log(JSON.stringify(report))
      for (const kind of kinds) {
        expect(report.accepted[kind], kind).toBeGreaterThanOrEqual(LONG ? 50 : 1)
        expect(report.refused[kind], kind).toBeGreaterThan(0)
      }
    },
    TIMEOUT_MS,
  )
})
