/** What a jetton channel sends and what rides with it, by docs/spec/settlement.md, "Jetton channel". */
import type { Address } from '@ton/core'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import {
  answerBody,
  EXCESSES,
  REFUND_BIT,
  REFUNDED,
  RETURNED,
  returnedBody,
  TRANSFER,
  transferBody,
} from '../jetton/jetton-messages.ts'
import { type Effect, MESSAGE_PRICE_NANO, type Out } from './effects.ts'

/** What a call brought too much. */
export function excessOut(to: Address, queryId: bigint): Out {
  return { opcode: EXCESSES, to, body: answerBody(EXCESSES, queryId) }
}

/** All that a channel held at its end, less what its way costs. */
export function remainsOut(
  prices: PriceTable,
  client: Address,
  queryId: bigint,
  held: bigint,
): Out {
  const valueNano = held - MESSAGE_PRICE_NANO[prices]
  return { opcode: REFUNDED, to: client, valueNano, body: answerBody(REFUNDED, queryId) }
}

/** The answer to jettons that came before the channel knew its wallet. */
export function unknownWalletOut(wallet: Address): Out {
  return { opcode: RETURNED, to: wallet, body: returnedBody(419) }
}

/** Jettons that are no deposit go back to whoever sent them. */
export function sendBackOut(wallet: Address, to: Address, queryId: bigint, amount: bigint): Out {
  const body = transferBody({ queryId, amount, to, response: to })
  return { opcode: TRANSFER, to: wallet, body }
}

/** A call that pays out: what is owed to the provider and what is left for the client. */
export interface PayOut {
  readonly prices: PriceTable
  /** The channel's jetton wallet. */
  readonly wallet: Address
  readonly provider: Address
  readonly client: Address
  readonly caller: Address
  readonly queryId: bigint
  readonly valueNano: bigint
  readonly owed: bigint
  readonly left: bigint
  /** Its wallet sends everything back. */
  readonly frozen: boolean
}

/** One message for each amount that is not 0; when both are, the caller's excess. */
export function payOutEffect(call: PayOut): (heldNano: bigint, gasNano: bigint) => Effect {
  const unmarked = call.queryId & (REFUND_BIT - 1n)
  const transfers = [
    { amount: call.owed, to: call.provider, queryId: unmarked },
    { amount: call.left, to: call.client, queryId: unmarked | REFUND_BIT },
  ].filter(({ amount }) => amount > 0n)
  const outs: Out[] = transfers.map((one) => ({
    opcode: TRANSFER,
    to: call.wallet,
    body: transferBody({ ...one, response: call.caller }),
  }))
  const [first] = outs
  if (first === undefined) {
    return () => ({ out: [excessOut(call.caller, call.queryId)], keptNano: 0n, later: [] })
  }
  // What a frozen wallet sends back brings coins, which go on to whoever paid.
  const later = call.frozen ? transfers.map(() => excessOut(call.caller, unmarked)) : []
  return (_held, gasNano) => {
    const limitsNano = halfOf(call, gasNano)
    const out = outs.length === 1 ? outs : [{ ...first, limitsNano }, ...outs.slice(1)]
    return { out, keptNano: 0n, later }
  }
}

/**
 * What rides with the first of two transfers, its way paid: half of the call's value less at least the
 * gas of the call and at most twice that.
 */
function halfOf({ prices, valueNano }: PayOut, gasNano: bigint): readonly [bigint, bigint] {
  const wayMax = 5n * MESSAGE_PRICE_NANO[prices]
  return [(valueNano - 2n * gasNano) / 2n - wayMax, (valueNano - gasNano) / 2n]
}
