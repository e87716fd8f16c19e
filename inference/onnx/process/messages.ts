/**
 * What parent and engine process say to each other over Node's IPC channel (structured clone).
 * Both sides check what arrives: the child reads files from strangers and counts as one.
 */
import { z } from 'zod'
import { CONTEXT_TOKENS_MAX, ENGINE_SLOTS_MAX, ENGINE_THREADS_MAX } from '../../constants.ts'
import { KV_CACHES } from '../cache/kv-cache.ts'
import { DEVICES } from '../device/device.ts'
import { LogprobsMessage, RequestMessage } from './request-message.ts'

/** Every slot's events of a step, an `end` included, and those of slots that are filled anew meanwhile. */
const STEP_EVENTS_TOTAL_MAX = 8 * ENGINE_SLOTS_MAX

const id = z.int().min(1)
const hash = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32)
const shortText = z.string().max(1_024)

const Load = z.strictObject({
  kind: z.literal('load'),
  folder: z.string().min(1).max(4_096),
  slotsTotal: z.int().min(1).max(ENGINE_SLOTS_MAX),
  threads: z.int().min(1).max(ENGINE_THREADS_MAX),
  memoryLimitBytes: z.int().min(1),
  contextTokens: z.int().min(2).max(CONTEXT_TOKENS_MAX).optional(),
  backend: z.enum(['native', 'portable']),
  device: z.enum(DEVICES),
  kvCache: z.enum(KV_CACHES),
  simulatesDeviceMemory: z.boolean().optional(),
})
const Start = z.strictObject({
  kind: z.literal('start'),
  id,
  request: RequestMessage,
})
const Credit = z.strictObject({ kind: z.literal('credit'), id, events: z.int().min(1) })
const Cancel = z.strictObject({ kind: z.literal('cancel'), id })

export const ToChild = z.discriminatedUnion('kind', [Load, Start, Credit, Cancel])
export type ToChild = z.output<typeof ToChild>
export type LoadMessage = z.output<typeof Load>

/** An error in the shape in which it crosses: no cause, no stack. */
const failure = {
  code: z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/),
  message: shortText,
  remedy: shortText,
}

const Ready = z.strictObject({
  kind: z.literal('ready'),
  engine: z.string().max(128),
  /** Why the portable backend stands in for the native one. */
  fallback: shortText.optional(),
  modelRoot: hash,
  runtimeDigest: hash,
  kvCache: z.enum(KV_CACHES),
  scheduleDigest: hash,
  otherCacheDigest: hash,
  contextTokens: z.int().min(2).max(CONTEXT_TOKENS_MAX),
  /** What the model was made for. */
  modelContextTokens: z.int().min(2).max(CONTEXT_TOKENS_MAX),
  vocabularySize: z.int().min(2),
})
const Refused = z.strictObject({ kind: z.literal('refused'), ...failure })
const Event = z.strictObject({
  id,
  event: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('prefilled'),
      tokens: z.int().min(0),
      cachedTokens: z.int().min(0),
    }),
    z.strictObject({
      kind: z.literal('token'),
      id: z.int().min(0),
      logprobs: LogprobsMessage.optional(),
    }),
    z.strictObject({ kind: z.literal('end'), finish: z.enum(['stop', 'length', 'cancelled']) }),
  ]),
})
/** What one step made for all requests: a message each would cost more than the sampling. */
const Events = z.strictObject({
  kind: z.literal('events'),
  events: z.array(Event).min(1).max(STEP_EVENTS_TOTAL_MAX),
})
const Failed = z.strictObject({
  kind: z.literal('failed'),
  id,
  /** Whether the caller should change its request, or try again. */
  errorKind: z.enum(['config', 'unavailable']),
  ...failure,
})

export const FromChild = z.discriminatedUnion('kind', [Ready, Refused, Events, Failed])
export type FromChild = z.output<typeof FromChild>
export type EngineEvent = z.output<typeof Event>
export type ReadyMessage = z.output<typeof Ready>
