/**
 * What operations cost at given prices. Here are amounts of work (gas, sizes), which follow from the code
 * whose hash is committed; a test measures them in the executor and holds this table equal.
 */
import { beginCell, Cell, storeMessageRelaxed } from '@ton/core'
import type { WalletMessage } from '../types.ts'
import { externalBoc, toInternal, transferBody, walletContract } from '../wallet/body.ts'
import { type ChainPrices, forwardFeeNano, gasFeeNano, sizeBelow } from './prices.ts'

export type ChannelOperation = 'topUp' | 'claim' | 'close' | 'coopClose' | 'startClose' | 'finish'

/** Work of a channel's transaction. */
export interface OperationWork {
  readonly gas: bigint
  /** That it sends; each fits into one cell, so that only the lump is paid. */
  readonly messages: bigint
}

export const OPERATION_WORK: Readonly<Record<ChannelOperation, OperationWork>> = {
  topUp: { gas: 8_839n, messages: 1n },
  claim: { gas: 6_210n, messages: 1n },
  close: { gas: 10_205n, messages: 3n },
  coopClose: { gas: 10_243n, messages: 3n },
  startClose: { gas: 6_750n, messages: 2n },
  finish: { gas: 7_456n, messages: 2n },
}

/** V5R1: gas of one external message, and of each message that it carries. */
const WALLET_WORK = { gas: 4_222n, gasPerMessage: 717n } as const

/** What a channel takes for an operation out of the coins that the call brings; the rest comes back. */
export function operationFeeNano(prices: ChainPrices, operation: ChannelOperation): bigint {
  const { gas, messages } = OPERATION_WORK[operation]
  return gasFeeNano(prices.gas, gas) + messages * prices.forward.lumpNano
}

/** What the wallet itself pays to send these messages: import, gas, and forwarding each of them. */
export async function sendFeeNano(
  prices: ChainPrices,
  wallet: {
    readonly publicKey: Uint8Array
    readonly globalId: number
    readonly isDeployed: boolean
  },
  messages: readonly WalletMessage[],
): Promise<bigint> {
  const contract = walletContract(wallet.publicKey, wallet.globalId)
  // Of the real size; no key is needed to count bits.
  const transfer = { seqno: 1, validUntilS: 1, messages }
  const body = await transferBody(contract, transfer, async () => new Uint8Array(64))
  const external = Cell.fromBoc(Buffer.from(externalBoc(contract, body, !wallet.isDeployed)))[0]!
  const forwarding = messages.reduce((sum, message) => {
    const cell = beginCell()
      .store(storeMessageRelaxed(toInternal(message)))
      .endCell()
    return sum + forwardFeeNano(prices.forward, sizeBelow(cell))
  }, 0n)
  const gas = WALLET_WORK.gas + WALLET_WORK.gasPerMessage * BigInt(messages.length)
  return (
    forwardFeeNano(prices.forward, sizeBelow(external)) + gasFeeNano(prices.gas, gas) + forwarding
  )
}
