/** Which graphs are refused before onnxruntime sees them, and why. */
import { ConfigError } from '#protocol/errors.ts'
import { graphInvalid } from '../graph/errors.ts'
import type { OnnxGraph } from './onnx-graph.ts'

/** The standard's own domain and that of onnxruntime's transformer operators. */
const DOMAINS = new Set(['', 'com.microsoft'])
/** The newest opset of the standard that onnxruntime 1.30 knows. */
const OPSET_MAX = 26
/** Branches and loops: what runs, and for how long, would depend on the data. */
const CONTROL_FLOW = new Set(['If', 'Loop', 'Scan', 'SequenceMap'])
/** One scale for all rows of a batch, found while it runs: what stands beside a row changes it. */
const DYNAMIC_QUANTISATION = new Set([
  'DynamicQuantizeLinear',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'ConvInteger',
  'QAttention',
  'QEmbedLayerNormalization',
])
/** Draw numbers of their own, which nobody can draw again. */
const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])

/**
 * `alone`: the graph never sees two rows at once, so that dynamic quantisation does no harm.
 * @throws ConfigError MODEL_OPERATOR_UNSUPPORTED, MODEL_NOT_BATCH_INVARIANT, MODEL_GRAPH_INVALID
 */
export function checkServable(graph: OnnxGraph, rows: 'batched' | 'alone'): void {
  const opset = graph.opsets.get('') ?? 0
  if (opset > OPSET_MAX) throw unsupported(`opset ${opset}`, `newer than ${OPSET_MAX}`)
  if (graph.functions > 0) throw unsupported('a function', 'functions of its own')
  // A few bytes may stand for gigabytes of zeros.
  if (graph.sparseConstants > 0) throw graphInvalid('it has sparse weights', undefined)
  for (const { operator, domain } of graph.nodes) {
    const shown = operator.slice(0, 64)
    if (!DOMAINS.has(domain)) throw unsupported(shown, `of the domain ${domain.slice(0, 64)}`)
    if (CONTROL_FLOW.has(operator)) throw unsupported(shown, 'control flow')
    if (RANDOM.has(operator)) throw notInvariant(shown, 'draws random numbers')
    if (rows === 'batched' && DYNAMIC_QUANTISATION.has(operator)) {
      throw notInvariant(shown, 'quantises activations while it runs')
    }
  }
}

function unsupported(operator: string, reason: string): ConfigError {
  return new ConfigError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `the graph needs ${operator}: ${reason}, which is unsupported`,
    {
      remedy: 'Export a decoder with past in one piece, not merged, with operators of ONNX only.',
      data: { operator, reason },
    },
  )
}

function notInvariant(operator: string, reason: string): ConfigError {
  return new ConfigError(
    'MODEL_NOT_BATCH_INVARIANT',
    `the graph's answers would depend on what runs beside them: ${operator} ${reason}`,
    {
      remedy:
        'Use an fp32, fp16, q4 or q8 (MatMulNBits) export of the model, not a dynamic int8 one.',
      data: { operator, reason },
    },
  )
}
