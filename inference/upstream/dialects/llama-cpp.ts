/**
 * llama.cpp's server: POST /completion takes a prompt of token ids, so what is read is exact. Its stream is
 * not: an id that ends inside of a character is left out of `tokens` (tools/server, process_token sends
 * nothing while the text is incomplete UTF-8). So its answers are served as text.
 */
import { z } from 'zod'
import {
  answerSchema,
  biasObject,
  type Dialect,
  jsonSeed,
  parsedBy,
  refuseOthers,
  type UpstreamPiece,
} from './dialect.ts'
import { count, modelName } from './openai-events.ts'

const Event = z.object({
  content: z.string(),
  stop: z.boolean(),
  stop_type: z.enum(['none', 'eos', 'limit', 'word']).nullish(),
  model: modelName.nullish(),
  tokens_evaluated: count.nullish(),
  tokens_predicted: count.nullish(),
})

export const llamaCppDialect: Dialect = {
  name: 'llama-cpp',
  path: '/completion',
  exactTokenIds: false,
  countsPrompt: true,
  body(ask) {
    refuseOthers('llama.cpp', ask, [
      ...(['top_k', 'min_p', 'repetition_penalty', 'frequency_penalty'] as const),
      ...(['presence_penalty', 'logit_bias', 'response_format'] as const),
    ])
    const { sampling } = ask
    return {
      prompt: ask.tokenIds,
      n_predict: ask.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      // 32 bits: the width of its generator's seed.
      seed: Number(BigInt.asUintN(32, BigInt(jsonSeed(sampling.seed)))),
      // Its defaults cut the distribution; ours do not.
      top_k: sampling.topK ?? 0,
      min_p: sampling.minP ?? 0,
      repeat_penalty: sampling.repetitionPenalty ?? 1,
      repeat_last_n: sampling.repetitionPenalty === undefined ? 0 : -1,
      frequency_penalty: sampling.frequencyPenalty ?? 0,
      presence_penalty: sampling.presencePenalty ?? 0,
      logit_bias: biasObject(ask),
      json_schema: answerSchema(ask),
      // What one customer sent must not make another's answer faster.
      cache_prompt: false,
      stream: true,
    }
  },
  reader: () => readEvent,
}

function readEvent(event: unknown): UpstreamPiece {
  const { content, stop, stop_type, model, tokens_evaluated, tokens_predicted } = parsedBy(
    Event,
    event,
  )
  if (!stop) return { text: content }
  const isCounted = typeof tokens_evaluated === 'number'
  return {
    text: '',
    model: model ?? undefined,
    finish: stop_type === 'limit' ? 'length' : stop_type === 'none' ? 'failed' : 'stop',
    usage: isCounted
      ? { promptTokens: tokens_evaluated, completionTokens: tokens_predicted ?? 0 }
      : undefined,
  }
}
