/**
 * The chat completion request (OpenAI API reference, "Create chat completion"), as far as it is
 * supported. Whatever is not here is refused by name: nothing is silently ignored that could change
 * an answer. Fields with one neutral value are accepted with that value, since clients send it.
 */
import { z } from 'zod'
import type { ChatRequest } from '#node/roles/client-service.ts'
import { ASK_TOP_LOGPROBS_MAX } from '#protocol/constants.ts'
import { MESSAGES_MAX, METADATA_PAIRS_MAX, MODEL_ID_CHARS_MAX, TOKENS_MAX } from './constants.ts'
import { messageSchema } from './message-schema.ts'
import {
  outputFault,
  outputSampling,
  responseFormatField,
  toolChoiceField,
  toolsField,
} from './output-schema.ts'
import { choicesField, samplingFields, toSampling } from './sampling-schema.ts'

const tokensMax = z.number().int().min(1).max(TOKENS_MAX)

/** Never leaves this machine and changes nothing (OpenAI: 16 pairs). */
export const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= METADATA_PAIRS_MAX, 'has too many pairs')

export const chatBodySchema = z
  .strictObject({
    model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
    messages: z.array(messageSchema).min(1).max(MESSAGES_MAX),
    stream: z.boolean().default(false),
    stream_options: z.strictObject({ include_usage: z.boolean().optional() }).optional(),
    max_tokens: tokensMax.optional(),
    max_completion_tokens: tokensMax.optional(),
    ...samplingFields,
    n: choicesField,
    logprobs: z.boolean().optional(),
    top_logprobs: z.int().min(0).max(ASK_TOP_LOGPROBS_MAX).optional(),
    response_format: responseFormatField.optional(),
    tools: toolsField,
    tool_choice: toolChoiceField,
    parallel_tool_calls: z.boolean().optional(),
    metadata: metadataSchema.optional(),
    // Accepted with its neutral value only.
    store: z.literal(false).optional(),
  })
  .refine((body) => body.stream || body.stream_options === undefined, {
    path: ['stream_options'],
    error: 'needs stream: true',
  })
  .refine(
    ({ max_tokens, max_completion_tokens }) =>
      max_tokens === undefined ||
      max_completion_tokens === undefined ||
      max_tokens === max_completion_tokens,
    { path: ['max_tokens'], error: 'differs from max_completion_tokens' },
  )
  .refine((body) => body.top_logprobs === undefined || body.logprobs === true, {
    path: ['top_logprobs'],
    error: 'needs logprobs: true',
  })
  .superRefine((body, context) => {
    const fault = outputFault(body, body.response_format, 'response_format')
    if (fault !== undefined)
      context.addIssue({ code: 'custom', path: [fault[0]], message: fault[1] })
  })

export type ChatBody = z.output<typeof chatBodySchema>

/** What a request is made of, whichever path it came by. */
export type ChatFields = Pick<
  ChatBody,
  Exclude<keyof typeof samplingFields, 'user'> | 'model' | 'messages'
> &
  Partial<
    Pick<
      ChatBody,
      | 'max_tokens'
      | 'max_completion_tokens'
      | 'logprobs'
      | 'top_logprobs'
      | 'response_format'
      | 'tools'
      | 'tool_choice'
      | 'parallel_tool_calls'
    >
  >

export function toChatRequest(body: ChatFields, tokensMaxDefault: number): ChatRequest {
  const { max_price_nano, tier_min, share_cache } = body.cocoon ?? {}
  return {
    model: body.model,
    messages: body.messages,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? tokensMaxDefault,
    ...toSampling(body),
    topLogprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
    ...outputSampling(body, body.response_format),
    ...(max_price_nano === undefined ? {} : { maxPriceNano: BigInt(max_price_nano) }),
    ...(tier_min === undefined ? {} : { tierMin: tier_min }),
    ...(share_cache === true ? { shareCache: true } : {}),
  }
}

/** One request for each choice; they differ in their seeds. */
export function choiceRequests(request: ChatRequest, n = 1): readonly ChatRequest[] {
  return Array.from({ length: n }, (_, index) => ({
    ...request,
    seed: BigInt.asUintN(64, request.seed + BigInt(index)),
  }))
}
