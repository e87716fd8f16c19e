/**
 * Bounded decoding of protobuf messages. protobuf-es alone keeps unknown fields, merges repeated
 * singular ones and builds an object for every empty submessage; what strangers send is first
 * walked without building anything, so that a refused message costs its own length and no more.
 */
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { equal } from './bytes.ts'
import { MESSAGE_DEPTH_MAX, MESSAGE_FIELDS_MAX } from './constants.ts'
import { ProtocolError } from './errors.ts'

function malformed(detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError('FRAME_MALFORMED', `a message cannot be read: ${detail}`, { cause })
}

const fieldsByNumber = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>()

function fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
  const known = fieldsByNumber.get(schema)
  if (known !== undefined) return known
  const made = new Map(schema.fields.map((field) => [field.number, field]))
  fieldsByNumber.set(schema, made)
  return made
}

/** The schema knows varints and length-delimited fields only; lists of numbers are packed. */
function wireTypeOf(field: DescField): WireType {
  const isVarint =
    field.fieldKind === 'enum' ||
    (field.fieldKind === 'scalar' &&
      field.scalar !== ScalarType.STRING &&
      field.scalar !== ScalarType.BYTES)
  return isVarint ? WireType.Varint : WireType.LengthDelimited
}

/** Walks one message: known fields only, singular ones once, one member of a oneof, all in bounds. */
function walk(schema: DescMessage, bytes: Uint8Array, depth: number, budget: { left: number }) {
  if (depth > MESSAGE_DEPTH_MAX) throw malformed('nested too deeply')
  const fields = fieldsOf(schema)
  const seen = new Set<string>()
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    const field = fields.get(number)
    if (field === undefined) throw malformed(`${schema.name} has no field ${number}`)
    if (--budget.left < 0) throw malformed('too many fields')
    if (field.fieldKind !== 'list') {
      const place = field.oneof?.name ?? field.name
      if (seen.has(place)) throw malformed(`${schema.name}.${place} is there twice`)
      seen.add(place)
    }
    if (wireType !== wireTypeOf(field)) throw malformed(`${schema.name}.${field.name} is mistyped`)
    if (field.message === undefined) reader.skip(wireType, number, 0)
    else walk(field.message, reader.bytes(), depth + 1, budget)
  }
  if (reader.pos !== reader.len) throw malformed('it ends early')
}

/**
 * Decodes bytes from outside: size first, then a walk that refuses unknown, doubled and too many
 * fields, then protobuf-es. Lengths and ranges of single fields are the caller's to check; byte
 * fields are views of the input.
 * @throws ProtocolError FRAME_MALFORMED
 */
export function decodeMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  bytesMax: number,
): MessageShape<Desc> {
  if (bytes.length > bytesMax) throw malformed(`${bytes.length} bytes, at most ${bytesMax}`)
  try {
    walk(schema, bytes, 1, { left: MESSAGE_FIELDS_MAX })
    return fromBinary(schema, bytes, {
      readUnknownFields: false,
      recursionLimit: MESSAGE_DEPTH_MAX,
    })
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw malformed(`not a ${schema.name}`, cause)
  }
}

/**
 * As decodeMessage, and the bytes must be the one encoding that `encodeMessage` gives: fields in
 * order, shortest varints, defaults left out.
 * @throws ProtocolError FRAME_MALFORMED
 */
export function decodeCanonical<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  bytesMax: number,
): MessageShape<Desc> {
  const message = decodeMessage(schema, bytes, bytesMax)
  if (!equal(toBinary(schema, message), bytes)) {
    throw malformed(`${schema.name} is not in canonical form`)
  }
  return message
}

/** The canonical bytes of a message. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init))
}
