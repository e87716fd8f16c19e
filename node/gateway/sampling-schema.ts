/**
 * How an answer is drawn: OpenAI's fields, and those that vLLM adds under its names (top_k, min_p,
 * repetition_penalty). What is left out has no effect.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { AskSampling } from '#protocol/ask.ts'
import { ASK_LOGIT_BIAS_MAX, ASK_TOKEN_ID_MAX, ASK_TOP_K_MAX } from '#protocol/constants.ts'
import {
  CHOICES_MAX,
  DEFAULT_TEMPERATURE,
  DEFAULT_TOP_P,
  STOP_STRING_CHARS_MAX,
  STOP_STRINGS_MAX,
} from './constants.ts'

const stopString = z.string().min(1).max(STOP_STRING_CHARS_MAX)
const decimal = z.string().regex(/^\d{1,19}$/, 'must be a decimal string of nanoTON')
const penalty = z.number().min(-2).max(2)

const tokenId = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,9})$/, 'keys are token ids')
  .refine((id) => Number(id) <= ASK_TOKEN_ID_MAX, 'keys are token ids')

export const tierSchema = z.enum(['confidential', 'simulated', 'open'])

/** What every kind of completion shares. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).default(DEFAULT_TEMPERATURE),
  top_p: z.number().gt(0).max(1).default(DEFAULT_TOP_P),
  /** 0 and -1: no cut, as vLLM has it. */
  top_k: z.int().min(-1).max(ASK_TOP_K_MAX).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().gt(0).max(2).optional(),
  frequency_penalty: penalty.optional(),
  presence_penalty: penalty.optional(),
  logit_bias: z
    .record(tokenId, z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= ASK_LOGIT_BIAS_MAX, {
      error: `has more than ${ASK_LOGIT_BIAS_MAX} ids`,
    })
    .optional(),
  seed: z.int().optional(),
  stop: z.union([stopString, z.array(stopString).max(STOP_STRINGS_MAX)]).optional(),
  /** Ours: caps that hold for this request only, and whether what is read of it may serve others. */
  cocoon: z
    .strictObject({
      max_price_nano: decimal.optional(),
      tier_min: tierSchema.optional(),
      share_cache: z.boolean().optional(),
    })
    .optional(),
  /** Never leaves this machine and changes nothing. */
  user: z.string().max(512).optional(),
} as const

/** Choices of one prompt; each is a request of its own. */
export const choicesField = z.int().min(1).max(CHOICES_MAX).optional()

export type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>

export function toSampling(fields: Omit<SamplingFields, 'cocoon' | 'user'>): AskSampling {
  const { temperature, top_p, top_k, seed, stop, logit_bias } = fields
  const biases = Object.entries(logit_bias ?? {})
  return {
    temperature,
    topP: top_p,
    seed: seed === undefined ? randomBytes(8).readBigUInt64BE() : unsigned(seed),
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    topK: top_k === undefined || top_k <= 0 ? undefined : top_k,
    minP: fields.min_p,
    repetitionPenalty: fields.repetition_penalty,
    frequencyPenalty: fields.frequency_penalty,
    presencePenalty: fields.presence_penalty,
    logitBias:
      biases.length === 0 ? undefined : biases.map(([id, bias]) => ({ id: Number(id), bias })),
  }
}

function unsigned(seed: number): bigint {
  return BigInt.asUintN(64, BigInt(seed))
}
