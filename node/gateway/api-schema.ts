/**
 * The local API's documents, shared by the gateway that writes them and the command line that reads
 * them. Amounts are decimal strings of nanoTON; a missing value is null.
 */
import { z } from 'zod'
import {
  CUSTOM_ID_CHARS_MAX,
  JOB_LINES_MAX,
  MESSAGES_MAX,
  MODEL_ID_CHARS_MAX,
  TOKENS_MAX,
} from './constants.ts'
import { messageSchema } from './message-schema.ts'
import { tierSchema } from './sampling-schema.ts'

const nano = z.string().regex(/^\d{1,39}$/)
const nullableText = z.string().nullable()
/** Where an offer stands for a request, and why. */
const rankedFields = {
  provider: z.string(),
  rank: z.number(),
  accepted: z.boolean(),
  reasons: z.array(z.string()),
}

export const statusSchema = z.object({
  name: z.string(),
  role: z.literal('client'),
  peerId: z.string(),
  walletAddress: z.string(),
  version: z.string(),
  models: z.number(),
  offers: z.number(),
})

export const offerSchema = z.object({
  provider: z.string(),
  peerId: z.string(),
  modelId: z.string(),
  modelRoot: z.string(),
  tier: tierSchema,
  promptNanoPerMtok: nano,
  cachedNanoPerMtok: nano,
  completionNanoPerMtok: nano,
  slotsFree: z.number(),
  slotsTotal: z.number(),
  queued: z.number(),
  latencyMs: z.number().nullable(),
  expiresAtMs: z.number(),
})

export const receiptSchema = z.object({
  id: z.string(),
  channel: z.string(),
  provider: z.string(),
  leafIndex: z.number(),
  model: z.string(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  usedNano: nano,
  finish: z.string(),
  file: z.string(),
  createdAtMs: z.number(),
})

export const channelSchema = z.object({
  address: z.string(),
  role: z.enum(['client', 'provider']),
  counterparty: z.string(),
  status: z.enum(['opening', 'open', 'frozen', 'closing', 'closed']),
  depositedNano: nano,
  voucherNano: nano,
  usedNano: nano,
  claimedNano: nano,
  leafCount: z.number(),
  receiptsRoot: z.string(),
  expiresAt: z.number(),
})

export const jobSchema = z.object({
  id: z.string(),
  status: z.enum(['bidding', 'running', 'done', 'failed']),
  model: z.string(),
  lines: z.number(),
  linesDone: z.number(),
  spentNano: nano,
  bids: z.array(
    z.object({
      provider: z.string(),
      priceNano: nano,
      finishInMs: z.number(),
      tier: tierSchema,
    }),
  ),
  winner: nullableText,
  error: nullableText,
})

export const jobLineResultSchema = z.object({
  index: z.number(),
  customId: nullableText,
  text: nullableText,
  finish: nullableText,
  receiptId: nullableText,
  usage: z
    .object({
      promptTokens: z.number(),
      cachedTokens: z.number(),
      completionTokens: z.number(),
    })
    .nullable(),
  error: nullableText,
})

export const spendingSchema = z.object({
  day: z.string(),
  spentNano: nano,
  heldNano: nano,
  perRequestNano: nano.nullable(),
  perDayNano: nano.nullable(),
  perProviderDayNano: nano.nullable(),
  providers: z.array(z.object({ provider: z.string(), spentNano: nano, heldNano: nano })),
})

export const settlementSchema = z.object({
  channel: z.string(),
  depositedNano: nano,
  claimedNano: nano,
  refundedNano: nano,
  receiptsRoot: z.string(),
  feesNano: nano,
})

const verdictSchema = z.object({
  tier: tierSchema,
  ok: z.boolean(),
  steps: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['passed', 'failed', 'skipped', 'not-required']),
      found: z.string(),
      required: z.string(),
      reference: z.string(),
      detail: z.string(),
    }),
  ),
})

/** A finished request without its text. */
export const requestSchema = z.object({
  requestId: z.string(),
  finish: z.enum(['stop', 'length']),
  usage: z.object({
    promptTokens: z.number(),
    cachedTokens: z.number(),
    completionTokens: z.number(),
  }),
  priceNano: nano,
  provider: z.string(),
  model: z.string(),
  engine: z.string(),
  tier: tierSchema,
  reason: z.string(),
  offers: z.array(z.object({ ...rankedFields, estimatedPriceNano: nano })),
  verdict: verdictSchema,
  receiptId: z.string(),
  receiptFile: z.string(),
  channel: z.string(),
  timings: z.object({
    discoverMs: z.number(),
    attestMs: z.number(),
    fundMs: z.number(),
    firstTokenMs: z.number(),
    totalMs: z.number(),
  }),
})

/** `POST /v1/estimate`; prices in nanoTON. */
export const estimateSchema = z.object({
  model: z.string(),
  n: z.number(),
  prompt_tokens: z.number(),
  max_completion_tokens: z.number(),
  expected_completion_tokens: z.number(),
  max_price_nano: nano,
  expected_price_nano: nano,
  dearest_price_nano: nano,
  offers: z.array(z.object({ ...rankedFields, max_price_nano: nano })),
})

/** `GET /v1/models`. */
export const modelListSchema = z.object({
  data: z.array(
    z.object({ id: z.string(), kind: z.enum(['chat', 'embedding']), providers: z.number() }),
  ),
})

export type StatusDocument = z.output<typeof statusSchema>
export type OfferDocument = z.output<typeof offerSchema>
export type ReceiptDocument = z.output<typeof receiptSchema>
export type ChannelDocument = z.output<typeof channelSchema>
export type JobDocument = z.output<typeof jobSchema>
export type JobLineResultDocument = z.output<typeof jobLineResultSchema>
export type SpendingDocument = z.output<typeof spendingSchema>
export type SettlementDocument = z.output<typeof settlementSchema>
export type EstimateDocument = z.output<typeof estimateSchema>
export type RequestDocument = z.output<typeof requestSchema>

/** One line of a job file: `messages` or `prompt`, not both. */
export const jobLineSchema = z
  .strictObject({
    custom_id: z.string().min(1).max(CUSTOM_ID_CHARS_MAX).optional(),
    messages: z.array(messageSchema).min(1).max(MESSAGES_MAX).optional(),
    prompt: z.string().min(1).optional(),
    max_tokens: z.int().min(1).max(TOKENS_MAX).optional(),
  })
  .refine((line) => (line.messages === undefined) !== (line.prompt === undefined), {
    error: 'needs either messages or prompt',
  })

/** POST /api/v1/channels/ADDRESS/topup. */
export const topUpBodySchema = z.strictObject({
  amountNano: z.string().regex(/^[1-9][0-9]{0,18}$/),
})

export type JobLineBody = z.output<typeof jobLineSchema>

/** POST /api/v1/jobs. */
export const jobBodySchema = z.strictObject({
  model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
  lines: z.array(jobLineSchema).min(1).max(JOB_LINES_MAX),
  priceCapNano: nano.optional(),
})
