/**
 * The story of one request: what was offered, whom it asked, what each said, what it cost. Written by
 * the client as it goes, so that `cocoon why` works for a request that failed, and after a crash.
 * Holds shapes, sums and names; never a prompt, an answer or a key.
 */
import { z } from 'zod'

const nano = z.string().regex(/^\d{1,39}$/)
const tier = z.enum(['confidential', 'simulated', 'open'])

const problemSchema = z.object({ code: z.string(), message: z.string(), remedy: z.string() })

const offerSchema = z.object({
  provider: z.string(),
  rank: z.number(),
  accepted: z.boolean(),
  reasons: z.array(z.string()),
  estimatedNano: nano,
})

const verdictSchema = z.object({
  tier,
  ok: z.boolean(),
  /** Names of the steps that did not pass. */
  failed: z.array(z.string()),
  steps: z.number(),
})

const attemptSchema = z.object({
  provider: z.string(),
  /** Id on the wire, in the receipt and in both sides' logs; null: nothing was asked. */
  requestId: z.string().nullable(),
  reasons: z.array(z.string()),
  estimatedNano: nano,
  outcome: z.enum(['running', 'answered', 'failed', 'busy', 'cancelled']),
  problem: problemSchema.nullable(),
  verdict: verdictSchema.nullable(),
  channel: z.string().nullable(),
  /** Milliseconds since the request began. */
  startedMs: z.number(),
  attestMs: z.number(),
  fundMs: z.number(),
  endedMs: z.number().nullable(),
  /** Of the answer, from earlier attempts: this provider read them and went on from there. */
  resumedTokens: z.number().default(0),
  /** Of the answer, from this provider. */
  tokens: z.number().default(0),
  usedNano: nano,
  /** Sum of all vouchers of this channel after this attempt, which is what is owed on it. */
  voucherNano: nano,
})

export const storySchema = z.object({
  format: z.literal('cocoon-story/1'),
  /** Names this story. */
  id: z.string(),
  /** Other ids of the same request: of the caller, and of each attempt on the wire. */
  names: z.array(z.string()),
  atMs: z.number(),
  model: z.string(),
  state: z.enum(['running', 'answered', 'failed', 'cancelled']),
  problem: problemSchema.nullable(),
  asked: z.object({
    promptTokens: z.number().nullable(),
    maxTokens: z.number(),
    tierMin: tier.nullable(),
    capNano: nano.nullable(),
  }),
  /** The last ranking, refused offers included. */
  offers: z.array(offerSchema),
  offersSeen: z.number(),
  attempts: z.array(attemptSchema),
  timings: z.object({
    discoverMs: z.number(),
    firstTokenMs: z.number().nullable(),
    totalMs: z.number().nullable(),
  }),
  usage: z
    .object({
      promptTokens: z.number(),
      cachedTokens: z.number(),
      completionTokens: z.number(),
    })
    .nullable(),
  money: z.object({
    estimatedNano: nano,
    usedNano: nano,
  }),
  receipt: z.object({ id: z.string(), file: z.string() }).nullable(),
})

export type Story = z.output<typeof storySchema>
export type StoryAttempt = z.output<typeof attemptSchema>
export type StoryOffer = z.output<typeof offerSchema>
