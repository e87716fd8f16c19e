/** The contract's stored data, as it lies in an account. */
import type { Address, Cell } from '@ton/core'
import { readBytes32 } from '../cells/strict.ts'
import { channelAddress, readTermsCell } from '../cells/terms.ts'
import { readAccount } from '../contracts/account.ts'
import { CHANNEL_CODE } from '../contracts/code.ts'
import type { ChannelOnChain } from '../types.ts'

/** Undefined unless code and terms give exactly this address. */
export function readChannelAccount(
  address: Address,
  code: Uint8Array,
  data: Uint8Array,
): ChannelOnChain | undefined {
  const kind = { code: CHANNEL_CODE, read: readChannelData, address: channelAddress }
  return readAccount(kind, address, { code, data })
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
