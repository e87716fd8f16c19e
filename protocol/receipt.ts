/** Receipts (docs/spec/receipts.md): what was asked, answered and owed, signed inside the TEE. */
export {
  decodeReceiptBody,
  encodeReceiptBody,
  type ReceiptBody,
  type ReceiptFinish,
  ROUND_SECONDS,
} from './receipt/body.ts'
export { requestCommitment, responseCommitment, vectorsCommitment } from './receipt/commitments.ts'
export {
  decodeReceiptFile,
  encodeReceiptFile,
  type ReceiptFile,
} from './receipt/file.ts'
export {
  leafData,
  receiptFromWire,
  receiptId,
  receiptSigningBytes,
  type SignedCell,
  type SignedReceipt,
} from './receipt/signed.ts'
