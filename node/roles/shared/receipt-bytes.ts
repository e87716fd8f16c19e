/** A signed receipt as one row of the store: the exact bytes of a cocoon.v1.Receipt. */
import { toHex } from '#protocol/bytes.ts'
import { decodeMessage, encodeMessage } from '#protocol/codec.ts'
import {
  decodeReceiptBody,
  leafData,
  receiptFromWire,
  type SignedReceipt,
} from '#protocol/receipt.ts'
import { ReceiptSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import type { Leaf } from '#settlement/channel/state.ts'
import { LEAF_DATA_BYTES_MAX } from '#settlement/constants.ts'

export function receiptToBytes(receipt: SignedReceipt): Uint8Array {
  return encodeMessage(ReceiptSchema, receipt)
}

/** @throws ProtocolError FRAME_MALFORMED, RECEIPT_MALFORMED */
export function receiptFromBytes(bytes: Uint8Array): SignedReceipt {
  return receiptFromWire(decodeMessage(ReceiptSchema, bytes, LEAF_DATA_BYTES_MAX))
}

/** The receipt as a leaf of its channel's tree. @throws ProtocolError RECEIPT_MALFORMED */
export function leafOf(receipt: SignedReceipt): Leaf & { readonly usedTotalNano: bigint } {
  const { requestId, leafIndex, usedNano, usedTotalNano } = decodeReceiptBody(receipt.body)
  return {
    requestId: toHex(requestId),
    leafIndex,
    usedNano,
    usedTotalNano,
    leafData: leafData(receipt),
  }
}
