/** Messages of the jetton channel and of jetton wallets as the tests write them, after TEP-74 and docs/spec/settlement.md. */
import { type Address, type Builder, beginCell, type Cell } from '@ton/core'
import type { WalletMessage } from '#settlement/types.ts'

export const TRANSFER = 0x0f8a7ea5
const NOTIFICATION = 0x7362d09c
export const TOP_UP = 0x4f50454e
export const EXCESSES = 0xd53276db
export const RETURNED = 0x52464553
export const REFUNDED = 0x52464e44
export const CLOSING_STARTED = 0x434c5347
/** Set in the query id of a refund, never in that of a payment. */
export const REFUND_BIT = 1n << 63n

interface Transfer {
  readonly queryId: bigint
  readonly amount: bigint
  readonly to: Address
  /** Gets what the transfer's wallets did not need. */
  readonly response: Address
  /** 0: the receiver is not told. */
  readonly forwardNano?: bigint
  /** With its Either bit; undefined: an empty payload in place. */
  readonly payload?: Builder
}

export function transferBody(transfer: Transfer): Cell {
  const { queryId, amount, to, response, forwardNano = 0n, payload } = transfer
  return beginCell()
    .storeUint(TRANSFER, 32)
    .storeUint(queryId, 64)
    .storeCoins(amount)
    .storeAddress(to)
    .storeAddress(response)
    .storeMaybeRef(null)
    .storeCoins(forwardNano)
    .storeBuilder(payload ?? beginCell().storeBit(false))
    .endCell()
}

/** What a jetton wallet tells its owner of jettons that came. */
export function notificationBody(
  queryId: bigint,
  amount: bigint,
  from: Address,
  payload: Builder,
): Cell {
  return beginCell()
    .storeUint(NOTIFICATION, 32)
    .storeUint(queryId, 64)
    .storeCoins(amount)
    .storeAddress(from)
    .storeBuilder(payload)
    .endCell()
}

/** A forward payload in place that makes a transfer of the client a deposit. */
export function topUpPayload(): Builder {
  return beginCell().storeBit(false).storeUint(TOP_UP, 32)
}

/** What carries nothing but its query id: excesses, what is left of the rent. */
export function answerBody(opcode: number, queryId: bigint): Cell {
  return beginCell().storeUint(opcode, 32).storeUint(queryId, 64).endCell()
}

export function closingBody(queryId: bigint, closeAt: number): Cell {
  return beginCell()
    .storeUint(CLOSING_STARTED, 32)
    .storeUint(queryId, 64)
    .storeUint(closeAt, 32)
    .endCell()
}

/** The answer to a refused call that forbade a bounce. */
export function returnedBody(exitCode: number): Cell {
  return beginCell().storeUint(RETURNED, 32).storeUint(exitCode, 16).endCell()
}

/** The same message under another query id than 0. */
export function withQuery(message: WalletMessage, queryId: bigint): WalletMessage {
  const body = message.body.beginParse()
  const opcode = body.loadUint(32)
  body.loadUint(64)
  const asked = beginCell().storeUint(opcode, 32).storeUint(queryId, 64).storeSlice(body).endCell()
  return { ...message, body: asked }
}
