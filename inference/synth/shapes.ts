/** Shapes of published decoders, so that a made-up model costs what the real one costs. */

export interface DecoderShape {
  readonly modelType: 'llama' | 'qwen3'
  readonly layers: number
  /** Size of a hidden state. */
  readonly width: number
  readonly heads: number
  readonly cacheHeads: number
  readonly headSize: number
  readonly feedForward: number
  readonly vocabularySize: number
  readonly contextTokens: number
  readonly ropeTheta: number
  readonly normEpsilon: number
  /** Queries and keys are normalised by head before they are rotated. */
  readonly hasHeadNorms: boolean
}

/** Numbers of the config.json of HuggingFaceTB/SmolLM2-135M-Instruct and Qwen/Qwen3-0.6B. */
export const DECODER_SHAPES = {
  'smollm2-135m': {
    modelType: 'llama',
    layers: 30,
    width: 576,
    heads: 9,
    cacheHeads: 3,
    headSize: 64,
    feedForward: 1_536,
    vocabularySize: 49_152,
    contextTokens: 8_192,
    ropeTheta: 100_000,
    normEpsilon: 1e-5,
    hasHeadNorms: false,
  },
  'qwen3-0.6b': {
    modelType: 'qwen3',
    layers: 28,
    width: 1_024,
    heads: 16,
    cacheHeads: 8,
    headSize: 128,
    feedForward: 3_072,
    vocabularySize: 151_936,
    contextTokens: 40_960,
    ropeTheta: 1_000_000,
    normEpsilon: 1e-6,
    hasHeadNorms: true,
  },
} as const satisfies Record<string, DecoderShape>

export type DecoderShapeName = keyof typeof DECODER_SHAPES

/** Of weights; `fp16` and `q4f16` also calculate, and keep their cache, in float16, as CUDA wants it. */
export const QUANTISATIONS = ['q4', 'q8', 'fp32', 'fp16', 'q4f16'] as const
export type Quantisation = (typeof QUANTISATIONS)[number]
