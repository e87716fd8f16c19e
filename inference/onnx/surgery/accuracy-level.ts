/**
 * How products with 4- and 8-bit weights are computed. onnxruntime is free to choose where a graph leaves it
 * open (com.microsoft.MatMulNBits, accuracy_level 0), and takes one kernel for a single row and another one for
 * several: an answer would depend on whether others run beside it. With 8-bit activations in blocks of each
 * row (level 4) a row has the same bits in every batch, and is faster.
 */
import type { GraphEdits } from './graph-edits.ts'
import { integerAttribute, type OnnxGraph } from './onnx-graph.ts'

const ACCURACY_LEVEL = 'accuracy_level'
const UNSET = 0
const INT8 = 4

/** A level that the graph asks for stays: openModel finds out whether it is exact. */
export function setAccuracyLevels(graph: OnnxGraph, edits: GraphEdits): void {
  for (const node of graph.nodes) {
    if (node.operator !== 'MatMulNBits' || node.domain !== 'com.microsoft') continue
    const level = integerAttribute(node, ACCURACY_LEVEL) ?? UNSET
    if (level === UNSET) edits.setAttribute(node, ACCURACY_LEVEL, INT8)
  }
}
