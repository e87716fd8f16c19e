/**
 * A chain where storage costs so much that a second more or less of rent is many nanoTON: at the published prices the
 * same second is lost in rounding up.
 */
import { beginCell, type Cell, Dictionary } from '@ton/core'
import type { Blockchain } from '@ton/sandbox'
import type { Size } from './fuzz/effects.ts'

const PARAM_STORAGE = 18
/** nanoTON per 2^16 seconds. */
const BIT_PRICE = 20n
const CELL_PRICE = 10_000n

/** Until the bench is set back to its fresh chain. */
export function makeStorageDear(chain: Blockchain): void {
  const params = Dictionary.loadDirect(
    Dictionary.Keys.Int(32),
    Dictionary.Values.Cell(),
    chain.config,
  )
  const prices = beginCell()
    .storeUint(0xcc, 8)
    .storeUint(0, 32)
    .storeUint(BIT_PRICE, 64)
    .storeUint(CELL_PRICE, 64)
    .storeUint(1_000, 64)
    .storeUint(500_000, 64)
    .endCell()
  const rows = Dictionary.empty(Dictionary.Keys.Uint(32), {
    serialize: (row: Cell, builder) => builder.storeSlice(row.beginParse()),
    parse: (slice) => slice.asCell(),
  })
  rows.set(0, prices)
  params.set(PARAM_STORAGE, beginCell().storeDictDirect(rows).endCell())
  chain.setConfig(beginCell().storeDictDirect(params).endCell())
}

/** Storage fee by the chain's rule, rounded up. */
export function dearRent(seconds: number, { bits, cells }: Size): bigint {
  return ((bits * BIT_PRICE + cells * CELL_PRICE) * BigInt(seconds) + 65_535n) / 65_536n
}
