/** What parent and embedding process say to each other; both sides check what arrives. */
import { z } from 'zod'
import { CONTEXT_TOKENS_MAX, ENGINE_THREADS_MAX } from '../constants.ts'

const id = z.int().min(1)
const hash = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32)
const shortText = z.string().max(1_024)
const failure = {
  code: z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/),
  message: shortText,
  remedy: shortText,
}

const Load = z.strictObject({
  kind: z.literal('load'),
  folder: z.string().min(1).max(4_096),
  threads: z.int().min(1).max(ENGINE_THREADS_MAX),
  memoryLimitBytes: z.int().min(1),
})
const Embed = z.strictObject({
  kind: z.literal('embed'),
  id,
  ids: z.array(z.int().min(0)).min(1).max(CONTEXT_TOKENS_MAX),
})
export const ToEncoder = z.discriminatedUnion('kind', [Load, Embed])
export type ToEncoder = z.output<typeof ToEncoder>
export type EncoderLoad = z.output<typeof Load>

const Ready = z.strictObject({
  kind: z.literal('ready'),
  engine: z.string().max(128),
  modelRoot: hash,
  runtimeDigest: hash,
  contextTokens: z.int().min(1).max(CONTEXT_TOKENS_MAX),
  vocabularySize: z.int().min(2),
  dimensions: z.int().min(1),
})
const Refused = z.strictObject({ kind: z.literal('refused'), ...failure })
const Vector = z.strictObject({
  kind: z.literal('vector'),
  id,
  vector: z.custom<Float32Array>((value) => value instanceof Float32Array),
})
const Failed = z.strictObject({ kind: z.literal('failed'), id, ...failure })
export const FromEncoder = z.discriminatedUnion('kind', [Ready, Refused, Vector, Failed])
export type FromEncoder = z.output<typeof FromEncoder>
export type EncoderReady = z.output<typeof Ready>
