/** Links that put a payment into somebody's wallet app, for that person to look at and sign there. */
import type { Address } from '@ton/core'

const TON_TESTNET_GLOBAL_ID = -3

export interface FundingLinks {
  /** ton://transfer/..., which every TON wallet app registers; the QR code holds it. */
  readonly transfer: string
  /** The same as a web address, which opens Tonkeeper where it is installed. */
  readonly universal: string
}

/** An address as people write it: the flags say whether coins come back, and that a network is a test. */
export function friendlyAddress(address: Address, globalId: number, bounceable: boolean): string {
  return address.toString({ bounceable, testOnly: globalId === TON_TESTNET_GLOBAL_ID })
}

/** Non-bounceable: a wallet that was never used has no code yet, and a bounce would send the coins back. */
export function fundingLinks(
  address: Address,
  globalId: number,
  nano: bigint | undefined,
): FundingLinks {
  const path = `transfer/${friendlyAddress(address, globalId, false)}`
  const query = nano === undefined ? '' : `?amount=${nano}`
  return {
    transfer: `ton://${path}${query}`,
    universal: `https://app.tonkeeper.com/${path}${query}`,
  }
}
