/**
 * What a call does to coins, computed without the contract: messages sent, coins kept, rent set aside.
 */
import { type Address, Cell } from '@ton/core'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { Sent, SentMessage } from '../sandbox-bench.ts'

/** A message that the contract sends. */
export interface Out {
  readonly opcode: number
  readonly to: Address
  /** Undefined: what the call brought too much, which depends on the gas used. */
  readonly valueNano?: bigint
  /** Where the value depends on the gas used and yet has limits: the least and the most. */
  readonly limitsNano?: readonly [bigint, bigint]
  /** Undefined: the opcode alone is compared. */
  readonly body?: Cell
}

export interface Effect {
  readonly out: readonly Out[]
  /** Sent in the same trace when what was sent first comes back. */
  readonly later?: readonly Out[]
  /** By how much the contract's coins grow, its storage fee aside. */
  readonly keptNano: bigint
}

/** @throws Error when the call did something else */
export function sameEffect(sent: Sent, keptNano: bigint, effect: Effect): void {
  sameMessages('it', sent.out, effect.out)
  if (effect.later !== undefined) sameMessages('later it', sent.later, effect.later)
  if (keptNano !== effect.keptNano) {
    throw new Error(`it kept ${keptNano}, the model says ${effect.keptNano}`)
  }
}

function sameMessages(who: string, sent: readonly SentMessage[], expected: readonly Out[]): void {
  const found = sent.map((one, at) => describe(one, expected[at])).join()
  const wanted = expected.map((one) => describe(one, one)).join()
  if (found !== wanted) throw new Error(`${who} sent ${found}, the model says ${wanted}`)
  for (const [at, { limitsNano }] of expected.entries()) {
    const valueNano = sent[at]?.valueNano ?? 0n
    if (limitsNano !== undefined && (valueNano < limitsNano[0] || valueNano > limitsNano[1])) {
      throw new Error(`${who} sent ${valueNano} nanoTON, the model says ${limitsNano}`)
    }
  }
}

/** As much of a message as the model says something about. */
function describe(message: Out | SentMessage, model: Out | undefined): string {
  const { opcode, to, valueNano, body } = message
  return [
    `${opcode.toString(16)} to ${to}`,
    ...(model?.valueNano === undefined ? [] : [`with ${valueNano}`]),
    ...(model?.body === undefined ? [] : [`saying ${body}`]),
  ].join(' ')
}

/** Storage fees that the contract paid in this trace. */
export function storageFeesOf({ transactions }: Sent, contract: Address): bigint {
  const account = BigInt(`0x${contract.hash.toString('hex')}`)
  return transactions
    .filter(({ address }) => address === account)
    .reduce((sum, { description }) => {
      if (!('storagePhase' in description)) return sum
      return sum + (description.storagePhase?.storageFeesCollected ?? 0n)
    }, 0n)
}

/** Parameter 18: nanoTON per 2^16 seconds, per bit and per cell. */
const STORAGE_PRICES: Readonly<Record<PriceTable, readonly [bigint, bigint]>> = {
  'mainnet-2026-08': [0n, 135n],
  'mainnet-2024': [1n, 500n],
}

/** Parameter 25, lump price: what a message without references and state costs on its way. */
export const MESSAGE_PRICE_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 66_667n,
  'mainnet-2024': 400_000n,
}

/** Storage fee by the chain's rule, rounded up. */
export function storageRent(prices: PriceTable, seconds: number, size: Size): bigint {
  const [bitPrice, cellPrice] = STORAGE_PRICES[prices]
  const rate = size.bits * bitPrice + size.cells * cellPrice
  return (rate * BigInt(seconds) + 65_535n) / 65_536n
}

export interface Size {
  readonly bits: bigint
  readonly cells: bigint
}

/** Code and data of an account, each of their cells counted once. */
export function sizeOf(state: { readonly code: Uint8Array; readonly data: Uint8Array }): Size {
  const [code, data] = [state.code, state.data].map((boc) =>
    cellsOf(Cell.fromBoc(Buffer.from(boc))[0]!),
  ) as [Size, Size]
  return { bits: code.bits + data.bits, cells: code.cells + data.cells }
}

function cellsOf(root: Cell): Size {
  const seen = new Map<string, number>()
  const walk = (cell: Cell): void => {
    const key = cell.hash().toString('hex')
    if (seen.has(key)) return
    seen.set(key, cell.bits.length)
    for (const one of cell.refs) walk(one)
  }
  walk(root)
  const bits = [...seen.values()].reduce((sum, one) => sum + one, 0)
  return { bits: BigInt(bits), cells: BigInt(seen.size) }
}

export const maxOf = (a: bigint, b: bigint) => (a > b ? a : b)
export const minOf = (a: bigint, b: bigint) => (a < b ? a : b)
