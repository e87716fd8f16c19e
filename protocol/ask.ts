/**
 * The request document inside Ask.body: canonical JSON in UTF-8, so that both sides commit to the same
 * bytes. Keys in the order of the schema, no spaces, numbers as ECMAScript prints them, the seed as a
 * decimal string because JSON numbers lose integers over 2^53. What has no effect is left out.
 */
import type { z } from 'zod'
import { askJson, checkCanonical, malformedAsk } from './ask-bytes.ts'
import {
  type AskConstraint,
  type AskDocument,
  type AskMessage,
  askDocumentSchema,
  type ParsedAsk,
} from './ask-document.ts'
import { utf8 } from './bytes.ts'
import { ASK_BYTES_MAX } from './constants.ts'
import { ConfigError } from './errors.ts'

export type {
  AskConstraint,
  AskDocument,
  AskMessage,
  AskSampling,
  AskTool,
  AskToolCall,
} from './ask-document.ts'

/** Fixes the order of keys, whatever order the caller used; JSON leaves out what is undefined. */
function canonicalBytes(document: ParsedAsk): Uint8Array {
  const { modelId, messages, maxTokens, temperature, topP, seed, stop, tools } = document
  const ordered = {
    ...{
      modelId,
      messages: messages.map(orderedMessage),
      maxTokens,
      temperature,
      topP,
      seed,
      stop,
    },
    topK: document.topK,
    minP: unless(0, document.minP),
    repetitionPenalty: unless(1, document.repetitionPenalty),
    frequencyPenalty: unless(0, document.frequencyPenalty),
    presencePenalty: unless(0, document.presencePenalty),
    logitBias: orderedBias(document.logitBias),
    topLogprobs: document.topLogprobs,
    constraint: document.constraint && orderedConstraint(document.constraint),
    tools: tools?.map(({ name, description, parameters }) => ({ name, description, parameters })),
    shareCache: document.shareCache === true ? true : undefined,
  }
  return utf8(JSON.stringify(ordered))
}

function unless(withoutEffect: number, value: number | undefined): number | undefined {
  return value === withoutEffect ? undefined : value
}

function orderedMessage({ role, content, toolCalls, toolCallId }: AskMessage) {
  const calls = toolCalls?.map((one) => ({ id: one.id, name: one.name, arguments: one.arguments }))
  return { role, content, toolCalls: calls, toolCallId }
}

/** By id; a bias of 0 has no effect. */
function orderedBias(given: ParsedAsk['logitBias']): ParsedAsk['logitBias'] {
  const biases = given?.filter(({ bias }) => bias !== 0).map(({ id, bias }) => ({ id, bias }))
  if (biases === undefined || biases.length === 0) return undefined
  return biases.sort((a, b) => a.id - b.id)
}

function orderedConstraint(constraint: AskConstraint): AskConstraint {
  const { kind } = constraint
  if (kind === 'json_object') return { kind }
  if (kind === 'json_schema') return { kind, schema: constraint.schema }
  const { mode, parallel, only } = constraint
  return { kind, mode, parallel, only }
}

/** Names the place of the first problem, never its value: values are prompts. */
function placeOf(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') || 'document'
}

/** @throws ConfigError ASK_INVALID: a limit is broken; the field is named, its value is not */
export function encodeAsk(document: AskDocument): Uint8Array {
  const parsed = askDocumentSchema.safeParse({ ...document, seed: document.seed.toString() })
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
  const parsed = askDocumentSchema.safeParse(askJson(bytes))
  if (!parsed.success) throw malformedAsk(`${placeOf(parsed.error)} is out of limits`)
  checkCanonical(bytes, canonicalBytes(parsed.data))
  return { ...parsed.data, seed: BigInt(parsed.data.seed) }
}
