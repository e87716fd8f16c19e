/**
 * The prices of a network, from its own configuration (parameters 18 and 20, 21, 24, 25 of block.tlb).
 * Nothing off the chain knows a price: the fee cut of 2026-04 made every such constant six times wrong.
 */
import { Cell, Dictionary, type Slice } from '@ton/core'
import { z } from 'zod'
import { type ChainAccess, callChain, reach, unreachable } from '../chain/access.ts'

/** Prices are fixed point with 16 bits of fraction, except the flat ones, which are nanoTON. */
export interface GasPrices {
  readonly flatLimit: bigint
  readonly flatNano: bigint
  /** nanoTON per gas, times 2^16. */
  readonly price: bigint
}

export interface ForwardPrices {
  readonly lumpNano: bigint
  /** nanoTON per bit and per cell, times 2^16. */
  readonly bit: bigint
  readonly cell: bigint
}

export interface ChainPrices {
  readonly gas: GasPrices
  readonly forward: ForwardPrices
  /** nanoTON per second, times 2^16. */
  readonly storage: { readonly bit: bigint; readonly cell: bigint }
}

const PARAM_STORAGE = 18
/** Of the masterchain and of all other workchains. */
const PARAMS = { '-1': { gas: 20, forward: 24 }, '0': { gas: 21, forward: 25 } } as const

const TAG = {
  flat: 0xd1,
  prices: 0xdd,
  pricesExtended: 0xde,
  forward: 0xea,
  storage: 0xcc,
} as const
const FRACTION_BITS = 16n

const answer = z.object({
  config: z.object({ bytes: z.base64().transform((text) => Cell.fromBase64(text)) }),
})

/** @throws UnavailableError CHAIN_UNREACHABLE, also when a parameter is not what block.tlb says */
export function readPrices(access: ChainAccess, workchain: -1 | 0 = 0): Promise<ChainPrices> {
  const { gas, forward } = PARAMS[`${workchain}`]
  return reach(async () => ({
    gas: parseGas((await param(access, gas)).beginParse()),
    forward: parseForward((await param(access, forward)).beginParse()),
    storage: parseStorage(await param(access, PARAM_STORAGE), workchain),
  }))
}

/** Rounded up, as the executor does. */
export function gasFeeNano({ flatLimit, flatNano, price }: GasPrices, gas: bigint): bigint {
  return gas <= flatLimit ? flatNano : flatNano + fromFixed((gas - flatLimit) * price)
}

/** `bits` and `cells` below the root of a message; the root is in the lump. */
export function forwardFeeNano(prices: ForwardPrices, size: MessageSize): bigint {
  return prices.lumpNano + fromFixed(prices.bit * size.bits + prices.cell * size.cells)
}

export interface MessageSize {
  readonly bits: bigint
  readonly cells: bigint
}

/** Distinct cells below the root: equal ones are stored, and paid, once. */
export function sizeBelow(root: Cell): MessageSize {
  const seen = new Map<string, number>()
  const waiting = [...root.refs]
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    const hash = cell.hash().toString('hex')
    if (seen.has(hash)) continue
    seen.set(hash, cell.bits.length)
    waiting.push(...cell.refs)
  }
  const bits = [...seen.values()].reduce((sum, length) => sum + length, 0)
  return { bits: BigInt(bits), cells: BigInt(seen.size) }
}

function fromFixed(value: bigint): bigint {
  return (value + (1n << FRACTION_BITS) - 1n) >> FRACTION_BITS
}

async function param(access: ChainAccess, id: number): Promise<Cell> {
  const found = await callChain(access, 'getConfigParam', { config_id: id }, answer)
  if (found.ok) return found.result.config.bytes
  throw unreachable(`the endpoint does not tell parameter ${id} of the configuration`)
}

/** gas_flat_pfx, then gas_prices or gas_prices_ext. */
function parseGas(slice: Slice): GasPrices {
  let flat = { flatLimit: 0n, flatNano: 0n }
  let tag = slice.loadUint(8)
  if (tag === TAG.flat) {
    flat = { flatLimit: slice.loadUintBig(64), flatNano: slice.loadUintBig(64) }
    tag = slice.loadUint(8)
  }
  expectTag(tag, TAG.prices, TAG.pricesExtended)
  return { ...flat, price: slice.loadUintBig(64) }
}

function parseForward(slice: Slice): ForwardPrices {
  expectTag(slice.loadUint(8), TAG.forward)
  const lumpNano = slice.loadUintBig(64)
  return { lumpNano, bit: slice.loadUintBig(64), cell: slice.loadUintBig(64) }
}

/** A table by the time since which a row holds: the last one is in force, or soon will be. */
function parseStorage(cell: Cell, workchain: -1 | 0): ChainPrices['storage'] {
  const rows = Dictionary.loadDirect(
    Dictionary.Keys.Uint(32),
    { serialize: () => undefined, parse: parseStorageRow },
    cell,
  )
  const last = rows.keys().reduce((latest, since) => Math.max(latest, since), 0)
  const row = rows.get(last)
  if (row === undefined) throw new Error('no storage price')
  return workchain === 0 ? row.base : row.master
}

function parseStorageRow(slice: Slice) {
  expectTag(slice.loadUint(8), TAG.storage)
  slice.skip(32)
  return {
    base: { bit: slice.loadUintBig(64), cell: slice.loadUintBig(64) },
    master: { bit: slice.loadUintBig(64), cell: slice.loadUintBig(64) },
  }
}

function expectTag(tag: number, ...allowed: readonly number[]): void {
  if (!allowed.includes(tag)) throw new Error('a configuration parameter of another shape')
}
