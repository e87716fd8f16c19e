/**
 * Rewrites a decoder so that its output head sees only the end of the sequence: the product with the
 * vocabulary is most of the work of a prompt, and only the last position's logits are ever used.
 *
 * The head gets the last TWO positions, and the last row is taken of its result: a product of one row may
 * run through other kernels than those of 2 to 32 (docs/spec/exactness.md), and no bit must change. A decode
 * step has one position, before and after.
 *
 * Of a float16 graph on a processor without float16 products the bits do change, once: onnxruntime computes
 * neighbours in float32 and leaves out the rounding between them, but not where something is cut. That is why
 * the runtime digest counts what is done here (runtime.ts).
 */
import type { GraphEdits } from './graph-edits.ts'
import { GRAPH, type OnnxGraph } from './onnx-graph.ts'
import { findOutputHead } from './output-head.ts'

/** TensorProto.DataType */
const FLOAT = 1
const INT64_MAX = 2n ** 63n - 1n
/** Slice takes its bounds as inputs since opset 10, Gather counts from the end since 11. */
const OPSET_MIN = 11

export interface LogitsOutput {
  readonly name: string
  readonly type: 'float32' | 'float16'
  readonly shape: readonly (number | undefined)[]
}

export interface RewrittenLogits {
  /** The output that has the logits now. */
  readonly name: string
  readonly rows: 'last' | undefined
}

/**
 * Logits of the last position, [batch, 1, vocabulary], and in float32 whatever the model computes in. A head
 * that is not recognised stays as it is.
 */
export function rewriteLogits(
  graph: OnnxGraph,
  logits: LogitsOutput,
  edits: GraphEdits,
): RewrittenLogits {
  const isLast = logits.shape.length === 3 && logits.shape[1] === 1
  const isRewritable = logits.shape.length === 3 && (graph.opsets.get('') ?? 0) >= OPSET_MIN
  const head = isLast || !isRewritable ? undefined : findOutputHead(graph, logits.name)
  const rows = isLast || head !== undefined ? 'last' : undefined
  if (head === undefined && logits.type === 'float32') return { name: logits.name, rows }
  let name = logits.name
  if (head !== undefined) {
    const bounds = [-2n, INT64_MAX, 1n].map((bound) => edits.int64Constant([bound]))
    const [hidden = ''] = head.product.inputs
    const end = edits.insertBefore(head.product, 'Slice', [hidden, ...bounds])
    edits.replaceInput(head.product, 0, end)
    name = edits.append('Gather', [name, edits.int64Constant([-1n])], { axis: 1 })
    edits.dropDeclarations(new Set([...head.between, logits.name]))
  }
  if (logits.type === 'float16') name = edits.append('Cast', [name], { to: FLOAT })
  const declared = graph.values.find(
    (value) => value.field === GRAPH.output && value.name === logits.name,
  )
  edits.replaceOutput(declared, name, rows === 'last' ? 1 : undefined)
  return { name, rows }
}
