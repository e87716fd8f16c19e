/** The contract's stored data, as it lies in an account. */
import { type Address, Cell } from '@ton/core'
import { readBytes32 } from '../cells/strict.ts'
import { channelAddress, readTermsCell } from '../cells/terms.ts'
import { CHANNEL_CODE_HASH } from '../contracts/code.ts'
import type { ChannelOnChain } from '../types.ts'

/**
 * Undefined unless the code is ours and the stored terms give exactly this address: a contract that
 * only looks like a channel, or one that was started with other data, is not a channel.
 */
export function readChannelAccount(
  address: Address,
  code: Uint8Array,
  data: Uint8Array,
): ChannelOnChain | undefined {
  try {
    if (Cell.fromBoc(Buffer.from(code))[0]?.hash().toString('hex') !== CHANNEL_CODE_HASH) {
      return undefined
    }
    const channel = readChannelData(Cell.fromBoc(Buffer.from(data))[0]!)
    return channelAddress(channel.terms).equals(address) ? channel : undefined
  } catch {
    return undefined
  }
}

/** May throw anything. */
function readChannelData(cell: Cell): ChannelOnChain {
  const slice = cell.beginParse()
  const depositedNano = slice.loadCoins()
  const claimedNano = slice.loadCoins()
  const closeAt = slice.loadUint(32)
  const closed = slice.loadBit()
  const leafCount = slice.loadUint(32)
  const receiptsRoot = readBytes32(slice)
  const terms = readTermsCell(slice.loadRef())
  slice.endParse()
  return { terms, depositedNano, claimedNano, closeAt, closed, leafCount, receiptsRoot }
}
