/**
 * A decoder with random weights in the layout of the Hugging Face hub: real attention over a real
 * KV cache through onnxruntime, in 200 KB. It says nothing sensible, always the same.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { TINY_END_TOKEN_ID, TINY_VOCABULARY, tinyTokenizerFiles } from './tiny-tokenizer.ts'

export interface TinyModelOptions {
  readonly seed?: number
  readonly contextTokens?: number
  /** Logits of the last position only, as some exporters write them. */
  readonly lastLogitsOnly?: boolean
  /** An input that the engine must refuse by name. */
  readonly extraInput?: string
  readonly idsInput?: string
  readonly layers?: number
  readonly vocabularySize?: number
  /** Puts the embedding into this file beside the graph. */
  readonly externalFile?: string
  /** Added to the end token's logit, so that sampled answers end by themselves. */
  readonly endTokenBias?: number
}

const HEADS = 4
const CACHE_HEADS = 2
const HEAD_SIZE = 16
const WIDTH = HEADS * HEAD_SIZE
const DEFAULT_CONTEXT = 512

/** Writes config, tokenizer and graph into the folder, which is created. */
export async function writeTinyModel(folder: string, options: TinyModelOptions = {}) {
  await mkdir(join(folder, 'onnx'), { recursive: true })
  const { graph, external } = tinyGraph(options)
  const files: Record<string, string | Uint8Array> = {
    ...tinyTokenizerFiles(),
    'config.json': JSON.stringify({
      model_type: 'llama',
      vocab_size: options.vocabularySize ?? TINY_VOCABULARY,
      max_position_embeddings: options.contextTokens ?? DEFAULT_CONTEXT,
      eos_token_id: TINY_END_TOKEN_ID,
    }),
    'onnx/model.onnx': graph,
  }
  if (options.externalFile !== undefined) files[`onnx/${options.externalFile}`] = external
  for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content)
}

/** The serialised graph, and the bytes of its embedding for the case that they lie outside. */
export function tinyGraph(options: TinyModelOptions): { graph: Uint8Array; external: Uint8Array } {
  const graph = new OnnxGraph()
  const random = randomFloats(options.seed ?? 1)
  const ids = graph.input(options.idsInput ?? 'input_ids', 'int64', [
    'batch_size',
    'sequence_length',
  ])
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
  const positions = graph.input('position_ids', 'int64', ['batch_size', 'sequence_length'])
  if (options.extraInput !== undefined) graph.input(options.extraInput, 'int64', [1])

  const embedding = random(TINY_VOCABULARY * WIDTH, 1)
  const table =
    options.externalFile === undefined
      ? graph.constant(embedding, [TINY_VOCABULARY, WIDTH])
      : graph.externalConstant(embedding, [TINY_VOCABULARY, WIDTH], options.externalFile)
  const contextTokens = options.contextTokens ?? DEFAULT_CONTEXT
  const positionTable = graph.constant(random(contextTokens * WIDTH, 0.7), [contextTokens, WIDTH])
  const lengths = cacheLengths(graph, mask)
  let hidden = graph.operator('Add', [
    graph.operator('Gather', [table, ids]),
    graph.operator('Gather', [positionTable, positions]),
  ])
  for (let layer = 0; layer < (options.layers ?? 2); layer++) {
    hidden = attentionLayer(graph, random, hidden, lengths, layer)
  }
  writeLogits(graph, random, hidden, options)
  return { graph: graph.model(), external: new Uint8Array(embedding.buffer) }
}

/** GroupQueryAttention wants the last index per row and the total length, both int32. */
function cacheLengths(graph: OnnxGraph, mask: string): readonly [string, string] {
  const one = graph.constant(BigInt64Array.of(1n), [1])
  const sums = graph.operator('ReduceSum', [mask, one], { attributes: { keepdims: 0 } })
  const last = graph.operator('Sub', [sums, one])
  const axis = graph.constant(BigInt64Array.of(1n), [])
  const total = graph.operator('Gather', [graph.operator('Shape', [mask]), axis])
  const toInt32 = { attributes: { to: 6 } }
  return [graph.operator('Cast', [last], toInt32), graph.operator('Cast', [total], toInt32)]
}

function attentionLayer(
  graph: OnnxGraph,
  random: (length: number, scale: number) => Float32Array,
  hidden: string,
  lengths: readonly [string, string],
  layer: number,
): string {
  const project = (from: string, inSize: number, outSize: number) =>
    graph.operator('MatMul', [
      from,
      graph.constant(random(inSize * outSize, 2 / Math.sqrt(inSize)), [inSize, outSize]),
    ])
  const cacheShape = (length: string) => ['batch_size', CACHE_HEADS, length, HEAD_SIZE]
  const past = ['key', 'value'].map((part) =>
    graph.input(`past_key_values.${layer}.${part}`, 'float32', cacheShape('past_sequence_length')),
  )
  const present = ['key', 'value'].map((part) => `present.${layer}.${part}`)
  for (const name of present) graph.output(name, 'float32', cacheShape('total_sequence_length'))
  const attended = graph.operator(
    'GroupQueryAttention',
    [
      project(hidden, WIDTH, WIDTH),
      project(hidden, WIDTH, CACHE_HEADS * HEAD_SIZE),
      project(hidden, WIDTH, CACHE_HEADS * HEAD_SIZE),
      ...past,
      ...lengths,
    ],
    {
      outputs: [`attended.${layer}`, ...present],
      attributes: { num_heads: HEADS, kv_num_heads: CACHE_HEADS },
      domain: 'com.microsoft',
    },
  )
  const mixed = graph.operator('Add', [hidden, project(attended, WIDTH, WIDTH)])
  return graph.operator('Tanh', [mixed])
}

function writeLogits(
  graph: OnnxGraph,
  random: (length: number, scale: number) => Float32Array,
  hidden: string,
  options: TinyModelOptions,
): void {
  const last = options.lastLogitsOnly ?? false
  const lastIndex = graph.constant(BigInt64Array.of(-1n), [1])
  const from = last
    ? graph.operator('Gather', [hidden, lastIndex], { attributes: { axis: 1 } })
    : hidden
  const head = graph.constant(random(WIDTH * TINY_VOCABULARY, 1), [WIDTH, TINY_VOCABULARY])
  const bias = new Float32Array(TINY_VOCABULARY)
  bias[TINY_END_TOKEN_ID] = options.endTokenBias ?? 0
  graph.operator(
    'Add',
    [graph.operator('MatMul', [from, head]), graph.constant(bias, [TINY_VOCABULARY])],
    {
      outputs: ['logits'],
    },
  )
  graph.output('logits', 'float32', ['batch_size', last ? 1 : 'sequence_length', TINY_VOCABULARY])
}

/** Numerical Recipes' linear congruential generator: the same weights everywhere. */
function randomFloats(seed: number): (length: number, scale: number) => Float32Array {
  let state = seed >>> 0
  return (length, scale) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return (state / 2 ** 31 - 1) * scale
    })
}
