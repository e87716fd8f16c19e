/** Reading cells that strangers sent: bounded, canonical, every bit and reference consumed. */
import { type Address, Cell, type Slice } from '@ton/core'
import { equal } from '#protocol/bytes.ts'
import { SettlementError } from '#protocol/errors.ts'
import { CELL_BOC_BYTES_MAX } from '../constants.ts'

/** How one kind of cell is written and read; `read(write(value))` is the value. */
export interface CellFormat<T> {
  readonly name: string
  write(value: T): Cell
  /** May throw anything: the caller turns it into CELL_MALFORMED. */
  read(slice: Slice): T
}

function malformed(name: string, why: string, cause?: unknown): SettlementError {
  return new SettlementError('CELL_MALFORMED', `a ${name} cell is malformed: ${why}`, {
    remedy: 'Drop the peer: it did not build this cell by the specification.',
    data: { cell: name },
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Decodes a bag of cells. Canonical means: writing the decoded value gives the bytes received, so no
 * two byte strings decode to one value and nothing hides behind the fields.
 * @throws SettlementError CELL_MALFORMED
 */
export function decodeCell<T>(format: CellFormat<T>, boc: Uint8Array): { value: T; cell: Cell } {
  if (boc.length === 0 || boc.length > CELL_BOC_BYTES_MAX) {
    throw malformed(format.name, `${boc.length} bytes, at most ${CELL_BOC_BYTES_MAX} are allowed`)
  }
  let value: T
  let cell: Cell
  try {
    const roots = Cell.fromBoc(Buffer.from(boc))
    const root = roots[0]
    if (root === undefined || roots.length !== 1 || root.isExotic) throw new Error('not one root')
    const slice = root.beginParse()
    value = format.read(slice)
    slice.endParse()
    cell = format.write(value)
  } catch (cause) {
    throw malformed(format.name, 'it cannot be read', cause)
  }
  if (!equal(encodeCell(cell), boc)) throw malformed(format.name, 'the encoding is not canonical')
  return { value, cell }
}

/** The one encoding that `decodeCell` takes: no index, CRC-32C at the end. */
export function encodeCell(cell: Cell): Uint8Array {
  return new Uint8Array(cell.toBoc({ idx: false, crc32: true }))
}

export function readTag(slice: Slice, tag: number): void {
  if (slice.loadUint(32) !== tag) throw new Error('another tag')
}

export function readBytes32(slice: Slice): Uint8Array {
  return new Uint8Array(slice.loadBuffer(32))
}

/** Every address of a channel lies in the base workchain. */
export function readAddress(slice: Slice): Address {
  const address = slice.loadAddress()
  if (address.workChain !== 0) throw new Error('not in the base workchain')
  return address
}

/** A copy as a 32-byte Buffer, which is what cell builders take. */
export function bytes32(bytes: Uint8Array): Buffer {
  if (bytes.length !== 32) throw new RangeError('expected 32 bytes')
  return Buffer.from(bytes)
}
