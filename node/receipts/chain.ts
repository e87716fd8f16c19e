/** What verifying a receipt asks of a chain, and no more: blocks, and the roots of channels. */
import type { Address } from '@ton/core'
import type { ChainBlock, ChannelOnChain } from '#settlement/types.ts'

export type ChannelRoot = Pick<ChannelOnChain, 'leafCount' | 'receiptsRoot'>

/** Every `ChainReader` is one; so is a file of roots that somebody saw. */
export interface ReceiptChain {
  readonly globalId: number
  /** @throws UnavailableError CHAIN_UNREACHABLE on every method, where it reads a live chain */
  block(seqno: number): Promise<ChainBlock | undefined>
  /** Undefined: no such channel. */
  channel(address: Address): Promise<ChannelRoot | undefined>
}
