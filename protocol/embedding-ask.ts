/**
 * The request document of an embedding inside Ask.body: canonical JSON in UTF-8 like that of a chat (ask.ts),
 * which has no `kind`. The texts travel as token ids, counted by the client with the model's own tokenizer.
 */
import { z } from 'zod'
import { askJson, checkCanonical, malformedAsk } from './ask-bytes.ts'
import { utf8 } from './bytes.ts'
import {
  ASK_BYTES_MAX,
  ASK_MODEL_CHARACTERS_MAX,
  ASK_TOKEN_ID_MAX,
  EMBEDDING_INPUTS_MAX,
} from './constants.ts'
import { ConfigError } from './errors.ts'

export interface EmbeddingAsk {
  readonly modelId: string
  /** Ids of each text, special tokens included; 1 to EMBEDDING_INPUTS_MAX texts of at least one id. */
  readonly inputs: readonly (readonly number[])[]
}

const embeddingAskSchema = z.strictObject({
  kind: z.literal('embedding'),
  modelId: z
    .string()
    .min(1)
    .max(ASK_MODEL_CHARACTERS_MAX)
    .refine((value) => value.isWellFormed()),
  inputs: z
    .array(z.array(z.int().min(0).max(ASK_TOKEN_ID_MAX)).min(1))
    .min(1)
    .max(EMBEDDING_INPUTS_MAX),
})

function canonicalBytes({ modelId, inputs }: EmbeddingAsk): Uint8Array {
  return utf8(JSON.stringify({ kind: 'embedding', modelId, inputs }))
}

/** @throws ConfigError EMBEDDING_TOO_LARGE, ASK_INVALID */
export function encodeEmbeddingAsk({ modelId, inputs }: EmbeddingAsk): Uint8Array {
  if (inputs.length > EMBEDDING_INPUTS_MAX) throw tooLarge()
  if (!embeddingAskSchema.safeParse({ kind: 'embedding', modelId, inputs }).success) {
    throw new ConfigError('ASK_INVALID', 'the texts of an embedding request are out of limits')
  }
  const bytes = canonicalBytes({ modelId, inputs })
  if (bytes.length > ASK_BYTES_MAX) throw tooLarge()
  return bytes
}

/** More than one request carries, going out or coming back. */
export function tooLarge(): ConfigError {
  return new ConfigError('EMBEDDING_TOO_LARGE', 'the embedding request is too large', {
    remedy: 'Send fewer or shorter texts at once.',
    data: { inputsMax: EMBEDDING_INPUTS_MAX, bytesMax: ASK_BYTES_MAX },
  })
}

/** @throws ProtocolError ASK_MALFORMED: too long, not JSON, out of limits, or not canonical */
export function decodeEmbeddingAsk(bytes: Uint8Array): EmbeddingAsk {
  const parsed = embeddingAskSchema.safeParse(askJson(bytes))
  if (!parsed.success) throw malformedAsk('no embedding, or out of limits')
  checkCanonical(bytes, canonicalBytes(parsed.data))
  const { modelId, inputs } = parsed.data
  return { modelId, inputs }
}
