/** A request as it crosses to the engine process, each field bounded before it is used. */
import { z } from 'zod'
import {
  CACHE_KEY_CHARS_MAX,
  CONTEXT_TOKENS_MAX,
  LOGIT_BIAS_MAX,
  SCHEMA_CHARS_MAX,
  STOP_STRING_CHARS_MAX,
  STOP_STRINGS_MAX,
  TOOL_NAME_CHARS_MAX,
  TOOLS_MAX,
  TOP_LOGPROBS_MAX,
} from '../../constants.ts'
import type { DecodingRequest } from '../../decoding/decoding-request.ts'

const tokenIds = z.array(z.int().min(0)).max(CONTEXT_TOKENS_MAX)

const Sampling = z.strictObject({
  temperature: z.number(),
  topP: z.number(),
  seed: z.bigint(),
  topK: z.int().min(1).optional(),
  minP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  presencePenalty: z.number().optional(),
  logitBias: z
    .array(z.strictObject({ id: z.int().min(0), bias: z.number() }))
    .max(LOGIT_BIAS_MAX)
    .optional(),
})

const schemaText = z.string().max(SCHEMA_CHARS_MAX)
const Constraint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('json_object') }),
  z.strictObject({ kind: z.literal('json_schema'), schema: schemaText }),
  z.strictObject({
    kind: z.literal('tool_calls'),
    tools: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(TOOL_NAME_CHARS_MAX),
          parameters: schemaText,
        }),
      )
      .min(1)
      .max(TOOLS_MAX),
    mode: z.enum(['auto', 'required']),
    parallel: z.boolean(),
  }),
])

export const RequestMessage = z.strictObject({
  promptTokenIds: tokenIds.min(2),
  resumeTokenIds: tokenIds,
  maxTokens: z.int().min(1),
  sampling: Sampling,
  stop: z.array(z.string().max(STOP_STRING_CHARS_MAX)).max(STOP_STRINGS_MAX),
  constraint: Constraint.optional(),
  topLogprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).optional(),
  cacheKey: z.string().min(1).max(CACHE_KEY_CHARS_MAX).optional(),
  replayTokenIds: tokenIds.min(1).optional(),
})

/** Log probabilities of one token. */
export const LogprobsMessage = z.strictObject({
  logprob: z.number().max(0),
  top: z
    .array(z.strictObject({ id: z.int().min(0), logprob: z.number().max(0) }))
    .max(TOP_LOGPROBS_MAX)
    .readonly(),
})

/** A copy: the caller may change its arrays later, and may have fields that are not for the engine. */
export function copyForWire(request: DecodingRequest): z.output<typeof RequestMessage> {
  const { sampling, constraint } = request
  return {
    promptTokenIds: [...request.promptTokenIds],
    resumeTokenIds: [...request.resumeTokenIds],
    maxTokens: request.maxTokens,
    sampling: {
      ...sampling,
      logitBias: sampling.logitBias?.map(({ id, bias }) => ({ id, bias })),
    },
    stop: [...request.stop],
    constraint: constraint === undefined ? undefined : copyOfConstraint(constraint),
    topLogprobs: request.topLogprobs,
    cacheKey: request.cacheKey,
    replayTokenIds: request.replayTokenIds === undefined ? undefined : [...request.replayTokenIds],
  }
}

function copyOfConstraint(constraint: NonNullable<DecodingRequest['constraint']>) {
  if (constraint.kind !== 'tool_calls') return { ...constraint }
  const tools = constraint.tools.map(({ name, parameters }) => ({ name, parameters }))
  return { ...constraint, tools }
}
