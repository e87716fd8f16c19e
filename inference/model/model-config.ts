/** The few fields of config.json and generation_config.json that decoding depends on. */
import { z } from 'zod'
import { fromUtf8 } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { CONTEXT_TOKENS_MAX, LAYERS_MAX, VOCABULARY_MAX } from '../constants.ts'
import type { ModelFiles } from './manifest.ts'

export interface ModelConfig {
  /** Ids are 0 to vocabularySize - 1. */
  readonly vocabularySize: number
  /** Positions the model was made for, at most CONTEXT_TOKENS_MAX. */
  readonly contextTokens: number
  /** Ids that end an answer, as far as these two files name them. */
  readonly endTokenIds: readonly number[]
}

const tokenId = z.int().min(0).max(VOCABULARY_MAX)
const endIds = z
  .union([tokenId, z.array(tokenId).max(64)])
  .nullish()
  .transform((ids) => (ids === null || ids === undefined ? [] : [ids].flat()))

const Config = z.object({
  vocab_size: z.int().min(2).max(VOCABULARY_MAX),
  max_position_embeddings: z.int().min(2),
  eos_token_id: endIds,
  sliding_window: z.int().min(1).nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string().max(64)).max(LAYERS_MAX).nullish(),
})
const GenerationConfig = z.object({ eos_token_id: endIds })

/** @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID, MODEL_ATTENTION_UNSUPPORTED */
export function parseModelConfig(files: ModelFiles): ModelConfig {
  const config = parseJsonFile(files, 'config.json', Config)
  checkAttention(config)
  const generation = files.has('generation_config.json')
    ? parseJsonFile(files, 'generation_config.json', GenerationConfig)
    : { eos_token_id: [] }
  return {
    vocabularySize: config.vocab_size,
    contextTokens: Math.min(config.max_position_embeddings, CONTEXT_TOKENS_MAX),
    endTokenIds: [...new Set([...config.eos_token_id, ...generation.eos_token_id])],
  }
}

/**
 * Every position must see all before it. A window as long as the context is none; Qwen2 names one and does not
 * use it.
 */
function checkAttention(config: z.output<typeof Config>): void {
  const { sliding_window, use_sliding_window, layer_types, max_position_embeddings } = config
  const window =
    use_sliding_window === false
      ? max_position_embeddings
      : (sliding_window ?? max_position_embeddings)
  const isFull = layer_types?.every((type) => type === 'full_attention') ?? true
  if (isFull && window >= max_position_embeddings) return
  throw new ConfigError(
    'MODEL_ATTENTION_UNSUPPORTED',
    'the model sees only a window of its context',
    {
      remedy: 'Use a model with full attention in every layer.',
      data: { window },
    },
  )
}

/**
 * One JSON file against its schema. The error names the field, never the content.
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID
 */
export function parseJsonFile<T>(files: ModelFiles, path: string, schema: z.ZodType<T>): T {
  const bytes = files.get(path)
  if (bytes === undefined) {
    throw new ConfigError('MODEL_FILE_MISSING', `the model has no ${path}`, { data: { path } })
  }
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes))
  } catch {
    throw invalid(path, 'not JSON')
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw invalid(path, `${issue?.path.join('.') || 'document'}: ${issue?.code ?? 'invalid'}`)
}

function invalid(path: string, reason: string): ConfigError {
  return new ConfigError('MODEL_FILE_INVALID', `${path} of the model is invalid: ${reason}`, {
    remedy: 'Fetch the model again, or export it again.',
    data: { path, reason },
  })
}
