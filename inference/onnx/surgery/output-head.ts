/**
 * Finds the output head of a decoder: the product with the vocabulary's weights, and the few operators that
 * may follow it. Only operators that treat every position alike are walked over, so that cutting positions
 * away before them changes nothing for those that remain.
 */
import { constantValues } from './constant-values.ts'
import { GRAPH, type GraphNode, integerAttribute, type OnnxGraph } from './onnx-graph.ts'

export interface OutputHead {
  /** The product; its first input is the hidden state of every position. */
  readonly product: GraphNode
  /** The node whose output the graph returns; the same as `product` where nothing follows it. */
  readonly last: GraphNode
  /** Values between the two, whose declared shapes no longer hold. */
  readonly between: readonly string[]
}

/** One input, one output, each element by itself. */
const UNARY = new Set(['Cast', 'Identity', 'Tanh'])
/** Logit scaling and biases: with a constant on the other side. */
const BINARY = new Set(['Mul', 'Div', 'Add', 'Sub'])
/** What a tied embedding goes through before it is a head's weights. */
const KEEPS_RANK = new Set(['Transpose', 'Cast', 'Identity', 'DequantizeLinear'])
/** More nodes than any known head has after its product (soft capping: three, and a cast). */
const FOLLOWING_MAX = 8

/**
 * Undefined where the head is another one, or someone else looks at its values.
 * `output`: the name of the logits, whose shape must be [batch, sequence, vocabulary].
 */
export function findOutputHead(graph: OnnxGraph, output: string): OutputHead | undefined {
  const inputs = new Set(
    graph.values.filter(({ field }) => field === GRAPH.input).map(({ name }) => name),
  )
  const constant = constantValues(graph, inputs)
  const between: string[] = []
  let value = output
  let last: GraphNode | undefined
  for (let walked = 0; walked <= FOLLOWING_MAX; walked++) {
    const node = producerOf(graph, value)
    if (node === undefined || !isPrivate(graph, value, value === output)) return undefined
    last ??= node
    if (isProduct(node, graph, constant)) return { product: node, last, between }
    const before = walkedOver(node, graph, constant)
    if (before === undefined) return undefined
    between.push(before)
    value = before
  }
  return undefined
}

/** The one node with this output; two of a kind are nothing that can be walked over. */
function producerOf(graph: OnnxGraph, value: string): GraphNode | undefined {
  const found = graph.nodes.filter(({ outputs }) => outputs.includes(value))
  return found.length === 1 && found[0]?.outputs.length === 1 ? found[0] : undefined
}

/** Nodes that take the value, and places where the graph returns it. */
function usesOf(
  graph: OnnxGraph,
  value: string,
): { readonly nodes: number; readonly outputs: number } {
  const isOutput = (one: OnnxGraph['values'][number]) =>
    one.field === GRAPH.output && one.name === value
  return {
    nodes: graph.nodes.filter(({ inputs }) => inputs.includes(value)).length,
    outputs: graph.values.filter(isOutput).length,
  }
}

/** Nobody but the chain that is walked looks at the value. */
function isPrivate(graph: OnnxGraph, value: string, isLogits: boolean): boolean {
  const { nodes, outputs } = usesOf(graph, value)
  return isLogits ? nodes === 0 && outputs === 1 : nodes === 1 && outputs === 0
}

function isProduct(node: GraphNode, graph: OnnxGraph, constant: ReadonlySet<string>): boolean {
  const [hidden, ...weights] = node.inputs
  if (hidden === undefined || constant.has(hidden)) return false
  if (weights.length === 0 || !weights.every((name) => constant.has(name))) return false
  if (node.operator === 'MatMulNBits') return node.domain === 'com.microsoft'
  // Of another rank it could be a matrix for each position.
  const rank = rankOf(weights[0] ?? '', graph)
  if (node.operator === 'MatMul') return node.domain === '' && rank === 2
  if (node.operator !== 'FusedMatMul' || node.domain !== 'com.microsoft' || rank !== 2) return false
  return ['transA', 'transBatchA', 'transBatchB'].every(
    (name) => (integerAttribute(node, name) ?? 0) === 0,
  )
}

/** The value that goes on, or undefined where positions could meet. */
function walkedOver(
  node: GraphNode,
  graph: OnnxGraph,
  constant: ReadonlySet<string>,
): string | undefined {
  if (node.domain !== '') return undefined
  if (UNARY.has(node.operator)) return node.inputs.length === 1 ? node.inputs[0] : undefined
  if (!BINARY.has(node.operator) || node.inputs.length !== 2) return undefined
  const computed = node.inputs.filter((name) => !constant.has(name))
  const other = node.inputs.find((name) => constant.has(name))
  const rank = graph.constants.get(other ?? '')?.dimensions.length
  // A constant of rank 2 and more could hold another number for each position.
  return computed.length === 1 && rank !== undefined && rank <= 1 ? computed[0] : undefined
}

/** Of a constant, or of one that was turned, cast or dequantised; undefined where that is not plain. */
function rankOf(value: string, graph: OnnxGraph): number | undefined {
  let at = value
  for (let walked = 0; walked <= FOLLOWING_MAX; walked++) {
    const constant = graph.constants.get(at)
    if (constant !== undefined) return constant.dimensions.length
    const node = producerOf(graph, at)
    if (node === undefined || !KEEPS_RANK.has(node.operator)) return undefined
    at = node.inputs[0] ?? ''
  }
  return undefined
}
