/** What every contract here needs: its address from code and data, and a call's message. */
import { type Address, type Builder, beginCell, Cell, contractAddress } from '@ton/core'
import { CALL_ATTACHED_NANO, CONTRACT_TREE_CELLS_MAX } from '../constants.ts'
import type { SignedBytes, WalletMessage } from '../types.ts'

export interface ContractInit {
  readonly code: Cell
  readonly data: Cell
}

/** The address in the base workchain that follows from code and first data, never read off the wire. */
export function addressOf(init: ContractInit): Address {
  return contractAddress(0, init)
}

/** The head of every body: a 32-bit operation and `query_id:uint64` of zero. */
export function operation(code: number): Builder {
  return beginCell().storeUint(code, 32).storeUint(0, 64)
}

/** A call that brings enough for its fees at any price table known; the excess comes back. */
export function call(init: ContractInit, body: Builder, deploy = false): WalletMessage {
  return callWith(init, body, CALL_ATTACHED_NANO, deploy)
}

/** A call that brings `valueNano` in all. */
export function callWith(
  init: ContractInit,
  body: Builder,
  valueNano: bigint,
  deploy = false,
): WalletMessage {
  return {
    to: addressOf(init),
    valueNano,
    body: body.endCell(),
    ...(deploy ? { stateInit: init } : {}),
  }
}

/** `signature:bits512 cell:^T`, as contracts read what was signed. */
export function signedCell(signed: SignedBytes): Builder {
  const [cell] = Cell.fromBoc(Buffer.from(signed.boc))
  return beginCell().storeBuffer(Buffer.from(signed.signature), 64).storeRef(cell!)
}

/** Code and data as they lie in an account. */
export interface StoredContract {
  readonly code: Uint8Array
  readonly data: Uint8Array
}

/** What is known of one kind of contract. */
export interface ContractKind<State extends { readonly terms: unknown }> {
  readonly code: Cell
  /** May throw anything. */
  read(data: Cell): State
  /** The address that follows from the terms. */
  address(terms: State['terms']): Address
}

/**
 * Undefined unless the code is this kind's and the stored terms give exactly this address: a contract
 * that only looks like one of ours, or that was started with other data, is none.
 */
export function readAccount<State extends { readonly terms: unknown }>(
  kind: ContractKind<State>,
  address: Address,
  account: StoredContract,
): State | undefined {
  try {
    const [code] = Cell.fromBoc(Buffer.from(account.code))
    const [data] = Cell.fromBoc(Buffer.from(account.data))
    if (data === undefined || !code?.equals(kind.code)) return undefined
    if (treeCells(data, new Map()) > CONTRACT_TREE_CELLS_MAX) return undefined
    const state = kind.read(data)
    return kind.address(state.terms).equals(address) ? state : undefined
  } catch {
    return undefined
  }
}

/**
 * Cells of the tree below: one that is referred to twice counts twice, as a reader of a dictionary meets it. A
 * few cells of an answer can stand for more entries than there is memory. Cells are 1,024 deep at most.
 */
function treeCells(cell: Cell, known: Map<Cell, number>): number {
  const counted = known.get(cell)
  if (counted !== undefined) return counted
  const count = cell.refs.reduce((sum, inner) => sum + treeCells(inner, known), 1)
  known.set(cell, count)
  return count
}
