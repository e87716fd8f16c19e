/** Price quote, delegation and bill: what makes over-billing provable to a contract. */
import { type Address, beginCell, type Cell } from '@ton/core'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { Bill, Delegate, PriceQuote, SignedBytes } from '../types.ts'
import { openSigned, requireChannel } from './signed.ts'
import { bytes32, type CellFormat, readAddress, readBytes32, readTag } from './strict.ts'

/** "PQT1" */
const PRICE_QUOTE_TAG = 0x50515431
/** "DLG1" */
const DELEGATE_TAG = 0x444c4731
/** "BIL1" */
const BILL_TAG = 0x42494c31

const priceQuoteFormat: CellFormat<PriceQuote> = {
  name: 'price_quote',
  write: (quote) =>
    beginCell()
      .storeUint(PRICE_QUOTE_TAG, 32)
      .storeInt(quote.globalId, 32)
      .storeBuffer(bytes32(quote.modelRoot))
      .storeUint(quote.prices.promptNanoPerMtok, 64)
      .storeUint(quote.prices.cachedNanoPerMtok, 64)
      .storeUint(quote.prices.completionNanoPerMtok, 64)
      .storeUint(quote.validUntil, 32)
      .endCell(),
  read: (slice) => {
    readTag(slice, PRICE_QUOTE_TAG)
    return {
      globalId: slice.loadInt(32),
      modelRoot: readBytes32(slice),
      prices: {
        promptNanoPerMtok: slice.loadUintBig(64),
        cachedNanoPerMtok: slice.loadUintBig(64),
        completionNanoPerMtok: slice.loadUintBig(64),
      },
      validUntil: slice.loadUint(32),
    }
  },
}

const delegateFormat: CellFormat<Delegate> = {
  name: 'delegate',
  write: (delegate) =>
    beginCell()
      .storeUint(DELEGATE_TAG, 32)
      .storeInt(delegate.globalId, 32)
      .storeBuffer(bytes32(delegate.responseKey))
      .storeUint(delegate.notAfter, 32)
      .endCell(),
  read: (slice) => {
    readTag(slice, DELEGATE_TAG)
    return {
      globalId: slice.loadInt(32),
      responseKey: readBytes32(slice),
      notAfter: slice.loadUint(32),
    }
  },
}

const billFormat: CellFormat<Bill> = {
  name: 'bill',
  write: (bill) =>
    beginCell()
      .storeUint(BILL_TAG, 32)
      .storeAddress(bill.channel)
      .storeUint(bill.leafIndex, 32)
      .storeBuffer(bytes32(bill.quoteHash))
      .storeUint(bill.counts.promptTokens, 32)
      .storeUint(bill.counts.cachedTokens, 32)
      .storeUint(bill.counts.completionTokens, 32)
      .storeCoins(bill.usedNano)
      .storeCoins(bill.usedTotalNano)
      .endCell(),
  read: (slice) => {
    readTag(slice, BILL_TAG)
    return {
      channel: readAddress(slice),
      leafIndex: slice.loadUint(32),
      quoteHash: readBytes32(slice),
      counts: {
        promptTokens: slice.loadUint(32),
        cachedTokens: slice.loadUint(32),
        completionTokens: slice.loadUint(32),
      },
      usedNano: slice.loadCoins(),
      usedTotalNano: slice.loadCoins(),
    }
  },
}

export function priceQuoteCell(quote: PriceQuote): Cell {
  return priceQuoteFormat.write(quote)
}

export function delegateCell(delegate: Delegate): Cell {
  return delegateFormat.write(delegate)
}

export function billCell(bill: Bill): Cell {
  return billFormat.write(bill)
}

/** Whether it is still valid is for the caller to check. @throws SettlementError as openSigned */
export function openPriceQuote(
  crypto: CryptoPort,
  signed: SignedBytes,
  settlementKey: Uint8Array,
): PriceQuote {
  return openSigned(crypto, priceQuoteFormat, signed, settlementKey).value
}

/** Whether it is still valid is for the caller to check. @throws SettlementError as openSigned */
export function openDelegate(
  crypto: CryptoPort,
  signed: SignedBytes,
  settlementKey: Uint8Array,
): Delegate {
  return openSigned(crypto, delegateFormat, signed, settlementKey).value
}

/** @throws SettlementError CELL_MALFORMED, SIGNATURE_INVALID, CHANNEL_MISMATCH */
export function openBill(
  crypto: CryptoPort,
  signed: SignedBytes,
  responseKey: Uint8Array,
  channel: Address,
): Bill {
  const { value } = openSigned(crypto, billFormat, signed, responseKey)
  requireChannel(value.channel, channel)
  return value
}
