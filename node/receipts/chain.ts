/** What verifying a receipt asks of a chain, and no more: blocks, roots of channels, roots of epochs. */
import type { Address } from '@ton/core'
import { type EpochRoot, readAnchor } from '#settlement/anchor/epoch-anchor.ts'
import type { ChainBlock, ChainReader, ChannelOnChain } from '#settlement/types.ts'

export type ChannelRoot = Pick<ChannelOnChain, 'leafCount' | 'receiptsRoot'>

/** Every `ChainReader` is one; so is a file of roots that somebody saw. */
export interface ReceiptChain {
  readonly globalId: number
  /** @throws UnavailableError CHAIN_UNREACHABLE on every method, where it reads a live chain */
  block(seqno: number): Promise<ChainBlock | undefined>
  /** Undefined: no such channel. */
  channel(address: Address): Promise<ChannelRoot | undefined>
}

/** The newest epoch of an anchor contract, and whose it is. */
export interface AnchoredEpoch extends EpochRoot {
  /** Raw TON address. */
  readonly owner: string
}

/** Also looks up epoch anchors. */
export interface AnchorChain extends ReceiptChain {
  /** Undefined: no anchor of this network is there. */
  anchor(address: Address): Promise<AnchoredEpoch | undefined>
}

export function anchorChain(reader: ChainReader): AnchorChain {
  return {
    globalId: reader.globalId,
    block: (seqno) => reader.block(seqno),
    channel: (address) => reader.channel(address),
    async anchor(address) {
      const account = await reader.account(address)
      const anchor = account && readAnchor(address, account)
      if (anchor === undefined || anchor.terms.globalId !== reader.globalId) return undefined
      const { epoch, leafCount, root, terms } = anchor
      return { epoch, leafCount, root, owner: terms.owner.toRawString() }
    },
  }
}
