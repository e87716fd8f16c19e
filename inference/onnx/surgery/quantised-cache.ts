/**
 * Keeps keys and values as one byte each: GroupQueryAttention writes them divided by a scale of their channel,
 * rounded and cut at -128 and 127, and multiplies them again where it reads them (onnxruntime 1.30,
 * k_quant_type PER_CHANNEL). Also within one call it reads what it has rounded, so that no bit depends on the
 * pieces in which a sequence comes.
 */
import { kvCacheUnsupported } from '../cache/kv-cache.ts'
import type { CacheTensor, GraphSignature } from '../graph/signature.ts'
import { cacheOperators, SCALE_INPUT } from './cache-operators.ts'
import type { GraphEdits } from './graph-edits.ts'
import { GRAPH, type OnnxGraph } from './onnx-graph.ts'

/** Of one cache tensor: [heads, head size], in one run. */
export type ChannelScales = readonly number[]

/** By the name of a cache tensor's input. */
export type CacheScales = ReadonlyMap<string, ChannelScales>

/**
 * The cache as the graph has it now.
 * @throws ConfigError KV_CACHE_UNSUPPORTED, and what cacheOperators throws
 */
export function quantiseCache(
  graph: OnnxGraph,
  cache: GraphSignature['cache'],
  scales: CacheScales,
  edits: GraphEdits,
): readonly CacheTensor[] {
  const constantOf = ({ input, heads, headSize }: CacheTensor) => {
    const values = scales.get(input)
    if (values?.length !== heads * headSize) throw new RangeError('a scale for each channel')
    return edits.float32Tensor(values, [heads, 1, headSize])
  }
  for (const { node, key, value } of cacheOperators(graph, cache)) {
    const unused = new Array<string>(SCALE_INPUT - node.inputs.length).fill('')
    edits.addInputs(node, [...unused, constantOf(key), constantOf(value)])
    edits.setTextAttribute(node, 'k_quant_type', 'PER_CHANNEL')
    edits.setTextAttribute(node, 'v_quant_type', 'PER_CHANNEL')
    edits.setAttribute(node, 'kv_cache_bit_width', 8)
  }
  const names = new Set(cache.flatMap(({ input, output }) => [input, output]))
  const declared = graph.values.filter(
    ({ field, name }) => field !== GRAPH.valueInfo && names.has(name),
  )
  if (declared.length !== names.size) throw kvCacheUnsupported('a part of it is declared twice')
  for (const value of declared) edits.retype(value, 'int8')
  edits.dropDeclarations(names)
  return cache.map((tensor) => ({ ...tensor, type: 'int8' }))
}
