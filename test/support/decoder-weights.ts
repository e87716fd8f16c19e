/** Small decoders in the shapes of published families, as config.json and random weights. */
import { randomFloats } from './random-floats.ts'
import { TINY_END_TOKEN_ID, TINY_VOCABULARY } from './tiny-tokenizer.ts'

export interface DecoderShape {
  readonly modelType: 'llama' | 'qwen2' | 'qwen3'
  readonly width: number
  readonly heads: number
  readonly cacheHeads: number
  readonly headSize: number
  readonly inner: number
  readonly layers: number
  readonly vocabulary: number
  readonly contextTokens: number
  readonly ropeTheta: number
  /** Llama 3's stretching of the slow frequencies. */
  readonly ropeScaling: boolean
  readonly hasProjectionBias: boolean
  readonly hasHeadNorms: boolean
  readonly isTied: boolean
}

const BASE: DecoderShape = {
  modelType: 'llama',
  width: 64,
  heads: 4,
  cacheHeads: 2,
  headSize: 16,
  inner: 96,
  layers: 2,
  vocabulary: TINY_VOCABULARY,
  contextTokens: 256,
  ropeTheta: 10_000,
  ropeScaling: false,
  hasProjectionBias: false,
  hasHeadNorms: false,
  isTied: false,
}

export const DECODER_SHAPES = {
  llama: { ...BASE, ropeTheta: 500_000, ropeScaling: true },
  qwen2: { ...BASE, modelType: 'qwen2', hasProjectionBias: true, isTied: true, ropeTheta: 1e6 },
  // Heads are wider than width / heads, as in the published sizes.
  qwen3: { ...BASE, modelType: 'qwen3', hasHeadNorms: true, headSize: 32, ropeTheta: 1e6 },
  smollm2: { ...BASE, heads: 6, cacheHeads: 2, width: 96, isTied: true, ropeTheta: 100_000 },
} as const satisfies Record<string, DecoderShape>

/** Of Llama 3.1 and 3.2, for a model that was trained on `LONG_TOKENS` positions. */
const ROPE_SCALING = { factor: 8, low: 1, high: 4, longTokens: 64 } as const

export function decoderConfig(shape: DecoderShape): Record<string, unknown> {
  const { factor, low, high, longTokens } = ROPE_SCALING
  return {
    model_type: shape.modelType,
    hidden_size: shape.width,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.cacheHeads,
    head_dim: shape.headSize,
    intermediate_size: shape.inner,
    num_hidden_layers: shape.layers,
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.contextTokens,
    rope_theta: shape.ropeTheta,
    rope_scaling: shape.ropeScaling
      ? {
          rope_type: 'llama3',
          factor,
          low_freq_factor: low,
          high_freq_factor: high,
          original_max_position_embeddings: longTokens,
        }
      : null,
    tie_word_embeddings: shape.isTied,
    eos_token_id: TINY_END_TOKEN_ID,
    ...(shape.modelType === 'llama' ? {} : { sliding_window: null, use_sliding_window: false }),
  }
}

/** Row after row: [outputs, inputs]. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

export interface LayerWeights {
  readonly inputNorm: Float32Array
  readonly query: Matrix
  readonly key: Matrix
  readonly value: Matrix
  readonly biases: readonly Float32Array[]
  readonly headNorms: readonly Float32Array[]
  readonly output: Matrix
  readonly innerNorm: Float32Array
  readonly gate: Matrix
  readonly up: Matrix
  readonly down: Matrix
}

export interface DecoderWeights {
  readonly embedding: Matrix
  readonly layers: readonly LayerWeights[]
  readonly norm: Float32Array
  readonly head: Matrix
}

export function decoderWeights(shape: DecoderShape, seed: number): DecoderWeights {
  const random = randomFloats(seed)
  const matrix = (rows: number, columns: number, scale = 1.7 / Math.sqrt(columns)): Matrix => ({
    rows,
    columns,
    values: random(rows * columns, scale),
  })
  const norm = (size: number) => random(size, 0.2).map((value) => 1 + value)
  const [wide, narrow] = [shape.heads * shape.headSize, shape.cacheHeads * shape.headSize]
  const embedding = matrix(shape.vocabulary, shape.width, 1)
  const layers = Array.from({ length: shape.layers }, () => ({
    inputNorm: norm(shape.width),
    query: matrix(wide, shape.width),
    key: matrix(narrow, shape.width),
    value: matrix(narrow, shape.width),
    biases: shape.hasProjectionBias ? [wide, narrow, narrow].map((size) => random(size, 0.3)) : [],
    headNorms: shape.hasHeadNorms ? [norm(shape.headSize), norm(shape.headSize)] : [],
    output: matrix(shape.width, wide),
    innerNorm: norm(shape.width),
    gate: matrix(shape.inner, shape.width),
    up: matrix(shape.inner, shape.width),
    down: matrix(shape.width, shape.inner),
  }))
  const head = shape.isTied ? embedding : matrix(shape.vocabulary, shape.width)
  return { embedding, layers, norm: norm(shape.width), head }
}

/** Angles of position and frequency, [positions, head size / 2], Llama 3's stretching applied. */
export function ropeAngles(shape: DecoderShape): Float64Array {
  const half = shape.headSize / 2
  const angles = new Float64Array(shape.contextTokens * half)
  for (let at = 0; at < half; at++) {
    const frequency = stretched(shape, shape.ropeTheta ** (-at / half))
    for (let position = 0; position < shape.contextTokens; position++) {
      angles[position * half + at] = position * frequency
    }
  }
  return angles
}

function stretched(shape: DecoderShape, frequency: number): number {
  if (!shape.ropeScaling) return frequency
  const { factor, low, high, longTokens } = ROPE_SCALING
  const turns = (longTokens * frequency) / (2 * Math.PI)
  if (turns < low) return frequency / factor
  if (turns > high) return frequency
  const smooth = (turns - low) / (high - low)
  return ((1 - smooth) * frequency) / factor + smooth * frequency
}
