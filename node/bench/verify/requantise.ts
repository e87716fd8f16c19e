/** The same weights in half the bits: what a provider would serve that wants to save memory unseen. */
import { protobufFields } from '#inference/onnx/graph/protobuf.ts'
import { bytesField, integerField, varint } from '#inference/onnx/graph/protobuf-writer.ts'
import { splicedGraph } from '#inference/onnx/surgery/graph-edits.ts'
import {
  ATTRIBUTE,
  bytesOf,
  GRAPH,
  type GraphNode,
  integerAttribute,
  NODE,
  type OnnxGraph,
  readOnnxGraph,
  TENSOR,
} from '#inference/onnx/surgery/onnx-graph.ts'
import { type Edit, spliced } from '#inference/onnx/surgery/splice.ts'
import { BLOCK_WEIGHTS, quantise4 } from '#inference/synth/quantise.ts'
import { concat, fromUtf8 } from '#protocol/bytes.ts'

/** MatMulNBits without zero points: 8-bit weights lie about 128, 4-bit ones about 8. */
const CENTRE_8 = 128
const CENTRE_4 = 8

/**
 * Every MatMulNBits of 8 bits and blocks of 32 becomes one of 4 bits. Weights that another node reads too
 * (an embedding that is also the output head) stay as they are.
 * @throws RangeError when no node can be changed
 */
export function requantisedTo4Bits(file: Uint8Array): Uint8Array {
  const graph = readOnnxGraph(file)
  const nodes = graph.nodes.filter((node) => isOwn8Bits(graph, node))
  if (nodes.length === 0) throw new RangeError('no node with 8-bit weights of its own')
  const tensors = tensorFields(graph.body)
  return splicedGraph(
    graph,
    nodes.flatMap((node) => nodeEdits(node, tensors)),
  )
}

function isOwn8Bits({ nodes, constants }: OnnxGraph, node: GraphNode): boolean {
  const [, weights = '', , zeroPoints] = node.inputs
  return (
    node.operator === 'MatMulNBits' &&
    integerAttribute(node, 'bits') === 8 &&
    integerAttribute(node, 'block_size') === BLOCK_WEIGHTS &&
    zeroPoints === undefined &&
    constants.has(weights) &&
    nodes.filter(({ inputs }) => inputs.includes(weights)).length === 1
  )
}

interface TensorField {
  readonly start: number
  readonly end: number
  readonly body: Uint8Array
  readonly data: Uint8Array
}

function tensorFields(graph: Uint8Array): Map<string, TensorField> {
  const tensors = new Map<string, TensorField>()
  for (const { field, value, start, end } of protobufFields(graph)) {
    if (field !== GRAPH.initializer) continue
    const body = bytesOf(value)
    const parts = [...protobufFields(body)]
    const name = parts.findLast((part) => part.field === TENSOR.name)?.value
    const data = parts.findLast((part) => part.field === TENSOR.rawData)?.value
    if (name instanceof Uint8Array && data instanceof Uint8Array) {
      tensors.set(fromUtf8(name), { start, end, body, data })
    }
  }
  return tensors
}

function nodeEdits(node: GraphNode, tensors: ReadonlyMap<string, TensorField>): Edit[] {
  const [, weightsName = '', scalesName = ''] = node.inputs
  const weights = tensors.get(weightsName)
  const scales = tensors.get(scalesName)
  if (weights === undefined || scales === undefined) throw new RangeError('weights elsewhere')
  const packed = requantised(weights.data, floats(scales.data))
  const dimensions = [integerAttribute(node, 'N') ?? 0, -1, BLOCK_WEIGHTS / 2]
  dimensions[1] = packed.levels.length / (dimensions[0] ?? 1) / (BLOCK_WEIGHTS / 2)
  return [
    { start: node.start, end: node.end, replacement: bytesField(GRAPH.node, with4Bits(node)) },
    tensorEdit(weights, packed.levels, dimensions),
    tensorEdit(scales, new Uint8Array(packed.scales.buffer), undefined),
  ]
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** The low half of a byte is the earlier weight (onnxruntime, MatMulNBits). */
function requantised(bytes: Uint8Array, scales: Float32Array) {
  const levels = new Uint8Array(bytes.length / 2)
  const newScales = new Float32Array(scales.length)
  const block = new Float32Array(BLOCK_WEIGHTS)
  const found = new Int8Array(BLOCK_WEIGHTS)
  for (const [at, scale] of scales.entries()) {
    for (let i = 0; i < BLOCK_WEIGHTS; i++) {
      block[i] = ((bytes[at * BLOCK_WEIGHTS + i] ?? CENTRE_8) - CENTRE_8) * scale
    }
    newScales[at] = quantise4(block, 0, found)
    for (let i = 0; i < BLOCK_WEIGHTS; i += 2) {
      const low = (found[i] ?? 0) + CENTRE_4
      const high = (found[i + 1] ?? 0) + CENTRE_4
      levels[(at * BLOCK_WEIGHTS + i) / 2] = low | (high << 4)
    }
  }
  return { levels, scales: newScales }
}

function with4Bits(node: GraphNode): Uint8Array {
  const edits: Edit[] = []
  for (const { field, value, start, end } of protobufFields(node.body)) {
    if (field !== NODE.attribute) continue
    const body = bytesOf(value)
    const parts = [...protobufFields(body)]
    const name = parts.findLast((part) => part.field === ATTRIBUTE.name)?.value
    if (!(name instanceof Uint8Array) || fromUtf8(name) !== 'bits') continue
    const inner = parts
      .filter((part) => part.field === ATTRIBUTE.integer)
      .map((part) => ({ ...part, replacement: integerField(ATTRIBUTE.integer, 4) }))
    edits.push({ start, end, replacement: bytesField(NODE.attribute, spliced(body, inner)) })
  }
  return spliced(node.body, edits)
}

function tensorEdit(
  { start, end, body }: TensorField,
  data: Uint8Array,
  dimensions: readonly number[] | undefined,
): Edit {
  const edits: Edit[] = []
  let at = 0
  for (const part of protobufFields(body)) {
    if (part.field === TENSOR.rawData) {
      edits.push({ ...part, replacement: bytesField(TENSOR.rawData, data) })
    } else if (part.field === TENSOR.dimension && dimensions !== undefined) {
      // Packed into one field, or each in its own.
      const replacement =
        part.value instanceof Uint8Array
          ? bytesField(TENSOR.dimension, concat(...dimensions.map((size) => varint(BigInt(size)))))
          : integerField(TENSOR.dimension, dimensions[at++] ?? 0)
      edits.push({ ...part, replacement })
    }
  }
  return { start, end, replacement: bytesField(GRAPH.initializer, spliced(body, edits)) }
}
