/**
 * The request document inside Ask.body: canonical JSON in UTF-8, so that both sides commit to the same
 * bytes. Keys in the order of the schema, no spaces, numbers as ECMAScript prints them, the seed as a
 * decimal string because JSON numbers lose integers over 2^53.
 */
import { z } from 'zod'
import { equal, fromUtf8, utf8 } from './bytes.ts'
import {
  ASK_BYTES_MAX,
  ASK_MESSAGES_MAX,
  ASK_MODEL_CHARACTERS_MAX,
  ASK_STOP_CHARACTERS_MAX,
  ASK_STOPS_MAX,
  REQUEST_UNITS_MAX,
} from './constants.ts'
import { ConfigError, ProtocolError } from './errors.ts'

const U64_MAX = 0xffff_ffff_ffff_ffffn

/** UTF-16 with lone surrogates has no UTF-8 form and would come back changed. */
const text = z.string().refine((value) => value.isWellFormed(), 'not well-formed Unicode')

const documentSchema = z.strictObject({
  modelId: text.min(1).max(ASK_MODEL_CHARACTERS_MAX),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: text }))
    .min(1)
    .max(ASK_MESSAGES_MAX),
  maxTokens: z.int().min(1).max(REQUEST_UNITS_MAX),
  temperature: z.number().min(0).max(2),
  topP: z.number().gt(0).max(1),
  seed: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,19})$/)
    .refine((digits) => BigInt(digits) <= U64_MAX, 'not a u64'),
  stop: z.array(text.min(1).max(ASK_STOP_CHARACTERS_MAX)).max(ASK_STOPS_MAX),
})

type Document = z.infer<typeof documentSchema>

export interface AskMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface AskDocument {
  readonly modelId: string
  readonly messages: readonly AskMessage[]
  /** New tokens at most, >= 1. */
  readonly maxTokens: number
  /** 0 (greedy) to 2. */
  readonly temperature: number
  /** (0, 1]. */
  readonly topP: number
  /** u64. */
  readonly seed: bigint
  /** Matched in the answer's text; at most 4. */
  readonly stop: readonly string[]
}

/** Fixes the order of keys, whatever order the caller used. */
function canonicalBytes(document: Document): Uint8Array {
  const { modelId, messages, maxTokens, temperature, topP, seed, stop } = document
  const ordered = {
    modelId,
    messages: messages.map(({ role, content }) => ({ role, content })),
    maxTokens,
    temperature,
    topP,
    seed,
    stop,
  }
  return utf8(JSON.stringify(ordered))
}

/** Names the place of the first problem, never its value: values are prompts. */
function placeOf(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') || 'document'
}

/** @throws ConfigError ASK_INVALID: a limit is broken; the field is named, its value is not */
export function encodeAsk(document: AskDocument): Uint8Array {
  const parsed = documentSchema.safeParse({ ...document, seed: document.seed.toString() })
  if (!parsed.success) {
    throw new ConfigError('ASK_INVALID', `the request's ${placeOf(parsed.error)} is out of limits`)
  }
  const bytes = canonicalBytes(parsed.data)
  if (bytes.length > ASK_BYTES_MAX) {
    throw new ConfigError('ASK_INVALID', 'the request is too long', {
      remedy: 'Send fewer or shorter messages.',
      data: { bytes: bytes.length, bytesMax: ASK_BYTES_MAX },
    })
  }
  return bytes
}

/** @throws ProtocolError ASK_MALFORMED: too long, not JSON, out of limits, or not canonical */
export function decodeAsk(bytes: Uint8Array): AskDocument {
  if (bytes.length > ASK_BYTES_MAX) throw malformed('too long')
  const parsed = documentSchema.safeParse(parseJson(bytes))
  if (!parsed.success) throw malformed(`${placeOf(parsed.error)} is out of limits`)
  if (!equal(canonicalBytes(parsed.data), bytes)) throw malformed('not in canonical form')
  return { ...parsed.data, seed: BigInt(parsed.data.seed) }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    throw malformed('not JSON')
  }
}

function malformed(detail: string): ProtocolError {
  return new ProtocolError('ASK_MALFORMED', `a request document cannot be read: ${detail}`)
}
