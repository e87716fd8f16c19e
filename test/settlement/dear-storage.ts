/**
 * A chain where storage costs so much that a second more or less of rent is many nanoTON: at the published prices the
 * same second is lost in rounding up.
 */
import type { Blockchain } from '@ton/sandbox'
import { withStoragePrices } from '#settlement/devchain/prices.ts'
import type { Size } from './fuzz/effects.ts'

/** nanoTON per 2^16 seconds. */
const BIT_PRICE = 20n
const CELL_PRICE = 10_000n

/** Until the bench is set back to its fresh chain. */
export function makeStorageDear(chain: Blockchain): void {
  const prices = [{ sinceS: 0, bitNano: BIT_PRICE, cellNano: CELL_PRICE }]
  chain.setConfig(withStoragePrices(chain.config, prices))
}

/** Storage fee by the chain's rule, rounded up. */
export function dearRent(seconds: number, { bits, cells }: Size): bigint {
  return ((bits * BIT_PRICE + cells * CELL_PRICE) * BigInt(seconds) + 65_535n) / 65_536n
}
