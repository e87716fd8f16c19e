/**
 * Rewrites a decoder so that its output head sees only the end of the sequence: the product with the
 * vocabulary is most of the work of a prompt, and only the last position's logits are ever used.
 *
 * The head gets the last TWO positions, and the last row is taken of its result: a product of one row may
 * run through other kernels than those of 2 to 32 (docs/spec/exactness.md), and no bit must change. A decode
 * step has one position, before and after.
 */
import { GraphEdits } from './graph-edits.ts'
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

export interface RewrittenGraph {
  readonly file: Uint8Array
  /** The output that has the logits now. */
  readonly logitsOutput: string
  readonly rows: 'last' | 'unknown'
}

/**
 * The file with logits of the last position, [batch, 1, vocabulary], and in float32 whatever the model
 * computes in; the same file where neither is to be done. A head that is not recognised stays as it is.
 */
export function rewriteLogits(graph: OnnxGraph, logits: LogitsOutput): RewrittenGraph {
  const isLast = logits.shape.length === 3 && logits.shape[1] === 1
  const isRewritable = logits.shape.length === 3 && (graph.opsets.get('') ?? 0) >= OPSET_MIN
  const head = isLast || !isRewritable ? undefined : findOutputHead(graph, logits.name)
  if (head === undefined && logits.type === 'float32') {
    return { file: graph.file, logitsOutput: logits.name, rows: isLast ? 'last' : 'unknown' }
  }
  const edits = new GraphEdits(graph)
  let value = logits.name
  if (head !== undefined) {
    const bounds = [-2n, INT64_MAX, 1n].map((bound) => edits.int64Constant([bound]))
    const [hidden = ''] = head.product.inputs
    const end = edits.insertBefore(head.product, 'Slice', [hidden, ...bounds])
    edits.replaceFirstInput(head.product, end)
    value = edits.append('Gather', [value, edits.int64Constant([-1n])], { axis: 1 })
    edits.dropDeclarations(new Set([...head.between, logits.name]))
  }
  if (logits.type === 'float16') value = edits.append('Cast', [value], { to: FLOAT })
  const rows = isLast || head !== undefined ? 'last' : 'unknown'
  const declared = graph.values.find(
    ({ field, name }) => field === GRAPH.output && name === logits.name,
  )
  edits.replaceOutput(declared, value, rows === 'last' ? 1 : undefined)
  return { file: edits.apply(), logitsOutput: value, rows }
}
