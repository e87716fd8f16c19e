/**
 * Moves the scale of attention from the operator into the rotary tables. GroupQueryAttention multiplies every
 * score by 1/sqrt(head size); with a factor of one, onnxruntime's product of a single query with the keys runs
 * without copying them first (MlasSgemmOperation: one row, alpha 1), and a long context costs a fifth less.
 * Queries and keys both go through the tables, so each gets the root of the scale: the scores are the same up to
 * rounding. What is cached are keys with that factor.
 */
import type { CacheTensor } from '../graph/signature.ts'
import type { GraphEdits } from './graph-edits.ts'
import { floatAttribute, type GraphNode, integerAttribute, type OnnxGraph } from './onnx-graph.ts'

/** Inputs of com.microsoft.GroupQueryAttention (onnxruntime, docs/ContribOperators.md). */
const INPUT = { pastKey: 3, cosines: 7, sines: 8 } as const

interface Scaled {
  readonly node: GraphNode
  readonly scale: number
}

/** Attention that is no GroupQueryAttention in float32 with full rotary tables among the constants stays as it is. */
export function moveAttentionScale(
  graph: OnnxGraph,
  cache: readonly CacheTensor[],
  edits: GraphEdits,
): void {
  // The tables are of the cache's type; float16 products copy the keys anyhow.
  const headSizes = new Map(
    cache.filter(({ type }) => type === 'float32').map(({ input, headSize }) => [input, headSize]),
  )
  const tables = new Map<string, string>()
  const scaled = graph.nodes.flatMap((node) => {
    const scale = movableScale(node, graph, headSizes)
    return scale === undefined ? [] : [{ node, scale }]
  })
  const first = graph.nodes[0]
  if (first === undefined) return
  const tableOf = ({ node, scale }: Scaled, input: number) => {
    const name = node.inputs[input] ?? ''
    const key = `${scale} ${name}`
    const known = tables.get(key)
    if (known !== undefined) return known
    // Of constants only: onnxruntime computes it once, when the graph is loaded.
    const made = edits.insertBefore(first, 'Mul', [name, edits.float32Constant(Math.sqrt(scale))])
    tables.set(key, made)
    return made
  }
  for (const each of scaled) {
    for (const input of [INPUT.cosines, INPUT.sines]) {
      edits.replaceInput(each.node, input, tableOf(each, input))
    }
    edits.setFloatAttribute(each.node, 'scale', 1)
  }
}

function movableScale(
  node: GraphNode,
  graph: OnnxGraph,
  headSizes: ReadonlyMap<string, number>,
): number | undefined {
  if (node.operator !== 'GroupQueryAttention' || node.domain !== 'com.microsoft') return undefined
  if (integerAttribute(node, 'do_rotary') !== 1) return undefined
  const headSize = headSizes.get(node.inputs[INPUT.pastKey] ?? '')
  if (headSize === undefined) return undefined
  // Tables that turn only a part of each head would leave the rest without its factor.
  const areFull = [INPUT.cosines, INPUT.sines].every((input) => {
    const table = graph.constants.get(node.inputs[input] ?? '')
    return table?.dimensions.length === 2 && table.dimensions[1] === headSize / 2
  })
  if (!areFull) return undefined
  // Zero and nothing both mean the default.
  const given = floatAttribute(node, 'scale') ?? 0
  const scale = given === 0 ? 1 / Math.sqrt(headSize) : given
  return scale > 0 && Number.isFinite(scale) ? scale : undefined
}
