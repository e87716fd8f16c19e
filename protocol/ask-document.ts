/** What a request may say, and the limits of each part; protocol/ask.ts gives it its one form in bytes. */
import { z } from 'zod'
import {
  ASK_JSON_DEPTH_MAX,
  ASK_LOGIT_BIAS_MAX,
  ASK_MESSAGES_MAX,
  ASK_MODEL_CHARACTERS_MAX,
  ASK_STOP_CHARACTERS_MAX,
  ASK_STOPS_MAX,
  ASK_TOKEN_ID_MAX,
  ASK_TOOL_CALL_ID_CHARACTERS_MAX,
  ASK_TOOL_CALLS_MAX,
  ASK_TOOL_NAME_CHARACTERS_MAX,
  ASK_TOOLS_MAX,
  ASK_TOP_K_MAX,
  ASK_TOP_LOGPROBS_MAX,
  REQUEST_UNITS_MAX,
} from './constants.ts'

/** A call that an assistant's message made. */
export interface AskToolCall {
  /** Names the call; the result's message repeats it. */
  readonly id: string
  readonly name: string
  /** What the model wrote: JSON, unless it was cut off. */
  readonly arguments: string
}

export interface AskMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  /** Of an assistant's message only. */
  readonly toolCalls?: readonly AskToolCall[] | undefined
  /** Of a message of role `tool`, always: the call that it answers. */
  readonly toolCallId?: string | undefined
}

/** A function that the answer may call. */
export interface AskTool {
  readonly name: string
  readonly description?: string | undefined
  /** JSON schema of its arguments: the text of an object. */
  readonly parameters: string
}

/** What the answer's text must be (docs/spec/structured-output.md). */
export type AskConstraint =
  | { readonly kind: 'json_object' }
  | { readonly kind: 'json_schema'; readonly schema: string }
  | {
      readonly kind: 'tool_calls'
      /** `auto`: text, or calls of `tools`; `required`: calls. */
      readonly mode: 'auto' | 'required'
      /** False: one call at most. */
      readonly parallel: boolean
      /** The one tool that must be called; absent: any. */
      readonly only?: string | undefined
    }

export interface AskLogitBias {
  readonly id: number
  /** -100 to 100. */
  readonly bias: number
}

/** How the answer is drawn, and what it must look like. What is absent has no effect. */
export interface AskSampling {
  /** 0 (greedy) to 2. */
  readonly temperature: number
  /** (0, 1]. */
  readonly topP: number
  /** u64. */
  readonly seed: bigint
  /** Matched in the answer's text; at most 4. */
  readonly stop: readonly string[]
  /** Only so many of the most likely ids. */
  readonly topK?: number | undefined
  /** Only ids with this share of the best one's probability, 0 to 1. */
  readonly minP?: number | undefined
  /** Above 0, to 2; 1 has no effect. */
  readonly repetitionPenalty?: number | undefined
  /** -2 to 2. */
  readonly frequencyPenalty?: number | undefined
  /** -2 to 2. */
  readonly presencePenalty?: number | undefined
  /** Each id once. */
  readonly logitBias?: readonly AskLogitBias[] | undefined
  /** With every token its log probability and those of so many likely ids; 0: its own only. */
  readonly topLogprobs?: number | undefined
  readonly constraint?: AskConstraint | undefined
  /** Shown to the model by its chat template. */
  readonly tools?: readonly AskTool[] | undefined
  /**
   * True: what is read of the prompt may serve others who say the same, and theirs this one. Who shares may
   * be told by the clock what others sent: whether a prompt begins as one that was read before.
   */
  readonly shareCache?: boolean | undefined
}

export interface AskDocument extends AskSampling {
  readonly modelId: string
  readonly messages: readonly AskMessage[]
  /** New tokens at most, >= 1. */
  readonly maxTokens: number
}

const U64_MAX = 0xffff_ffff_ffff_ffffn

/** UTF-16 with lone surrogates has no UTF-8 form and would come back changed. */
const text = z.string().refine((value) => value.isWellFormed(), 'not well-formed Unicode')

/** As OpenAI has it: what every format of tool calls can carry without escaping. */
const toolName = z.string().regex(new RegExp(`^[A-Za-z0-9_-]{1,${ASK_TOOL_NAME_CHARACTERS_MAX}}$`))
const toolCallId = text.min(1).max(ASK_TOOL_CALL_ID_CHARACTERS_MAX)
const jsonSchemaText = text.refine(isJsonObject, 'not the text of a JSON object')
const penalty = z.number().min(-2).max(2)

const message = z
  .strictObject({
    role: z.enum(['system', 'user', 'assistant', 'tool']),
    content: text,
    toolCalls: z
      .array(z.strictObject({ id: toolCallId, name: toolName, arguments: text }))
      .min(1)
      .max(ASK_TOOL_CALLS_MAX)
      .optional(),
    toolCallId: toolCallId.optional(),
  })
  .refine(({ role, toolCalls }) => role === 'assistant' || toolCalls === undefined, {
    path: ['toolCalls'],
  })
  .refine((one) => (one.role === 'tool') === (one.toolCallId !== undefined), {
    path: ['toolCallId'],
  })

const constraint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('json_object') }),
  z.strictObject({ kind: z.literal('json_schema'), schema: jsonSchemaText }),
  z.strictObject({
    kind: z.literal('tool_calls'),
    mode: z.enum(['auto', 'required']),
    parallel: z.boolean(),
    only: toolName.optional(),
  }),
])

const tools = z
  .array(
    z.strictObject({
      name: toolName,
      description: text.optional(),
      parameters: jsonSchemaText,
    }),
  )
  .min(1)
  .max(ASK_TOOLS_MAX)
  .refine((all) => areDistinct(all.map(({ name }) => name)), 'a name twice')

export const askDocumentSchema = z
  .strictObject({
    modelId: text.min(1).max(ASK_MODEL_CHARACTERS_MAX),
    messages: z.array(message).min(1).max(ASK_MESSAGES_MAX),
    maxTokens: z.int().min(1).max(REQUEST_UNITS_MAX),
    temperature: z.number().min(0).max(2),
    topP: z.number().gt(0).max(1),
    seed: z
      .string()
      .regex(/^(?:0|[1-9][0-9]{0,19})$/)
      .refine((digits) => BigInt(digits) <= U64_MAX, 'not a u64'),
    stop: z.array(text.min(1).max(ASK_STOP_CHARACTERS_MAX)).max(ASK_STOPS_MAX),
    topK: z.int().min(1).max(ASK_TOP_K_MAX).optional(),
    minP: z.number().min(0).max(1).optional(),
    repetitionPenalty: z.number().gt(0).max(2).optional(),
    frequencyPenalty: penalty.optional(),
    presencePenalty: penalty.optional(),
    logitBias: z
      .array(
        z.strictObject({
          id: z.int().min(0).max(ASK_TOKEN_ID_MAX),
          bias: z.number().min(-100).max(100),
        }),
      )
      .max(ASK_LOGIT_BIAS_MAX)
      .refine((all) => areDistinct(all.map(({ id }) => id)), 'an id twice')
      .optional(),
    topLogprobs: z.int().min(0).max(ASK_TOP_LOGPROBS_MAX).optional(),
    constraint: constraint.optional(),
    tools: tools.optional(),
    shareCache: z.boolean().optional(),
  })
  .refine(({ constraint, tools }) => constraint?.kind !== 'tool_calls' || tools !== undefined, {
    path: ['tools'],
  })
  .refine(
    ({ constraint, tools }) =>
      constraint?.kind !== 'tool_calls' ||
      constraint.only === undefined ||
      tools?.some(({ name }) => name === constraint.only) === true,
    { path: ['constraint', 'only'] },
  )

export type ParsedAsk = z.infer<typeof askDocumentSchema>

function areDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

/** Whether the text is a JSON object that is nested no deeper than templates and compilers follow. */
function isJsonObject(value: string): boolean {
  try {
    const parsed: unknown = JSON.parse(value)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject && isShallow(parsed, ASK_JSON_DEPTH_MAX)
  } catch {
    return false
  }
}

/** False when arrays and objects are nested deeper than `depthMax`. */
export function isShallow(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depthMax > 0 && Object.values(value).every((inner) => isShallow(inner, depthMax - 1))
}
