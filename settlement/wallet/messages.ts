/**
 * Messages to a channel. Each carries more coins than the operation can cost under any price table
 * known; the contract sends the excess back to the sender.
 */
import type { Builder } from '@ton/core'
import { channelStateInit } from '../cells/terms.ts'
import { TOP_UP_ATTACHED_NANO } from '../constants.ts'
import { call as callContract, callWith, operation, signedCell } from '../contracts/account.ts'
import type { ChannelTerms, SignedBytes, WalletMessage } from '../types.ts'

/** Operation codes of the channel contract. */
export const OPERATION = {
  topUp: 0x4f50454e,
  claim: 0x434c4149,
  close: 0x434c4f53,
  coopClose: 0x434f4f50,
  startClose: 0x53434c53,
  finish: 0x46494e49,
  destroy: 0x44535452,
} as const

/** Adds exactly `amountNano` to the deposit; deploys the contract when `deploy`. By the client. */
export function topUpMessage(
  terms: ChannelTerms,
  amountNano: bigint,
  deploy = true,
): WalletMessage {
  const body = operation(OPERATION.topUp).storeCoins(amountNano)
  const value = amountNano + TOP_UP_ATTACHED_NANO
  return {
    ...callWith(channelStateInit(terms), body, value, deploy),
    deposit: { amountNano, provider: terms.provider },
  }
}

/** Pays the provider and records the root. By anyone. */
export function claimMessage(terms: ChannelTerms, voucher: SignedBytes): WalletMessage {
  return call(terms, operation(OPERATION.claim).storeBuilder(signedCell(voucher)))
}

/** Ends the channel at once, with a last voucher when there is one. By the provider. */
export function closeMessage(terms: ChannelTerms, voucher?: SignedBytes): WalletMessage {
  const signed = voucher === undefined ? null : signedCell(voucher).endCell()
  return call(terms, operation(OPERATION.close).storeMaybeRef(signed))
}

/** Ends the channel at once at the amount that the provider authorised. By the client. */
export function coopCloseMessage(terms: ChannelTerms, closeAuth: SignedBytes): WalletMessage {
  return call(terms, operation(OPERATION.coopClose).storeBuilder(signedCell(closeAuth)))
}

/** Starts the close delay. By the client. */
export function startCloseMessage(terms: ChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.startClose))
}

/** Ends the channel after the close delay. By anyone. */
export function finishMessage(terms: ChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.finish))
}

/** Removes a closed channel after its life; the rent left goes to the client. By anyone. */
export function destroyMessage(terms: ChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.destroy))
}

function call(terms: ChannelTerms, body: Builder): WalletMessage {
  return callContract(channelStateInit(terms), body)
}
