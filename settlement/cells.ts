/** Everything that is signed as a TON cell, written and read. TL-B: docs/spec/settlement.md. */
export {
  billCell,
  delegateCell,
  openBill,
  openDelegate,
  openPriceQuote,
  priceQuoteCell,
} from './cells/bill.ts'
export { signCell } from './cells/signed.ts'
export { encodeCell } from './cells/strict.ts'
export {
  channelAddress,
  checkTerms,
  encodeTerms,
  parseTerms,
} from './cells/terms.ts'
export { closeAuthCell, openCloseAuth, openVoucher, voucherCell } from './cells/voucher.ts'
