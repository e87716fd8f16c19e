/**
 * Price tables of the base workchain. The sandbox ships mainnet's configuration from before the fee
 * cut of 2026-04 and refuses the present one as a whole, so the parameters that set prices are
 * replaced in it. Contracts are tested under both: no fee may be a constant anywhere.
 */
import { beginCell, Cell, Dictionary } from '@ton/core'
import { defaultConfig } from '@ton/sandbox'

/** `mainnet-2026-08`: parameters 18, 21, 25 of mainnet in 2026-08; the other: as in sandbox 0.41. */
export type PriceTable = 'mainnet-2026-08' | 'mainnet-2024'

export const PRICE_TABLES: readonly PriceTable[] = ['mainnet-2026-08', 'mainnet-2024']

const PARAM_STORAGE = 18
const PARAM_GLOBAL_ID = 19
const PARAM_GAS = 21
const PARAM_FORWARD = 25

/** The blockchain configuration with these prices and this global id (signed 32 bits). */
export function chainConfig(globalId: number, table: PriceTable): Cell {
  const params = Dictionary.loadDirect(
    Dictionary.Keys.Int(32),
    Dictionary.Values.Cell(),
    Cell.fromBase64(defaultConfig),
  )
  params.set(PARAM_GLOBAL_ID, beginCell().storeInt(globalId, 32).endCell())
  if (table === 'mainnet-2026-08') {
    params.set(PARAM_STORAGE, storagePrices(STORAGE_PRICES))
    params.set(PARAM_GAS, gasPrices())
    params.set(PARAM_FORWARD, forwardPrices())
  }
  return beginCell().storeDictDirect(params).endCell()
}

/** One row of the storage prices: nanoTON per 2^16 seconds, per bit and per cell, from a Unix time in seconds on. */
export interface StoragePriceRow {
  readonly sinceS: number
  readonly bitNano: bigint
  readonly cellNano: bigint
}

const STORAGE_PRICES: readonly StoragePriceRow[] = [
  { sinceS: 0, bitNano: 1n, cellNano: 500n },
  { sinceS: 1_777_500_000, bitNano: 0n, cellNano: 135n },
]

/** Configuration parameter 18 (block.tlb, StoragePrices), in place of what the configuration has. */
export function withStoragePrices(config: Cell, prices: readonly StoragePriceRow[]): Cell {
  const params = Dictionary.loadDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell(), config)
  params.set(PARAM_STORAGE, storagePrices(prices))
  return beginCell().storeDictDirect(params).endCell()
}

function storagePrices(prices: readonly StoragePriceRow[]): Cell {
  const rows = Dictionary.empty(Dictionary.Keys.Uint(32), {
    serialize: (row: Cell, builder) => builder.storeSlice(row.beginParse()),
    parse: (slice) => slice.asCell(),
  })
  for (const { sinceS, bitNano, cellNano } of prices) {
    const row = beginCell().storeUint(0xcc, 8).storeUint(sinceS, 32)
    const own = row.storeUint(bitNano, 64).storeUint(cellNano, 64)
    const masterchain = own.storeUint(1_000, 64).storeUint(500_000, 64)
    rows.set(sinceS, masterchain.endCell())
  }
  return beginCell().storeDictDirect(rows).endCell()
}

/** gas_flat_pfx, then gas_prices_ext: 66.67 nanoTON per gas (fixed point, 16 bits of fraction). */
function gasPrices(): Cell {
  return beginCell()
    .storeUint(0xd1, 8)
    .storeUint(100, 64)
    .storeUint(6_667, 64)
    .storeUint(0xde, 8)
    .storeUint(4_369_067, 64)
    .storeUint(1_000_000, 64)
    .storeUint(1_000_000, 64)
    .storeUint(10_000, 64)
    .storeUint(10_000_000, 64)
    .storeUint(100_000_000, 64)
    .storeUint(1_000_000_000, 64)
    .endCell()
}

/** msg_forward_prices: lump 66,667 nanoTON, then per bit and per cell as above. */
function forwardPrices(): Cell {
  return beginCell()
    .storeUint(0xea, 8)
    .storeUint(66_667, 64)
    .storeUint(4_369_067, 64)
    .storeUint(436_906_667, 64)
    .storeUint(98_304, 32)
    .storeUint(0x5555, 16)
    .storeUint(0x5555, 16)
    .endCell()
}
