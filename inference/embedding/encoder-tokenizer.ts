/** Texts to ids for an encoder: WordPiece or BPE with the special tokens of its post-processor around them. */
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { CHAT_CHARS_MAX, TOKENIZER_TIMEOUT_MS } from '../constants.ts'
import type { ModelFiles } from '../model/manifest.ts'
import { parseJsonFile } from '../model/model-config.ts'
import { withinTime } from '../model/time-bound.ts'
import type { EncoderConfig } from './encoder-files.ts'

export interface EncoderTokenizer {
  /**
   * Ids of a text with [CLS] and [SEP], or what the model has in their place. A text beyond the context is
   * refused, not cut: nobody should pay for half of a text without knowing.
   * @throws ConfigError EMBEDDING_INPUT_INVALID
   */
  encode(text: string): number[]
}

/** @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID, TOKENIZER_UNSUPPORTED */
export function loadEncoderTokenizer(files: ModelFiles, config: EncoderConfig): EncoderTokenizer {
  const json = parseJsonFile(files, 'tokenizer.json', z.looseObject({ model: z.looseObject({}) }))
  const settings = files.has('tokenizer_config.json')
    ? parseJsonFile(files, 'tokenizer_config.json', z.looseObject({}))
    : {}
  let library: Tokenizer
  try {
    library = withinTime(TOKENIZER_TIMEOUT_MS, () => new Tokenizer(json, settings))
  } catch {
    throw new ConfigError('TOKENIZER_UNSUPPORTED', 'the tokenizer uses a part that is unknown', {
      remedy: 'Use a model with a WordPiece or BPE tokenizer.',
    })
  }
  return {
    encode(text) {
      if (text.length > CHAT_CHARS_MAX || !text.isWellFormed()) throw inputInvalid('the text')
      let ids: number[]
      try {
        ids = withinTime(TOKENIZER_TIMEOUT_MS, () => library.encode(text).ids)
      } catch {
        // The library's message may quote the text: it stops here.
        throw inputInvalid('the text')
      }
      checkIds(ids, config)
      return ids
    },
  }
}

/** @throws ConfigError EMBEDDING_INPUT_INVALID */
export function checkIds(
  ids: readonly number[],
  { contextTokens, vocabularySize }: Pick<EncoderConfig, 'contextTokens' | 'vocabularySize'>,
): void {
  if (ids.length < 1 || ids.length > contextTokens) throw inputInvalid('the number of ids')
  const isKnown = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabularySize
  if (!ids.every(isKnown)) throw inputInvalid('an id')
}

function inputInvalid(what: string): ConfigError {
  return new ConfigError(
    'EMBEDDING_INPUT_INVALID',
    `an input of an embedding is invalid: ${what}`,
    {
      remedy: 'Send texts, or ids of the vocabulary, no longer than the context of the model.',
    },
  )
}
