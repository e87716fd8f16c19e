/**
 * The receipt file: everything a stranger needs to verify one receipt offline. Canonical, so that
 * any changed byte is refused: the file is the one encoding of what it says.
 */
import { equal } from '../bytes.ts'
import { decodeMessage, encodeMessage } from '../codec.ts'
import { CELL_BYTES_MAX, RECEIPT_FILE_BYTES_MAX } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import {
  type Evidence,
  evidenceFromWire,
  evidenceToWire,
  proofFromWire,
  proofToWire,
} from '../evidence.ts'
import type { MerkleProof } from '../merkle.ts'
import { ReceiptFileSchema } from '../wire/gen/cocoon_pb.ts'
import {
  receiptFromWire,
  type SignedCell,
  type SignedReceipt,
  signedCellFromWire,
} from './signed.ts'

const RECEIPT_FILE_FORMAT = 'cocoon-receipt/1'

export interface ReceiptFile {
  readonly receipt: SignedReceipt
  readonly evidence: Evidence
  /** Settlement key delegates the response key. */
  readonly delegate: SignedCell
  /** Settlement key. */
  readonly priceQuote: SignedCell
  /** The channel's terms; its address is computed from them. */
  readonly termsBoc: Uint8Array
  /** Proof and voucher come together; without them the receipt is signed, not acknowledged. */
  readonly acknowledgement?: { readonly proof: MerkleProof; readonly voucher: SignedCell }
  /** 32 bytes: digest of the policy that the client applied. */
  readonly policyDigest: Uint8Array
  /** 32 bytes in mode challenge: the nonce that the evidence proves; empty in mode epoch. */
  readonly clientNonce: Uint8Array
}

/** The canonical bytes of a file. Checks nothing: what is wrong in it, every reader refuses. */
export function encodeReceiptFile(file: ReceiptFile): Uint8Array {
  const { receipt, evidence, delegate, priceQuote, termsBoc, acknowledgement } = file
  const { policyDigest, clientNonce } = file
  const always = {
    format: RECEIPT_FILE_FORMAT,
    receipt,
    evidence: evidenceToWire(evidence),
    delegate,
    priceQuote,
    termsBoc,
    policyDigest,
    clientNonce,
  }
  if (acknowledgement === undefined) return encodeMessage(ReceiptFileSchema, always)
  const proof = proofToWire(acknowledgement.proof)
  const { voucher } = acknowledgement
  return encodeMessage(ReceiptFileSchema, { ...always, proof, voucher })
}

/**
 * Shape only; what the parts prove is the verifier's to say.
 * @throws ProtocolError RECEIPT_NOT_CANONICAL, RECEIPT_MALFORMED, EVIDENCE_MALFORMED, FRAME_MALFORMED
 */
export function decodeReceiptFile(bytes: Uint8Array): ReceiptFile {
  const wire = decodeMessage(ReceiptFileSchema, bytes, RECEIPT_FILE_BYTES_MAX)
  const { receipt, evidence, delegate, priceQuote, termsBoc, proof, voucher } = wire
  const { policyDigest, clientNonce } = wire
  if (wire.format !== RECEIPT_FILE_FORMAT) throw malformed('unknown format')
  if (!receipt || !evidence || !delegate || !priceQuote) throw malformed('a part is missing')
  if (termsBoc.length < 1 || termsBoc.length > CELL_BYTES_MAX) throw malformed('terms')
  if (policyDigest.length !== 32) throw malformed('policy digest')
  const always = {
    receipt: receiptFromWire(receipt),
    evidence: evidenceFromWire(evidence),
    delegate: signedCellFromWire(delegate),
    priceQuote: signedCellFromWire(priceQuote),
    termsBoc,
    policyDigest,
    clientNonce,
  }
  if (clientNonce.length !== (always.evidence.mode === 'challenge' ? 32 : 0)) {
    throw malformed('client nonce')
  }
  if ((proof === undefined) !== (voucher === undefined)) {
    throw malformed('proof and voucher come together')
  }
  const file =
    proof === undefined || voucher === undefined
      ? always
      : {
          ...always,
          acknowledgement: { proof: proofFromWire(proof), voucher: signedCellFromWire(voucher) },
        }
  if (!equal(encodeReceiptFile(file), bytes)) {
    throw new ProtocolError('RECEIPT_NOT_CANONICAL', 'the receipt file was changed or re-encoded', {
      remedy: 'Ask for the file again; a receipt has exactly one form.',
    })
  }
  return file
}

function malformed(detail: string): ProtocolError {
  return new ProtocolError('RECEIPT_MALFORMED', `a receipt file cannot be read: ${detail}`)
}
