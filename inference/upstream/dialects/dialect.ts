/** How one kind of server is asked and understood. */
import type { ChatMessage, GenerateRequest, TokenLogprobs } from '../../engine.ts'
import { malformed, unsupported } from '../errors.ts'
import { statedSchema } from './stated-schema.ts'

export const DIALECT_NAMES = ['vllm', 'sglang', 'llama-cpp', 'openai'] as const
export type DialectName = (typeof DIALECT_NAMES)[number]

/** A request as a dialect puts it: without the parts that never leave this process. */
export interface UpstreamAsk
  extends Pick<GenerateRequest, 'sampling' | 'constraint' | 'topLogprobs'> {
  /** Name of the model at the server. */
  readonly model: string
  /** Prompt, then the ids of an answer that is continued. */
  readonly tokenIds: readonly number[]
  readonly messages: readonly ChatMessage[] | undefined
  /** Clamped to what the context has room for. */
  readonly maxTokens: number
  /** Keeps what the server read for one customer from speeding up another: never a secret, never empty. */
  readonly cacheSalt: string
}

export interface UpstreamUsage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** As a server says it: most likely first, perhaps one more than was asked for. */
export interface UpstreamLogprobs extends TokenLogprobs {
  /** The id that it says these are of. */
  readonly id: number
}

/** One event of a stream; what was not in it is undefined. */
export interface UpstreamPiece {
  readonly text: string
  readonly ids?: readonly number[] | undefined
  /** As many as ids. */
  readonly logprobs?: readonly UpstreamLogprobs[] | undefined
  readonly finish?: 'stop' | 'length' | 'failed' | undefined
  readonly usage?: UpstreamUsage | undefined
  readonly model?: string | undefined
  /** It works on something that is not passed on, as a reasoning beside the answer. */
  readonly isAtWork?: boolean | undefined
}

export interface Dialect {
  readonly name: DialectName
  readonly path: string
  /** Whether the answer comes as the very ids that were sampled. */
  readonly exactTokenIds: boolean
  /** What usage says is the number of ids that were sent. */
  readonly countsPrompt: boolean
  /** @throws ConfigError UPSTREAM_FIELD naming what this kind of server cannot be asked for */
  body(ask: UpstreamAsk): Readonly<Record<string, unknown>>
  /**
   * Reads the events of one stream, in order.
   * @throws UnavailableError UPSTREAM_MALFORMED
   */
  reader(): (event: unknown) => UpstreamPiece
}

/** API names of the optional fields that a request may have. */
export type OptionalField =
  | 'top_k'
  | 'min_p'
  | 'repetition_penalty'
  | 'frequency_penalty'
  | 'presence_penalty'
  | 'logit_bias'
  | 'logprobs'
  | 'response_format'
  | 'tools'

/** @throws ConfigError UPSTREAM_FIELD for the first field that is asked for and not in the list */
export function refuseOthers(
  dialect: string,
  { sampling, constraint, topLogprobs }: UpstreamAsk,
  supported: readonly OptionalField[],
): void {
  const asked: Readonly<Record<OptionalField, boolean>> = {
    top_k: sampling.topK !== undefined,
    min_p: (sampling.minP ?? 0) !== 0,
    repetition_penalty: (sampling.repetitionPenalty ?? 1) !== 1,
    frequency_penalty: (sampling.frequencyPenalty ?? 0) !== 0,
    presence_penalty: (sampling.presencePenalty ?? 0) !== 0,
    logit_bias: (sampling.logitBias ?? []).length > 0,
    logprobs: topLogprobs !== undefined,
    response_format: constraint !== undefined && constraint.kind !== 'tool_calls',
    tools: constraint?.kind === 'tool_calls',
  }
  for (const [field, isAsked] of Object.entries(asked)) {
    if (isAsked && !supported.some((one) => one === field)) throw unsupported(dialect, field)
  }
}

/** Numbers in JSON are exact to 53 bits: the low ones of the seed. */
export function jsonSeed(seed: bigint): number {
  return Number(BigInt.asUintN(53, seed))
}

export function biasObject({ sampling }: UpstreamAsk): Record<string, number> | undefined {
  const { logitBias = [] } = sampling
  if (logitBias.length === 0) return undefined
  return Object.fromEntries(logitBias.map(({ id, bias }) => [`${id}`, bias]))
}

/** What the whole answer must be; undefined where any text, or calls of functions, will do. */
export function answerSchema({ constraint }: UpstreamAsk): unknown {
  if (constraint === undefined || constraint.kind === 'tool_calls') return undefined
  return constraint.kind === 'json_object' ? { type: 'object' } : statedSchema(constraint.schema)
}

/** OpenAI's `response_format`; undefined where any text will do. */
export function responseFormat({ constraint }: UpstreamAsk): unknown {
  if (constraint === undefined || constraint.kind === 'tool_calls') return undefined
  if (constraint.kind === 'json_object') return { type: 'json_object' }
  const json_schema = { name: 'answer', schema: statedSchema(constraint.schema), strict: true }
  return { type: 'json_schema', json_schema }
}

/** @throws UnavailableError UPSTREAM_MALFORMED */
export function parsedBy<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  event: unknown,
): T {
  const parsed = schema.safeParse(event)
  if (!parsed.success) throw malformed('an event that this kind of server does not send')
  return parsed.data
}
