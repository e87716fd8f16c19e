/** Which inputs and outputs a decoder graph has, read from the graph itself and never assumed. */
import { ConfigError } from '#protocol/errors.ts'
import { LAYERS_MAX } from '../../constants.ts'
import type { GraphValue, GraphValues } from './values.ts'

/** One tensor of the KV cache, with the names Hugging Face's exporters give it. */
export interface CacheTensor {
  /** For example "past_key_values.0.key". */
  readonly input: string
  /** For example "present.0.key". */
  readonly output: string
  readonly type: 'float32' | 'float16' | 'int8'
  readonly heads: number
  readonly headSize: number
}

export interface LogitsTensor {
  readonly name: string
  readonly type: 'float32' | 'float16'
  readonly shape: readonly (number | undefined)[]
  /** Logits of the last position only; undefined: of which positions, only a run tells. */
  readonly rows: 'last' | undefined
}

/** How many of the last positions get logits: an input of newer exports, asked for all of them. */
export interface LogitsCount {
  readonly name: string
  readonly rank: 0 | 1
}

export interface GraphSignature {
  readonly hasAttentionMask: boolean
  readonly hasPositionIds: boolean
  readonly logitsCount: LogitsCount | undefined
  readonly logits: LogitsTensor
  readonly cache: readonly CacheTensor[]
}

const CACHE_INPUT = /^past(?:_key_values)?[._](\d{1,4})[._](key|value)$/
const CACHE_OUTPUT = /^present(?:_key_values)?[._](\d{1,4})[._](key|value)$/
/** Heads, or floats of a head: hundreds in published models. */
const CACHE_DIMENSION_MAX = 65_536
const COUNT_INPUTS = new Set(['num_logits_to_keep', 'logits_to_keep'])
const ID_INPUTS = new Set(['input_ids', 'attention_mask', 'position_ids', ...COUNT_INPUTS])

/**
 * Accepts int64 `input_ids` [batch, sequence], optional `attention_mask`, `position_ids` and
 * `num_logits_to_keep`, and float32, float16 or int8 `past_key_values.N.key|value` [batch, heads, past,
 * head size]; `logits` and `present.N.key|value` come out.
 * @throws ConfigError MODEL_INPUT_MISSING, MODEL_INPUT_UNSUPPORTED, MODEL_OUTPUT_MISSING,
 *   MODEL_OUTPUT_UNSUPPORTED
 */
export function readSignature({ inputs, outputs }: GraphValues): GraphSignature {
  const names = new Set(inputs.map((input) => input.name))
  if (!names.has('input_ids')) throw inputMissing('input_ids')
  const cacheOutputs = new Map(outputs.map((output) => [layerOf(CACHE_OUTPUT, output), output]))
  const cache: CacheTensor[] = []
  for (const input of inputs) {
    const layer = layerOf(CACHE_INPUT, input)
    if (layer !== undefined) cache.push(cacheTensor(input, layer, cacheOutputs))
    else if (!ID_INPUTS.has(input.name)) throw unsupported(input.name, 'unknown')
    else if (input.type !== 'int64')
      throw unsupported(input.name, `type ${input.type ?? 'unknown'}`)
  }
  if (cache.length === 0) throw inputMissing('past_key_values.0.key')
  if (cache.length > 2 * LAYERS_MAX) throw unsupported('past_key_values', 'too many layers')
  return {
    hasAttentionMask: names.has('attention_mask'),
    hasPositionIds: names.has('position_ids'),
    logitsCount: logitsCount(inputs),
    logits: logitsTensor(outputs),
    cache,
  }
}

/** For example "0.key"; undefined when the value is no part of a cache. */
function layerOf(pattern: RegExp, { name }: GraphValue): string | undefined {
  const match = pattern.exec(name)
  return match === null ? undefined : `${Number(match[1])}.${match[2]}`
}

function logitsTensor(outputs: readonly GraphValue[]): LogitsTensor {
  const found = outputs.find(({ name }) => name === 'logits')
  if (found === undefined) throw outputMissing('logits')
  const { name, type, shape } = found
  if (type !== 'float32' && type !== 'float16') throw outputUnsupported(name, type)
  return { name, type, shape, rows: shape[1] === 1 ? 'last' : undefined }
}

function logitsCount(inputs: readonly GraphValue[]): LogitsCount | undefined {
  const found = inputs.find(({ name }) => COUNT_INPUTS.has(name))
  if (found === undefined) return undefined
  const rank = found.shape.length
  if (rank !== 0 && rank !== 1) throw unsupported(found.name, 'the shape is not a number')
  return { name: found.name, rank }
}

function cacheTensor(
  input: GraphValue,
  layer: string,
  outputs: ReadonlyMap<string | undefined, GraphValue>,
): CacheTensor {
  const { type, name, shape } = input
  const [, heads, , headSize] = shape
  if (type !== 'float32' && type !== 'float16' && type !== 'int8') {
    throw unsupported(name, `type ${type ?? 'unknown'}`)
  }
  if (shape.length !== 4 || !isSize(heads) || !isSize(headSize)) {
    throw unsupported(name, 'the shape is not [batch, heads, past, head size]')
  }
  const output = outputs.get(layer)
  if (output === undefined) throw outputMissing(`present.${layer}`)
  if (output.type !== type) throw outputUnsupported(output.name, output.type)
  return { input: name, output: output.name, type, heads, headSize }
}

function isSize(size: number | undefined): size is number {
  return Number.isSafeInteger(size) && Number(size) > 0 && Number(size) <= CACHE_DIMENSION_MAX
}

/** Of one element of a cache. */
export const CACHE_ELEMENT_BYTES = { float32: 4, float16: 2, int8: 1 } as const

/** Bytes of keys and values for one position; `as`: when they are kept in another type than the graph's own. */
export function cacheBytesPerToken(
  { cache }: Pick<GraphSignature, 'cache'>,
  as?: CacheTensor['type'],
): number {
  return cache.reduce(
    (sum, { heads, headSize, type }) => sum + heads * headSize * CACHE_ELEMENT_BYTES[as ?? type],
    0,
  )
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
      remedy: 'Export a decoder with past, float32, float16 or int8 cache and no merged branch.',
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

function outputUnsupported(name: string, type: GraphValue['type']): ConfigError {
  const reason = `type ${type ?? 'unknown'}`
  return new ConfigError(
    'MODEL_OUTPUT_UNSUPPORTED',
    `graph output ${name.slice(0, 64)} is unsupported: ${reason}`,
    {
      remedy: 'Export a decoder with float32 or float16 logits and a cache of one type.',
      data: { name: name.slice(0, 64), reason },
    },
  )
}
