/** The wire format of protobuf (https://protobuf.dev/programming-guides/encoding/), read with bounds. */

export interface ProtobufField {
  readonly field: number
  /** Varints as numbers (exact to 2^53), length-delimited fields as bytes; fixed-width ones are left out. */
  readonly value: number | Uint8Array
  /** Where the whole field, its key included, lies in the message: [start, end). */
  readonly start: number
  readonly end: number
}

/** Lengths of fixed-width values by wire type. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/** @throws SyntaxError when the bytes are no protobuf message; groups are refused too */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  for (const { isFixed, ...field } of wireFields(bytes)) if (!isFixed) yield field
}

/** The float field of this number, as it came last. @throws SyntaxError as protobufFields */
export function floatField(bytes: Uint8Array, field: number): number | undefined {
  let found: number | undefined
  for (const { isFixed, field: number, value } of wireFields(bytes)) {
    if (!isFixed || number !== field || !(value instanceof Uint8Array) || value.length !== 4)
      continue
    found = new DataView(value.buffer, value.byteOffset).getFloat32(0, true)
  }
  return found
}

function* wireFields(bytes: Uint8Array): Generator<ProtobufField & { isFixed: boolean }> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 10; shift++) {
      const byte = bytes[at++]
      if (byte === undefined) break
      value += (byte & 127) * 2 ** (7 * shift)
      if (byte < 128) return value
    }
    throw new SyntaxError('not protobuf')
  }
  while (at < bytes.length) {
    const start = at
    const key = varint()
    const field = Math.floor(key / 8)
    const wireType = key % 8
    if (wireType === 0) {
      yield { field, value: varint(), start, end: at, isFixed: false }
      continue
    }
    const length = wireType === 2 ? varint() : FIXED_BYTES[wireType]
    if (length === undefined || length > bytes.length - at) throw new SyntaxError('not protobuf')
    const value = bytes.subarray(at, at + length)
    at += length
    yield { field, value, start, end: at, isFixed: wireType !== 2 }
  }
}

/** The varints of a repeated field, packed into one run of bytes or each a field of its own. */
export function repeatedVarints({ value }: ProtobufField): readonly number[] {
  if (typeof value === 'number') return [value]
  const values: number[] = []
  let current = 0
  let shift = 0
  for (const byte of value) {
    current += (byte & 127) * 2 ** shift
    shift += 7
    if (shift > 70) throw new SyntaxError('not protobuf')
    if (byte > 127) continue
    values.push(current)
    current = 0
    shift = 0
  }
  if (shift > 0) throw new SyntaxError('not protobuf')
  return values
}
