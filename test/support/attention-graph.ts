/** One layer of attention as an ONNX graph, as odd as a test wants it. */
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { randomFloats } from './random-floats.ts'

export interface AttentionGraphOptions {
  readonly vocabulary: number
  /** What keys and values are multiplied by; absent: 1. */
  readonly keyFactor?: number
  readonly valueFactor?: number
  /** Ids whose embedding is multiplied by a factor. */
  readonly loudIds?: { readonly ids: readonly number[]; readonly factor: number }
  /** `joined`: past and present by Concat; `read`: something else reads what attention has written. */
  readonly cache?: 'joined' | 'read' | 'crossed'
  /** Text attributes of attention. */
  readonly texts?: Readonly<Record<string, string>>
  /** Inputs of attention behind the tenth: a constant for each. */
  readonly extraInputs?: number
}

const HEADS = 2
const HEAD_SIZE = 16
const WIDTH = HEADS * HEAD_SIZE

export function attentionGraph(options: AttentionGraphOptions): Uint8Array {
  const { vocabulary, keyFactor = 1, valueFactor = 1, loudIds, cache } = options
  const graph = new OnnxGraph()
  const random = randomFloats(7)
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
  const embedding = random(vocabulary * WIDTH, 1)
  for (const id of loudIds?.ids ?? []) {
    for (let at = id * WIDTH; at < (id + 1) * WIDTH; at++) {
      embedding[at] = (embedding[at] ?? 0) * (loudIds?.factor ?? 1)
    }
  }
  const hidden = graph.operator('Gather', [graph.constant(embedding, [vocabulary, WIDTH]), ids])
  const project = (factor: number) => {
    const weights = graph.constant(random(WIDTH * WIDTH, 1 / Math.sqrt(WIDTH)), [WIDTH, WIDTH])
    const product = graph.operator('MatMul', [hidden, weights])
    return graph.operator('Mul', [product, graph.constant(Float32Array.of(factor), [])])
  }
  const [query, key, value] = [project(1), project(keyFactor), project(valueFactor)]
  const shape = (length: string) => ['batch_size', HEADS, length, HEAD_SIZE]
  const names = cache === 'crossed' ? ['value', 'key'] : ['key', 'value']
  const past = ['key', 'value'].map((part) =>
    graph.input(`past_key_values.0.${part}`, 'float32', shape('past_sequence_length')),
  )
  const present = names.map((part) => `present.0.${part}`)
  for (const name of present) graph.output(name, 'float32', shape('total_sequence_length'))
  const attended =
    cache === 'joined'
      ? joined(graph, [key, value], past, present)
      : graph.operator(
          'GroupQueryAttention',
          [query, key, value, ...past, ...lengths(graph, mask), ...extras(graph, options)],
          {
            outputs: ['attended', ...present],
            attributes: { num_heads: HEADS, kv_num_heads: HEADS, ...options.texts },
            domain: 'com.microsoft',
          },
        )
  if (cache === 'read') graph.operator('Neg', [present[0] ?? ''], { outputs: ['looked at'] })
  const head = graph.constant(random(WIDTH * vocabulary, 1), [WIDTH, vocabulary])
  graph.operator('MatMul', [attended, head], { outputs: ['logits'] })
  graph.output('logits', 'float32', ['batch_size', 'sequence_length', vocabulary])
  return graph.model()
}

/** No attention at all: what matters is who writes the cache. */
function joined(
  graph: OnnxGraph,
  [key, value]: readonly string[],
  past: readonly string[],
  present: readonly string[],
): string {
  const sizes = graph.constant(BigInt64Array.of(0n, -1n, BigInt(HEADS), BigInt(HEAD_SIZE)), [4])
  for (const [at, from] of [key, value].entries()) {
    const split = graph.operator('Reshape', [from ?? '', sizes])
    const turned = graph.operator('Transpose', [split], { attributes: { perm: [0, 2, 1, 3] } })
    graph.operator('Concat', [past[at] ?? '', turned], {
      outputs: [present[at] ?? ''],
      attributes: { axis: 2 },
    })
  }
  return value ?? ''
}

/** GroupQueryAttention wants the last index per row and the total length, both int32. */
function lengths(graph: OnnxGraph, mask: string): readonly string[] {
  const one = graph.constant(BigInt64Array.of(1n), [1])
  const sums = graph.operator('ReduceSum', [mask, one], { attributes: { keepdims: 0 } })
  const total = graph.operator('Gather', [
    graph.operator('Shape', [mask]),
    graph.constant(BigInt64Array.of(1n), []),
  ])
  const toInt32 = { attributes: { to: 6 } }
  return [graph.operator('Sub', [sums, one]), total].map((from) =>
    graph.operator('Cast', [from], toInt32),
  )
}

function extras(graph: OnnxGraph, { extraInputs = 0 }: AttentionGraphOptions): readonly string[] {
  if (extraInputs === 0) return []
  const scale = graph.constant(new Float32Array(HEADS * HEAD_SIZE).fill(1), [HEADS, 1, HEAD_SIZE])
  return [...new Array<string>(5).fill(''), ...new Array<string>(extraInputs).fill(scale)]
}
