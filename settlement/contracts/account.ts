/** What every contract here needs: its address from code and data, and a call's message. */
import { type Address, type Builder, beginCell, Cell, contractAddress } from '@ton/core'
import { CALL_ATTACHED_NANO } from '../constants.ts'
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

/**
 * The data of an account whose code is `code`, or undefined: a contract that only looks like one of
 * ours is none.
 */
export function dataOf(
  code: Cell,
  account: { readonly code: Uint8Array; readonly data: Uint8Array },
): Cell | undefined {
  try {
    const [found] = Cell.fromBoc(Buffer.from(account.code))
    if (found === undefined || !found.equals(code)) return undefined
    return Cell.fromBoc(Buffer.from(account.data))[0]
  } catch {
    return undefined
  }
}
