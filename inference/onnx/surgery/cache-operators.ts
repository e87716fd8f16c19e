/** Which operators of a graph write its cache, where nothing else touches it. */
import { kvCacheUnsupported } from '../cache/kv-cache.ts'
import type { CacheTensor } from '../graph/signature.ts'
import { type GraphNode, integerAttribute, type OnnxGraph, textAttribute } from './onnx-graph.ts'

/** Inputs and outputs of com.microsoft.GroupQueryAttention (onnxruntime, docs/ContribOperators.md). */
const INPUT = { pastKey: 3, pastValue: 4, cosines: 7 } as const
const OUTPUT = { presentKey: 1, presentValue: 2 } as const
/** Place of the first scale among its inputs. */
export const SCALE_INPUT = 12
const NOT_QUANTISED = 'NONE'

export interface CacheOperator {
  readonly node: GraphNode
  readonly key: CacheTensor
  readonly value: CacheTensor
}

/**
 * One operator for each layer, in the order of the layers.
 * @throws ConfigError KV_CACHE_UNSUPPORTED where a cache is not float32, belongs to another operator or to
 *   two, is read beside attention, or is quantised already
 */
export function cacheOperators(graph: OnnxGraph, cache: readonly CacheTensor[]): CacheOperator[] {
  const other = cache.find(({ type }) => type !== 'float32')
  if (other !== undefined) throw kvCacheUnsupported(`the graph's own is ${other.type}`)
  const byInput = new Map(cache.map((tensor) => [tensor.input, tensor]))
  const presents = new Set(cache.map(({ output }) => output))
  const found: CacheOperator[] = []
  for (const node of graph.nodes) {
    // Asks for no number of it.
    if (node.operator === 'Shape' && node.domain === '') continue
    const uses = node.inputs.filter((input) => byInput.has(input)).length
    if (node.inputs.some((input) => presents.has(input))) {
      throw kvCacheUnsupported(`${shown(node)} reads what attention has written`)
    }
    if (uses > 0) found.push(operatorOf(node, uses, byInput))
  }
  const written = new Set(found.flatMap(({ key, value }) => [key, value]))
  if (written.size !== cache.length || 2 * found.length !== cache.length) {
    throw kvCacheUnsupported('a part of it belongs to no attention, or to two')
  }
  return found
}

function operatorOf(
  node: GraphNode,
  uses: number,
  byInput: ReadonlyMap<string, CacheTensor>,
): CacheOperator {
  if (node.operator !== 'GroupQueryAttention' || node.domain !== 'com.microsoft') {
    throw kvCacheUnsupported(`it belongs to ${shown(node)}, not to GroupQueryAttention`)
  }
  const key = byInput.get(node.inputs[INPUT.pastKey] ?? '')
  const value = byInput.get(node.inputs[INPUT.pastValue] ?? '')
  const isWhole =
    uses === 2 &&
    key !== undefined &&
    value !== undefined &&
    node.outputs[OUTPUT.presentKey] === key.output &&
    node.outputs[OUTPUT.presentValue] === value.output
  if (!isWhole) throw kvCacheUnsupported('attention does not write where it reads')
  const isQuantised = ['k_quant_type', 'v_quant_type'].some(
    (name) => (textAttribute(node, name) ?? NOT_QUANTISED) !== NOT_QUANTISED,
  )
  if (isQuantised || node.inputs.length > SCALE_INPUT) {
    throw kvCacheUnsupported('attention has scales of its own')
  }
  return { node, key, value }
}

/**
 * Which two channels of a key are turned into each other as positions grow: for each its partner, or itself
 * where it stays. Where attention does not turn keys itself, what stands before it may: in halves, as almost
 * all models do.
 */
export function turnedPartners({ node, key }: CacheOperator, graph: OnnxGraph): number[] {
  const { headSize } = key
  const isTurnedHere = integerAttribute(node, 'do_rotary') === 1
  const table = graph.constants.get(node.inputs[INPUT.cosines] ?? '')?.dimensions
  const half = (isTurnedHere ? table?.[1] : undefined) ?? Math.floor(headSize / 2)
  const isInterleaved = isTurnedHere && integerAttribute(node, 'rotary_interleaved') === 1
  return Array.from({ length: headSize }, (_, channel) => {
    if (channel >= 2 * half) return channel
    if (isInterleaved) return channel ^ 1
    return channel < half ? channel + half : channel - half
  })
}

function shown({ operator }: GraphNode): string {
  return operator.slice(0, 64)
}
