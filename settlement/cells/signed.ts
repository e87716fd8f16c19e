/** Ed25519 over a cell's representation hash: what CHKSIGNU checks inside the TVM. */
import type { Address, Cell } from '@ton/core'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { SettlementError } from '#protocol/errors.ts'
import type { Signed, SignedBytes } from '../types.ts'
import { type CellFormat, decodeCell, encodeCell } from './strict.ts'

/** The canonical bag of cells and a 64-byte signature over the cell's hash. */
export function signCell(crypto: CryptoPort, key: Ed25519KeyPair, cell: Cell): SignedBytes {
  return { boc: encodeCell(cell), signature: crypto.ed25519Sign(key, cell.hash()) }
}

/**
 * Decodes strictly, then verifies.
 * @throws SettlementError CELL_MALFORMED, SIGNATURE_INVALID
 */
export function openSigned<T>(
  crypto: CryptoPort,
  format: CellFormat<T>,
  signed: SignedBytes,
  publicKey: Uint8Array,
): Signed<T> {
  const { value, cell } = decodeCell(format, signed.boc)
  if (!crypto.ed25519Verify(publicKey, cell.hash(), signed.signature)) {
    throw new SettlementError(
      'SIGNATURE_INVALID',
      `the signature of a ${format.name} is not valid`,
      {
        remedy: 'Drop the peer: it did not sign with the key that it named.',
        data: { cell: format.name },
      },
    )
  }
  return { value, cell, signature: signed.signature }
}

/** @throws SettlementError CHANNEL_MISMATCH */
export function requireChannel(found: Address, expected: Address): void {
  if (found.equals(expected)) return
  throw new SettlementError('CHANNEL_MISMATCH', 'a signed cell names another channel', {
    remedy: 'Drop the peer: cells of one channel are worth nothing in another.',
  })
}
