/** Every tensor in an ONNX file, wherever it hides. */
import { graphInvalid } from '../graph/errors.ts'
import { type ProtobufField, protobufFields } from '../graph/protobuf.ts'

/** Where tensors hide: message type, field number, type of what lies there (onnx.proto3). */
const FIELDS = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
} as const satisfies Record<string, Record<number, string>>
type MessageType = keyof typeof FIELDS

/** Graphs inside of graphs (the branches of If and Loop). */
const DEPTH_MAX = 64

/**
 * Calls back with each TensorProto.
 * @throws ConfigError MODEL_GRAPH_INVALID when the bytes are no protobuf or are nested too deeply
 */
export function visitTensors(file: Uint8Array, onTensor: (tensor: Uint8Array) => void): void {
  visit(file, 'model', 0, onTensor)
}

function visit(
  bytes: Uint8Array,
  type: MessageType,
  depth: number,
  onTensor: (tensor: Uint8Array) => void,
): void {
  if (depth > DEPTH_MAX) throw graphInvalid('graphs are nested too deeply', undefined)
  const children: Readonly<Record<number, MessageType | 'tensor'>> = FIELDS[type]
  for (const { field, value } of graphFields(bytes)) {
    const child = children[field]
    if (child === undefined || !(value instanceof Uint8Array)) continue
    if (child === 'tensor') onTensor(value)
    else visit(value, child, depth + 1, onTensor)
  }
}

/** @throws ConfigError MODEL_GRAPH_INVALID when the bytes are no protobuf */
export function* graphFields(bytes: Uint8Array): Generator<ProtobufField> {
  try {
    yield* protobufFields(bytes)
  } catch (cause) {
    if (cause instanceof SyntaxError) throw graphInvalid('it is not an ONNX protobuf', cause)
    throw cause
  }
}

/** StringStringEntryProto: a field may occur twice and readers differ on which counts, so all are given. */
export interface TensorEntry {
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

const EXTERNAL_DATA = 13
const ENTRY_CHARS_MAX = 4_096

/** What a tensor says of the file that its data lies in; none for a tensor that has its own. */
export function externalEntries(tensor: Uint8Array): TensorEntry[] {
  const entries: TensorEntry[] = []
  for (const { field, value } of graphFields(tensor)) {
    if (field !== EXTERNAL_DATA || !(value instanceof Uint8Array)) continue
    const parts = [...graphFields(value)]
    const texts = (wanted: number) =>
      parts.flatMap((part) =>
        part.field === wanted && part.value instanceof Uint8Array ? [latin1(part.value)] : [],
      )
    entries.push({ keys: texts(1), values: texts(2) })
  }
  return entries
}

/** Names of files that were read are compared as they are: ASCII, or no match. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, ENTRY_CHARS_MAX))
}
