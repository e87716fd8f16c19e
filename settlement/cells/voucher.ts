/** Vouchers and close authorisations: the two statements that move money. */
import { type Address, beginCell, type Cell, type Slice } from '@ton/core'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import type { CloseAuthorisation, SignedBytes, Voucher } from '../types.ts'
import { openSigned, requireChannel } from './signed.ts'
import { bytes32, type CellFormat, readAddress, readBytes32, readTag } from './strict.ts'
import { readVoucherLayout, writeVoucherLayout } from './voucher-layout.ts'

/** "VCR1" */
const VOUCHER_TAG = 0x56435231
/** "CLS1" */
const CLOSE_AUTH_TAG = 0x434c5331

const voucherFormat: CellFormat<Voucher> = {
  name: 'voucher',
  write: (voucher) => writeTotals(VOUCHER_TAG, voucher).endCell(),
  read: (slice) => readTotals(VOUCHER_TAG, slice),
}

const closeAuthFormat: CellFormat<CloseAuthorisation> = {
  name: 'close_auth',
  write: (auth) => writeTotals(CLOSE_AUTH_TAG, auth).storeUint(auth.validUntil, 32).endCell(),
  read: (slice) => ({
    ...readTotals(CLOSE_AUTH_TAG, slice),
    validUntil: slice.loadUint(32),
  }),
}

function writeTotals(tag: number, totals: Voucher) {
  return beginCell()
    .storeUint(tag, 32)
    .storeAddress(totals.channel)
    .storeCoins(totals.amountNano)
    .storeUint(totals.leafCount, 32)
    .storeBuffer(bytes32(totals.receiptsRoot))
}

function readTotals(tag: number, slice: Slice): Voucher {
  readTag(slice, tag)
  return {
    channel: readAddress(slice),
    amountNano: slice.loadCoins(),
    leafCount: slice.loadUint(32),
    receiptsRoot: readBytes32(slice),
  }
}

export function voucherCell(voucher: Voucher): Cell {
  return voucherFormat.write(voucher)
}

export function closeAuthCell(auth: CloseAuthorisation): Cell {
  return closeAuthFormat.write(auth)
}

/** @throws SettlementError CELL_MALFORMED, SIGNATURE_INVALID, CHANNEL_MISMATCH */
export function openVoucher(
  crypto: CryptoPort,
  signed: SignedBytes,
  clientKey: Uint8Array,
  channel: Address,
): Voucher {
  const layout = readVoucherLayout(crypto, signed.boc)
  if (layout !== undefined && crypto.ed25519Verify(clientKey, layout.hash, signed.signature)) {
    requireChannel(layout.voucher.channel, channel)
    return layout.voucher
  }
  // Refused: the general reader says why.
  const { value } = openSigned(crypto, voucherFormat, signed, clientKey)
  requireChannel(value.channel, channel)
  return value
}

/** The canonical bag of cells with the client's signature over the cell's hash. @throws RangeError */
export function signVoucher(
  crypto: CryptoPort,
  clientKey: Ed25519KeyPair,
  voucher: Voucher,
): SignedBytes {
  const { boc, hash } = writeVoucherLayout(crypto, voucher)
  return { boc, signature: crypto.ed25519Sign(clientKey, hash) }
}

/** @throws SettlementError CELL_MALFORMED, SIGNATURE_INVALID, CHANNEL_MISMATCH */
export function openCloseAuth(
  crypto: CryptoPort,
  signed: SignedBytes,
  providerKey: Uint8Array,
  channel: Address,
): CloseAuthorisation {
  const { value } = openSigned(crypto, closeAuthFormat, signed, providerKey)
  requireChannel(value.channel, channel)
  return value
}
