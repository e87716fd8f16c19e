/**
 * Which files a graph takes weights from. onnxruntime looks for them on the disk, relative to where
 * the process happens to stand, and knows a location that means a bare memory address: weights that
 * nobody hashed. So every location must name a file that was read and hashed with the graph.
 */
import { ConfigError } from '#protocol/errors.ts'
import { protobufFields } from './protobuf.ts'

/** Where tensors hide in an ONNX file: message type, field number, type of what lies there. */
const FIELDS = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {},
} as const satisfies Record<string, Record<number, string>>
type MessageType = keyof typeof FIELDS

/** Graphs inside of graphs (the branches of If and Loop). */
const DEPTH_MAX = 64
const LOCATION = 'location'
/** onnxruntime's own file format is another way in, without any of these checks. */
const ORT_FORMAT_MARK = 'ORTM'
const ORT_FORMAT_MARK_AT = 4

/**
 * @throws ConfigError MODEL_GRAPH_INVALID when the file is not an ONNX protobuf, or takes weights
 *   from anywhere but the named files
 */
export function checkExternalData(graph: Uint8Array, fileNames: ReadonlySet<string>): void {
  const mark = graph.subarray(ORT_FORMAT_MARK_AT, ORT_FORMAT_MARK_AT + ORT_FORMAT_MARK.length)
  if (latin1(mark) === ORT_FORMAT_MARK) throw invalid('it is not an ONNX protobuf')
  visit(graph, 'model', 0, (location) => {
    if (!fileNames.has(location)) throw invalid('it takes weights from outside of the model')
  })
}

function visit(
  bytes: Uint8Array,
  type: MessageType,
  depth: number,
  onLocation: (location: string) => void,
): void {
  if (depth > DEPTH_MAX) throw invalid('graphs are nested too deeply')
  const children: Readonly<Record<number, MessageType>> = FIELDS[type]
  for (const { field, value } of lengthDelimitedFields(bytes)) {
    const child = children[field]
    if (child === 'entry') visitEntry(value, onLocation)
    else if (child !== undefined) visit(value, child, depth + 1, onLocation)
  }
}

/** StringStringEntryProto. A field may occur twice and readers differ on which counts: take all. */
function visitEntry(bytes: Uint8Array, onLocation: (location: string) => void): void {
  const fields = [...lengthDelimitedFields(bytes)]
  const isLocation = fields.some(({ field, value }) => field === 1 && latin1(value) === LOCATION)
  if (!isLocation) return
  const values = fields.filter(({ field }) => field === 2)
  if (values.length === 0) onLocation('')
  for (const { value } of values) onLocation(latin1(value))
}

function* lengthDelimitedFields(bytes: Uint8Array) {
  try {
    for (const { field, value } of protobufFields(bytes)) {
      if (value instanceof Uint8Array) yield { field, value }
    }
  } catch (cause) {
    if (cause instanceof SyntaxError) throw invalid('it is not an ONNX protobuf')
    throw cause
  }
}

/** Names of files that were read are compared as they are: ASCII, or no match. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4_096))
}

function invalid(reason: string): ConfigError {
  return new ConfigError('MODEL_GRAPH_INVALID', `the ONNX graph is invalid: ${reason}`, {
    remedy: 'Keep external data as files in onnx/, named in the graph without any folder.',
    data: { reason },
  })
}
