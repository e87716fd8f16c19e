import { expect, it } from 'vitest'
import { isMaterialChange, type OfferStatement } from '#protocol/market/material-change.ts'
import { statementOf } from '../support/market-peers.ts'

const BEFORE = statementOf({ slotsTotal: 8, slotsFree: 4 })

it.each<[boolean, Partial<OfferStatement>]>([
  [false, {}],
  [false, { slotsFree: 3 }],
  [false, { queued: 1 }],
  [true, { slotsFree: 2 }],
  [true, { slotsFree: 0, queued: 0 }],
  [true, { queued: 2 }],
  [true, { prices: { ...BEFORE.prices, cachedNanoPerMtok: 1n } }],
  [true, { tier: 'open' }],
  [true, { statementDigest: new Uint8Array(32).fill(1) }],
  [true, { contextTokens: 1 }],
])('material: %s, case %#', (expected, changes) => {
  expect(isMaterialChange(BEFORE, { ...BEFORE, ...changes })).toBe(expected)
})

it('is material when the last slot goes or the first comes back, however many slots there are', () => {
  const many = statementOf({ slotsTotal: 100, slotsFree: 1 })
  expect(isMaterialChange(many, { ...many, slotsFree: 0 })).toBe(true)
  expect(isMaterialChange({ ...many, slotsFree: 0 }, many)).toBe(true)
})
