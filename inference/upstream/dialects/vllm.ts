/**
 * vLLM: POST /v1/completions with a prompt of token ids and `return_token_ids` (vLLM >= 0.10.2). Each event
 * then carries `choices[0].token_ids`, the end token included; the last one usage
 * (vllm/entrypoints/openai/completion/serving.py, completion_stream_generator).
 */
import { z } from 'zod'
import { TOP_LOGPROBS_MAX } from '../../constants.ts'
import { isObject } from '../../decoding/structure/schema-types.ts'
import { UPSTREAM_EVENT_IDS_MAX } from '../constants.ts'
import { malformed } from '../errors.ts'
import {
  biasObject,
  type Dialect,
  jsonSeed,
  parsedBy,
  refuseOthers,
  responseFormat,
  type UpstreamLogprobs,
  type UpstreamPiece,
} from './dialect.ts'
import { finishOf, modelName, tokenIds, usage, usageOf } from './openai-events.ts'
import { structuralTag } from './tool-tags.ts'

/** vLLM adds the id that was drawn to those that were asked for. */
const LIKELIEST_MAX = TOP_LOGPROBS_MAX + 1
const logprob = z.number().nullable()
/** By name; refused as a whole where there are more than anybody asks for. */
const likeliest = z.custom<Readonly<Record<string, number | null>>>(
  (value) =>
    isObject(value) &&
    Object.keys(value).length <= LIKELIEST_MAX &&
    Object.values(value).every((one) => one === null || Number.isFinite(one)),
)
const Logprobs = z.object({
  tokens: z.array(z.string().max(64)).max(UPSTREAM_EVENT_IDS_MAX),
  token_logprobs: z.array(logprob).max(UPSTREAM_EVENT_IDS_MAX),
  top_logprobs: z.array(likeliest.nullable()).max(UPSTREAM_EVENT_IDS_MAX).nullish(),
})
const Choice = z.object({
  index: z.literal(0),
  text: z.string(),
  token_ids: tokenIds(UPSTREAM_EVENT_IDS_MAX).nullish(),
  finish_reason: z.string().max(64).nullish(),
  logprobs: Logprobs.nullish(),
})
const Event = z.object({
  model: modelName,
  choices: z.array(Choice).max(1),
  usage: usage.nullish(),
})

export const vllmDialect: Dialect = {
  name: 'vllm',
  path: '/v1/completions',
  exactTokenIds: true,
  countsPrompt: true,
  body(ask) {
    refuseOthers('vLLM', ask, [
      ...(['top_k', 'min_p', 'repetition_penalty', 'frequency_penalty'] as const),
      ...(['presence_penalty', 'logit_bias', 'logprobs', 'response_format'] as const),
      'tools',
    ])
    const { sampling, topLogprobs } = ask
    return {
      model: ask.model,
      prompt: ask.tokenIds,
      max_tokens: ask.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      seed: jsonSeed(sampling.seed),
      // The server's generation_config.json would else choose these.
      top_k: sampling.topK ?? 0,
      min_p: sampling.minP ?? 0,
      repetition_penalty: sampling.repetitionPenalty ?? 1,
      frequency_penalty: sampling.frequencyPenalty ?? 0,
      presence_penalty: sampling.presencePenalty ?? 0,
      logit_bias: biasObject(ask),
      logprobs: topLogprobs,
      return_tokens_as_token_ids: topLogprobs === undefined ? undefined : true,
      response_format: structuralTag(ask) ?? responseFormat(ask),
      return_token_ids: true,
      // Its text is compared with what the ids spell.
      skip_special_tokens: true,
      spaces_between_special_tokens: false,
      cache_salt: ask.cacheSalt,
      stream: true,
      stream_options: { include_usage: true },
    }
  },
  reader: () => readEvent,
}

function readEvent(event: unknown): UpstreamPiece {
  const { model, choices, usage: found } = parsedBy(Event, event)
  const [choice] = choices
  return {
    model,
    text: choice?.text ?? '',
    ids: choice?.token_ids ?? undefined,
    logprobs: choice?.logprobs ? logprobsOf(choice.logprobs) : undefined,
    finish: finishOf(choice?.finish_reason),
    usage: usageOf(found),
  }
}

function logprobsOf({
  tokens,
  token_logprobs,
  top_logprobs,
}: z.output<typeof Logprobs>): UpstreamLogprobs[] {
  return tokens.map((name, at) => {
    const own = token_logprobs[at]
    if (own === null || own === undefined) throw malformed('a token without its log probability')
    const top = Object.entries(top_logprobs?.[at] ?? {})
      .map(([name, value]) => ({ id: namedId(name), logprob: value ?? Number.NEGATIVE_INFINITY }))
      .toSorted((a, b) => b.logprob - a.logprob)
    return { id: namedId(name), logprob: own, top }
  })
}

/** "token_id:123", as `return_tokens_as_token_ids` asks for. */
function namedId(name: string): number {
  const digits = /^token_id:(\d{1,7})$/.exec(name)?.[1]
  if (digits === undefined) throw malformed('a token by its text instead of its id')
  return Number(digits)
}
