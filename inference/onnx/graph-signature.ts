/** Which inputs and outputs a decoder graph has, read from the graph itself and never assumed. */
import { ConfigError } from '#protocol/errors.ts'
import { LAYERS_MAX } from '../constants.ts'
import type { GraphValue, GraphValues } from './graph-values.ts'

/** One tensor of the KV cache, with the names Hugging Face's exporters give it. */
export interface CacheTensor {
  /** For example "past_key_values.0.key". */
  readonly input: string
  /** For example "present.0.key". */
  readonly output: string
  readonly heads: number
  readonly headSize: number
}

export interface GraphSignature {
  readonly hasAttentionMask: boolean
  readonly hasPositionIds: boolean
  /** Logits of the last position only, or of every position read; undefined: only a run tells. */
  readonly logits: 'last' | undefined
  readonly cache: readonly CacheTensor[]
}

const CACHE_INPUT = /^past_key_values\.(\d{1,4})\.(key|value)$/
const ID_INPUTS = new Set(['input_ids', 'attention_mask', 'position_ids'])

/**
 * Accepts int64 `input_ids` [batch, sequence], optional `attention_mask` and `position_ids`, and
 * float32 `past_key_values.N.key|value` [batch, heads, past, head size]; `logits` and
 * `present.N.key|value` come out.
 * @throws ConfigError MODEL_INPUT_MISSING, MODEL_INPUT_UNSUPPORTED, MODEL_OUTPUT_MISSING
 */
export function readSignature({ inputs, outputs }: GraphValues): GraphSignature {
  const names = new Set(inputs.map((input) => input.name))
  if (!names.has('input_ids')) throw inputMissing('input_ids')
  const cache: CacheTensor[] = []
  for (const input of inputs) {
    const match = CACHE_INPUT.exec(input.name)
    if (match !== null) cache.push(cacheTensor(input, `present.${match[1]}.${match[2]}`))
    else if (!ID_INPUTS.has(input.name)) throw unsupported(input.name, 'unknown')
    else if (input.type !== 'int64')
      throw unsupported(input.name, `type ${input.type ?? 'unknown'}`)
  }
  if (cache.length === 0) throw inputMissing('past_key_values.0.key')
  if (cache.length > 2 * LAYERS_MAX) throw unsupported('past_key_values', 'too many layers')
  const outputNames = new Set(outputs.map((output) => output.name))
  for (const name of ['logits', ...cache.map((tensor) => tensor.output)]) {
    if (!outputNames.has(name)) throw outputMissing(name)
  }
  return {
    hasAttentionMask: names.has('attention_mask'),
    hasPositionIds: names.has('position_ids'),
    logits: outputs.find(({ name }) => name === 'logits')?.shape[1] === 1 ? 'last' : undefined,
    cache,
  }
}

function cacheTensor(input: GraphValue, output: string): CacheTensor {
  const [, heads, , headSize] = input.shape
  if (input.type !== 'float32') throw unsupported(input.name, `type ${input.type ?? 'unknown'}`)
  const isFixed = (size: unknown): size is number => Number.isInteger(size) && Number(size) > 0
  if (input.shape.length !== 4 || !isFixed(heads) || !isFixed(headSize)) {
    throw unsupported(input.name, 'the shape is not [batch, heads, past, head size]')
  }
  return { input: input.name, output, heads, headSize }
}

/** Bytes of keys and values for one position, in float32. */
export function cacheBytesPerToken(signature: GraphSignature): number {
  const floats = signature.cache.reduce((sum, { heads, headSize }) => sum + heads * headSize, 0)
  return floats * Float32Array.BYTES_PER_ELEMENT
}

function inputMissing(name: string): ConfigError {
  return new ConfigError('MODEL_INPUT_MISSING', `the graph has no input ${name}`, {
    remedy: 'Export the model as text generation with past (a decoder with a KV cache).',
    data: { name },
  })
}

function unsupported(name: string, reason: string): ConfigError {
  const shown = name.slice(0, 64)
  return new ConfigError(
    'MODEL_INPUT_UNSUPPORTED',
    `graph input ${shown} is unsupported: ${reason}`,
    {
      remedy: 'Export a decoder with past, float32 cache and no merged branch.',
      data: { name: shown, reason },
    },
  )
}

function outputMissing(name: string): ConfigError {
  return new ConfigError('MODEL_OUTPUT_MISSING', `the graph has no output ${name}`, {
    remedy: 'Export the model as text generation with past (a decoder with a KV cache).',
    data: { name },
  })
}
