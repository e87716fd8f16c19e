/**
 * The chat completion request (OpenAI API reference, "Create chat completion"), as far as it is
 * supported. Whatever is not here is refused by name: nothing is silently ignored that could change
 * an answer. Fields with one neutral value are accepted with that value, since clients send it.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { ChatMessage } from '#inference/engine.ts'
import type { ChatRequest } from '#node/roles/client-service.ts'
import {
  DEFAULT_TEMPERATURE,
  DEFAULT_TOP_P,
  MESSAGE_PARTS_MAX,
  MESSAGES_MAX,
  METADATA_PAIRS_MAX,
  MODEL_ID_CHARS_MAX,
  STOP_STRING_CHARS_MAX,
  STOP_STRINGS_MAX,
  TOKENS_MAX,
} from './constants.ts'

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() })
const content = z.union([z.string(), z.array(textPart).min(1).max(MESSAGE_PARTS_MAX)], {
  error: 'must be text or an array of text parts',
})

export const messageSchema = z
  .strictObject({ role: z.enum(['system', 'developer', 'user', 'assistant']), content })
  .transform(
    (message): ChatMessage => ({
      role: message.role === 'developer' ? 'system' : message.role,
      content:
        typeof message.content === 'string'
          ? message.content
          : message.content.map((part) => part.text).join(''),
    }),
  )

const stopString = z.string().min(1).max(STOP_STRING_CHARS_MAX)
const tokensMax = z.number().int().min(1).max(TOKENS_MAX)
const decimal = z.string().regex(/^\d{1,19}$/, 'must be a decimal string of nanoTON')

export const tierSchema = z.enum(['confidential', 'simulated', 'open'])

/** What both kinds of completion share. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).default(DEFAULT_TEMPERATURE),
  top_p: z.number().gt(0).max(1).default(DEFAULT_TOP_P),
  seed: z.int().optional(),
  stop: z.union([stopString, z.array(stopString).max(STOP_STRINGS_MAX)]).optional(),
  /** Ours: caps that hold for this request only. */
  cocoon: z
    .strictObject({ max_price_nano: decimal.optional(), tier_min: tierSchema.optional() })
    .optional(),
  /** Never leaves this machine and changes nothing. */
  user: z.string().max(512).optional(),
} as const

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
    metadata: metadataSchema.optional(),
    // These are accepted with their neutral value only.
    n: z.literal(1, 'only one choice per request is supported').optional(),
    store: z.literal(false).optional(),
    logprobs: z.literal(false).optional(),
    frequency_penalty: z.literal(0).optional(),
    presence_penalty: z.literal(0).optional(),
    response_format: z.strictObject({ type: z.literal('text') }).optional(),
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

export type ChatBody = z.output<typeof chatBodySchema>

/** What a request is made of, whichever path it came by. */
export type ChatFields = Pick<
  ChatBody,
  'model' | 'messages' | 'temperature' | 'top_p' | 'seed' | 'stop' | 'cocoon'
> &
  Partial<Pick<ChatBody, 'max_tokens' | 'max_completion_tokens'>>

export function toChatRequest(body: ChatFields, tokensMaxDefault: number): ChatRequest {
  const { max_price_nano, tier_min } = body.cocoon ?? {}
  return {
    model: body.model,
    messages: body.messages,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? tokensMaxDefault,
    temperature: body.temperature,
    topP: body.top_p,
    seed: body.seed === undefined ? randomBytes(8).readBigUInt64BE() : unsigned(body.seed),
    stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    ...(max_price_nano === undefined ? {} : { maxPriceNano: BigInt(max_price_nano) }),
    ...(tier_min === undefined ? {} : { tierMin: tier_min }),
  }
}

function unsigned(seed: number): bigint {
  return BigInt.asUintN(64, BigInt(seed))
}
