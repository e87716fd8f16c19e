/** Writes the few kinds of protobuf fields that a changed graph needs, and splices them in. */
import { concat, utf8 } from '#protocol/bytes.ts'
import { varint } from '../protobuf.ts'

/** Wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED_32 = 5

/** A signed 64-bit integer, in two's complement as protobuf's int64 has it. */
export function integerField(field: number, value: number | bigint): Uint8Array {
  return concat(varint(BigInt(field * 8 + VARINT)), varint(BigInt.asUintN(64, BigInt(value))))
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return concat(varint(BigInt(field * 8 + FIXED_32)), bytes)
}

export function bytesField(field: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { length }) => sum + length, 0)
  return concat(fieldHeader(field, length), ...content)
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, utf8(text))
}

/** Key and length of a length-delimited field whose content follows. */
export function fieldHeader(field: number, length: number): Uint8Array {
  return concat(varint(BigInt(field * 8 + LENGTH_DELIMITED)), varint(BigInt(length)))
}

/** What stands at [start, end) becomes `replacement`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
}

/**
 * A copy with the edits, which may touch but not overlap. What lies between them is copied once and never
 * decoded: it may be gigabytes of weights.
 * @throws RangeError when edits overlap or lie outside
 */
export function spliced(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const grown = ordered.reduce((sum, edit) => sum + growth(edit), 0)
  const out = new Uint8Array(bytes.length + grown)
  let from = 0
  let to = 0
  for (const { start, end, replacement } of ordered) {
    if (start < from || end < start || end > bytes.length) throw new RangeError('edits overlap')
    out.set(bytes.subarray(from, start), to)
    to += start - from
    out.set(replacement, to)
    to += replacement.length
    from = end
  }
  out.set(bytes.subarray(from), to)
  return out
}

/** Bytes that an edit adds; below zero where it takes some away. */
export function growth({ start, end, replacement }: Edit): number {
  return replacement.length - (end - start)
}
