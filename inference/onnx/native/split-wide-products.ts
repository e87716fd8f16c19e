/**
 * Cuts the widest quantised product of a decoder, its output head, into pieces that fit into a core's cache.
 *
 * ONNX Runtime multiplies a batch of single positions row by row: with weights far beyond the cache each row
 * reads all of them from memory again, and eight rows cost sixteen times one (measured: docs/PERFORMANCE.md).
 * Piece by piece they are read once for all rows. Each output is the same product of the same numbers, so no
 * bit changes (test/inference/exactness.test.ts).
 */
import { concat } from '#protocol/bytes.ts'
import { type ProtobufField, protobufFields } from '../protobuf.ts'
import {
  ATTRIBUTE,
  bytesOf,
  GRAPH,
  type GraphNode,
  MODEL,
  NODE,
  readOnnxGraph,
  TENSOR,
} from '../surgery/onnx-graph.ts'
import {
  bytesField,
  type Edit,
  fieldHeader,
  growth,
  integerField,
  spliced,
  textField,
} from '../surgery/protobuf-writer.ts'

/** Of a piece's weights: half of the second-level cache that a server's core has at least. */
const PIECE_BYTES = 1 << 20
/** Products narrower than a vocabulary stay whole: prompts would have to be quantised for each piece. */
const OUTPUTS_MIN = 16_384
/** Outputs of a piece are a multiple of it, as kernels take several at once. */
const OUTPUTS_STEP = 64
/** Activations, levels, scales and zero points; what has more has a bias or an order of its own. */
const INPUTS_MAX = 4
/** AttributeProto.AttributeType INT */
const ATTRIBUTE_INTEGER = 2

/** The same file where there is no such product, or where its weights lie in another file. */
export function splitWideProducts(file: Uint8Array): Uint8Array {
  const graph = readOnnxGraph(file)
  const wide = graph.nodes.filter(isWide)
  if (wide.length === 0) return file
  const tensors = new Map(
    [...protobufFields(graph.body)]
      .filter(({ field }) => field === GRAPH.initializer)
      .map((field) => [nameOf(bytesOf(field.value)), field]),
  )
  const edits = wide.flatMap((node) => {
    const uses = (name: string) => graph.nodes.filter(({ inputs }) => inputs.includes(name)).length
    const constants = node.inputs.slice(1).map((name) => tensors.get(name))
    const isOnlyUser = node.inputs.slice(1).every((name) => uses(name) === 1)
    return isOnlyUser && constants.every((field) => field !== undefined)
      ? splitProduct(node, constants)
      : []
  })
  if (edits.length === 0) return file
  const { field, body } = graph
  const bodyStart = field.end - body.length
  const length = edits.reduce((sum, edit) => sum + growth(edit), body.length)
  return spliced(file, [
    { start: field.start, end: bodyStart, replacement: fieldHeader(MODEL.graph, length) },
    ...edits.map((edit) => ({
      ...edit,
      start: bodyStart + edit.start,
      end: bodyStart + edit.end,
    })),
  ])
}

function isWide(node: GraphNode): boolean {
  const { operator, domain, inputs, outputs } = node
  if (operator !== 'MatMulNBits' || domain !== 'com.microsoft') return false
  if (inputs.length > INPUTS_MAX || inputs.includes('') || outputs.length !== 1) return false
  return attributeOf(node, 'N') >= OUTPUTS_MIN
}

/** Edits that put pieces and their concatenation in place of the product; none if they cannot be cut. */
function splitProduct(node: GraphNode, constants: readonly ProtobufField[]): Edit[] {
  const outputs = attributeOf(node, 'N')
  const sources = constants.map((field) => readTensor(bytesOf(field.value)))
  const [levels] = sources
  const isCuttable = sources.every(
    (source) =>
      source !== undefined && source.raw.length % outputs === 0 && isByRow(source, outputs),
  )
  if (!isCuttable || levels === undefined) return []
  const rowBytes = levels.raw.length / outputs
  const step = Math.max(1, Math.floor(PIECE_BYTES / rowBytes / OUTPUTS_STEP)) * OUTPUTS_STEP
  if (step >= outputs) return []
  const [activations = ''] = node.inputs
  const [output = ''] = node.outputs
  const nodes: Uint8Array[] = []
  const pieces: string[] = []
  const tensors: Uint8Array[][] = sources.map(() => [])
  for (let first = 0; first < outputs; first += step) {
    const count = Math.min(step, outputs - first)
    const suffix = `/piece${pieces.length}`
    for (const [at, source] of sources.entries()) {
      if (source !== undefined) tensors[at]?.push(cutTensor(source, suffix, first, count, outputs))
    }
    const inputs = [activations, ...node.inputs.slice(1).map((name) => name + suffix)]
    pieces.push(output + suffix)
    nodes.push(productField(node, inputs, output + suffix, count))
  }
  nodes.push(concatenationField(pieces, output))
  return [
    { start: node.start, end: node.end, replacement: concat(...nodes) },
    ...constants.map(({ start, end }, at) => ({
      start,
      end,
      replacement: concat(...(tensors[at] ?? [])),
    })),
  ]
}

interface SourceTensor {
  readonly name: string
  readonly type: number
  readonly dimensions: readonly number[]
  readonly raw: Uint8Array
}

/** Undefined: its bytes lie elsewhere or are written in another way. */
function readTensor(body: Uint8Array): SourceTensor | undefined {
  const fields = [...protobufFields(body)]
  const raw = fields.findLast(({ field }) => field === TENSOR.rawData)?.value
  const type = fields.findLast(({ field }) => field === TENSOR.type)?.value
  const dimensions = fields.filter(({ field }) => field === TENSOR.dimension)
  if (!(raw instanceof Uint8Array) || typeof type !== 'number') return undefined
  if (!dimensions.every(({ value }) => typeof value === 'number')) return undefined
  return { name: nameOf(body), type, dimensions: dimensions.map(({ value }) => Number(value)), raw }
}

/** The first dimension counts outputs, alone or times the blocks of a row. */
function isByRow({ dimensions }: SourceTensor, outputs: number): boolean {
  return (dimensions[0] ?? 0) > 0 && (dimensions[0] ?? 0) % outputs === 0
}

function cutTensor(
  { name, type, dimensions, raw }: SourceTensor,
  suffix: string,
  first: number,
  count: number,
  outputs: number,
): Uint8Array {
  const rowBytes = raw.length / outputs
  const [rows = 0, ...rest] = dimensions
  const cut = [(rows / outputs) * count, ...rest]
  return bytesField(
    GRAPH.initializer,
    ...cut.map((size) => integerField(TENSOR.dimension, size)),
    integerField(TENSOR.type, type),
    textField(TENSOR.name, name + suffix),
    bytesField(TENSOR.rawData, raw.subarray(first * rowBytes, (first + count) * rowBytes)),
  )
}

/** The node with other names and another number of outputs. */
function productField(
  node: GraphNode,
  inputs: readonly string[],
  output: string,
  outputs: number,
): Uint8Array {
  const attributes = [...protobufFields(node.body)]
    .filter(({ field }) => field === NODE.attribute)
    .map(({ value }) => bytesOf(value))
    .filter((attribute) => attributeName(attribute) !== 'N')
  const count = concat(
    textField(ATTRIBUTE.name, 'N'),
    integerField(ATTRIBUTE.integer, outputs),
    integerField(ATTRIBUTE.type, ATTRIBUTE_INTEGER),
  )
  return bytesField(
    GRAPH.node,
    ...inputs.map((name) => textField(NODE.input, name)),
    textField(NODE.output, output),
    textField(NODE.name, output),
    textField(NODE.operator, node.operator),
    ...[...attributes, count].map((attribute) => bytesField(NODE.attribute, attribute)),
    textField(NODE.domain, node.domain),
  )
}

function concatenationField(inputs: readonly string[], output: string): Uint8Array {
  const axis = concat(
    textField(ATTRIBUTE.name, 'axis'),
    integerField(ATTRIBUTE.integer, -1),
    integerField(ATTRIBUTE.type, ATTRIBUTE_INTEGER),
  )
  return bytesField(
    GRAPH.node,
    ...inputs.map((name) => textField(NODE.input, name)),
    textField(NODE.output, output),
    textField(NODE.name, `${output}/pieces`),
    textField(NODE.operator, 'Concat'),
    bytesField(NODE.attribute, axis),
  )
}

function attributeOf(node: GraphNode, name: string): number {
  for (const { field, value } of protobufFields(node.body)) {
    if (field !== NODE.attribute || attributeName(bytesOf(value)) !== name) continue
    const fields = [...protobufFields(bytesOf(value))]
    return Number(fields.findLast((one) => one.field === ATTRIBUTE.integer)?.value ?? 0)
  }
  return 0
}

function attributeName(attribute: Uint8Array): string {
  return textOf(attribute, ATTRIBUTE.name)
}

function nameOf(tensor: Uint8Array): string {
  return textOf(tensor, TENSOR.name)
}

function textOf(body: Uint8Array, field: number): string {
  const found = [...protobufFields(body)].findLast((one) => one.field === field)
  return found === undefined ? '' : new TextDecoder().decode(bytesOf(found.value))
}
