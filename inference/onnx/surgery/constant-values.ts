/** Which values of a graph are the same at every run, because only constants go into them. */
import type { OnnxGraph } from './onnx-graph.ts'

/**
 * One pass, since nodes come after what they use (onnx.proto3, GraphProto); a node out of order counts as
 * one that depends on the input. An input of the graph with a default may be overridden: no constant.
 */
export function constantValues(graph: OnnxGraph, graphInputs: ReadonlySet<string>): Set<string> {
  // An optional input that is left out has an empty name.
  const constant = new Set(['', ...graph.constants.keys()])
  for (const input of graphInputs) constant.delete(input)
  for (const { operator, inputs, outputs } of graph.nodes) {
    const isConstant =
      inputs.length === 0 ? operator === 'Constant' : inputs.every((input) => constant.has(input))
    if (isConstant) for (const output of outputs) constant.add(output)
  }
  return constant
}
