/**
 * The story of one request as the provider that served it tells it: who asked on which channel, what was
 * read and made, what was signed and paid, and why it ended. Holds shapes, sums and names; never a
 * prompt, an answer or a key.
 */
import { z } from 'zod'

const nano = z.string().regex(/^\d{1,39}$/)

/** Why an answer ended before its limit or its last word. */
const STOPS = [
  'client-cancelled',
  'client-stopped-paying',
  'session-over',
  'keys-over',
  'engine',
  'disputed',
] as const

export const servedStorySchema = z.object({
  format: z.literal('cocoon-served-story/1'),
  /** On the wire, in the receipt and in both sides' logs. */
  id: z.string(),
  atMs: z.number(),
  model: z.string(),
  /** `refused`: nothing was begun. `broken`: its end was signed, or not even that, with nobody there. */
  state: z.enum(['running', 'answered', 'cancelled', 'failed', 'broken', 'refused']),
  stop: z.enum(STOPS).nullable(),
  problem: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).nullable(),
  /** Peer id of the client. */
  client: z.string(),
  channel: z.string(),
  asked: z.object({
    /** As the client counts them; the tokens of an answer that is continued here included. */
    promptTokens: z.number(),
    resumedTokens: z.number(),
    /** Null: refused before it was read. */
    maxTokens: z.number().nullable(),
  }),
  /** Of the last thing that was signed. */
  signed: z.object({
    promptTokens: z.number(),
    cachedTokens: z.number(),
    completionTokens: z.number(),
    checkpoints: z.number(),
    usedNano: nano,
  }),
  /** The final receipt; null: the last checkpoint stands for it. */
  receipt: z.object({ id: z.string(), leafIndex: z.number(), finish: z.string() }).nullable(),
  /** Of this request, and of all vouchers of its channel at its end. */
  money: z.object({ allocatedNano: nano, voucherNano: nano }),
  timings: z.object({
    /** From the ask to the first voucher that pays for work; null: none came. */
    paidMs: z.number().nullable(),
    firstTokenMs: z.number().nullable(),
    totalMs: z.number().nullable(),
  }),
})

export type ServedStory = z.output<typeof servedStorySchema>
export type ServedStop = (typeof STOPS)[number]
