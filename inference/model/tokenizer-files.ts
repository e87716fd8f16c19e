/** tokenizer.json and tokenizer_config.json, checked before the tokenizer library sees them. */
import { z } from 'zod'
import { fromUtf8 } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { VOCABULARY_MAX } from '../constants.ts'
import type { ModelFiles } from './manifest.ts'
import { parseJsonFile } from './model-config.ts'

const id = z
  .int()
  .min(0)
  .max(VOCABULARY_MAX - 1)

const AddedToken = z.object({
  id,
  content: z.string().min(1).max(256),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
})
export type AddedToken = z.output<typeof AddedToken>

/**
 * Byte-level BPE only: the family of GPT-2, Llama 3, Qwen, SmolLM and the demonstration model. Each
 * of its tokens is a run of bytes, which is what exact counting and streaming rest on.
 */
const TokenizerJson = z.looseObject({
  added_tokens: z.array(AddedToken.loose()).max(65_536),
  model: z.looseObject({
    type: z.literal('BPE').optional(),
    vocab: z.record(z.string(), id),
    merges: z.array(z.union([z.string(), z.array(z.string()).length(2)])).max(VOCABULARY_MAX),
  }),
  decoder: z.union([
    z.looseObject({ type: z.literal('ByteLevel') }),
    z.looseObject({
      type: z.literal('Sequence'),
      decoders: z.array(z.looseObject({ type: z.literal('ByteLevel') })).length(1),
    }),
  ]),
})
export type TokenizerJson = z.output<typeof TokenizerJson>

const tokenText = z
  .union([z.string(), z.looseObject({ content: z.string() })])
  .nullish()
  .transform((token) => (typeof token === 'object' ? token?.content : token))

const TokenizerConfig = z.looseObject({
  bos_token: tokenText,
  eos_token: tokenText,
  pad_token: tokenText,
  unk_token: tokenText,
  chat_template: z.string().max(262_144).optional(),
})

export interface TokenizerFiles {
  readonly tokenizer: TokenizerJson
  /** Special tokens by role, for the chat template. */
  readonly namedTokens: Readonly<
    Record<'bos_token' | 'eos_token' | 'pad_token' | 'unk_token', string | undefined>
  >
  readonly chatTemplate: string
}

/** @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID, CHAT_TEMPLATE_MISSING */
export function parseTokenizerFiles(files: ModelFiles): TokenizerFiles {
  const tokenizer = parseJsonFile(files, 'tokenizer.json', TokenizerJson)
  const config = parseJsonFile(files, 'tokenizer_config.json', TokenizerConfig)
  const { bos_token, eos_token, pad_token, unk_token } = config
  const chatTemplate = templateFile(files) ?? config.chat_template
  if (chatTemplate === undefined) {
    throw new ConfigError('CHAT_TEMPLATE_MISSING', 'the model has no chat template', {
      remedy: 'Use the chat (instruct) version of the model.',
    })
  }
  return { tokenizer, namedTokens: { bos_token, eos_token, pad_token, unk_token }, chatTemplate }
}

/** chat_template.jinja, where newer models keep it. */
function templateFile(files: ModelFiles): string | undefined {
  const bytes = files.get('chat_template.jinja')
  if (bytes === undefined) return undefined
  try {
    return fromUtf8(bytes)
  } catch {
    throw new ConfigError('MODEL_FILE_INVALID', 'chat_template.jinja is not UTF-8', {
      remedy: 'Fetch the model again, or export it again.',
      data: { path: 'chat_template.jinja' },
    })
  }
}
