/** A signed receipt, its place in the tree, and signed cells that travel beside it. */
import { tagged, toHex } from '../bytes.ts'
import { CELL_BYTES_MAX, RECEIPT_BODY_BYTES_MAX } from '../constants.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { ProtocolError } from '../errors.ts'
import { leafHash } from '../merkle.ts'

/** A TON cell as a bag of cells, and an Ed25519 signature over its representation hash. */
export interface SignedCell {
  readonly boc: Uint8Array
  readonly signature: Uint8Array
}

export interface SignedReceipt {
  /** Exact bytes of a body. */
  readonly body: Uint8Array
  /** Response key over `receiptSigningBytes(body)`. */
  readonly signature: Uint8Array
  readonly billBoc: Uint8Array
  /** Response key over the bill cell's representation hash. */
  readonly billSignature: Uint8Array
}

const SIGNATURE_BYTES = 64

export function receiptSigningBytes(body: Uint8Array): Uint8Array {
  return tagged('cocoon/receipt/1', body)
}

/** What the leaf of this receipt hashes: all of it, so that no part can be swapped later. */
export function leafData(receipt: SignedReceipt): Uint8Array {
  const { body, signature, billBoc, billSignature } = receipt
  return tagged('cocoon/leaf/1', body, signature, billBoc, billSignature)
}

/** Hex of the leaf hash: the same receipt, the same name, everywhere. */
export function receiptId(crypto: CryptoPort, receipt: SignedReceipt): string {
  return toHex(leafHash(crypto, leafData(receipt)))
}

/** Plain copy with lengths checked. @throws ProtocolError RECEIPT_MALFORMED */
export function receiptFromWire(wire: SignedReceipt): SignedReceipt {
  const { body, signature, billBoc, billSignature } = wire
  checkLength('body', body, 1, RECEIPT_BODY_BYTES_MAX)
  checkLength('signature', signature, SIGNATURE_BYTES, SIGNATURE_BYTES)
  checkLength('bill', billBoc, 1, CELL_BYTES_MAX)
  checkLength('bill signature', billSignature, SIGNATURE_BYTES, SIGNATURE_BYTES)
  return { body, signature, billBoc, billSignature }
}

/** Plain copy with lengths checked. @throws ProtocolError RECEIPT_MALFORMED */
export function signedCellFromWire(wire: SignedCell): SignedCell {
  const { boc, signature } = wire
  checkLength('cell', boc, 1, CELL_BYTES_MAX)
  checkLength('cell signature', signature, SIGNATURE_BYTES, SIGNATURE_BYTES)
  return { boc, signature }
}

function checkLength(name: string, bytes: Uint8Array, min: number, max: number): void {
  if (bytes.length >= min && bytes.length <= max) return
  throw new ProtocolError('RECEIPT_MALFORMED', `a receipt cannot be read: ${name} has a wrong size`)
}
