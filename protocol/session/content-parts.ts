/** Checks shared by what both sides put inside sealed frames. */
import { LEAVES_MESSAGE_MAX } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import { receiptFromWire, type SignedReceipt, signedCellFromWire } from '../receipt/signed.ts'
import type { SignedCell as WireCell, Receipt as WireReceipt } from '../wire/gen/cocoon_pb.ts'

const PEAKS_MAX = 32

/** @throws ProtocolError FRAME_MALFORMED */
export function requireContent(condition: boolean, detail: string): void {
  if (condition) return
  throw new ProtocolError('FRAME_MALFORMED', `a sealed message cannot be read: ${detail}`)
}

export function requireLength(name: string, bytes: Uint8Array, ...lengths: number[]): Uint8Array {
  requireContent(lengths.includes(bytes.length), `${name} has a wrong length`)
  return bytes
}

/** @throws ProtocolError RECEIPT_MALFORMED */
export function optionalCell(wire: WireCell | undefined) {
  return wire === undefined ? undefined : signedCellFromWire(wire)
}

/** @throws ProtocolError FRAME_MALFORMED */
export function requiredCell(wire: WireCell | undefined, name: string) {
  if (wire === undefined) throw new ProtocolError('FRAME_MALFORMED', `a message without ${name}`)
  return signedCellFromWire(wire)
}

/** @throws ProtocolError FRAME_MALFORMED, RECEIPT_MALFORMED */
export function receipts(wire: readonly WireReceipt[]): SignedReceipt[] {
  requireContent(wire.length <= LEAVES_MESSAGE_MAX, 'too many receipts')
  return wire.map(receiptFromWire)
}

/** @throws ProtocolError FRAME_MALFORMED */
export function hashes(peaks: readonly Uint8Array[]): readonly Uint8Array[] {
  requireContent(peaks.length <= PEAKS_MAX, 'too many peaks')
  requireContent(
    peaks.every((peak) => peak.length === 32),
    'a peak is 32 bytes',
  )
  return peaks
}
