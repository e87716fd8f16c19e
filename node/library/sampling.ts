/** How a question of the library is drawn and what its answer must look like: the fields of the HTTP API. */
import { DEFAULT_TEMPERATURE, DEFAULT_TOP_P } from '#node/gateway/constants.ts'
import { formatOf, outputFault, outputSampling, toolOf } from '#node/gateway/output-schema.ts'
import type { AskConstraint, AskSampling } from '#protocol/ask.ts'
import { ConfigError } from '#protocol/errors.ts'

/** What the text of an answer must be; decoding itself is held to it. */
export type ResponseFormat =
  | 'text'
  | 'json_object'
  /** A JSON schema, as far as docs/spec/structured-output.md says it is understood. */
  | { readonly jsonSchema: Readonly<Record<string, unknown>> }

/** A function that the answer may call. */
export interface Tool {
  /** 1 to 64 of letters, digits, _ and -. */
  readonly name: string
  readonly description?: string
  /** JSON schema of its arguments; without it the function takes none. */
  readonly parameters?: Readonly<Record<string, unknown>>
}

/** `none` does not show the tools to the model; `{ only }` makes it call that one. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly only: string }

/** Everything left out has no effect, or the default of the HTTP API. */
export interface SamplingOptions {
  /** 0 (greedy, the default) to 2. */
  readonly temperature?: number
  /** Above 0 up to 1, the default. */
  readonly topP?: number
  /** Only so many of the most likely tokens, 1 to 1024. */
  readonly topK?: number
  /** Only tokens with this share of the best one's probability, 0 to 1. */
  readonly minP?: number
  /** Above 0 up to 2; 1 has no effect. */
  readonly repetitionPenalty?: number
  /** -2 to 2. */
  readonly frequencyPenalty?: number
  /** -2 to 2. */
  readonly presencePenalty?: number
  /** Up to 300 token ids with -100 to 100 each. */
  readonly logitBias?: Readonly<Record<number, number>>
  /** Of the sampling; 0n by default, so that the same question gives the same answer. */
  readonly seed?: bigint
  /** Up to 4 strings that end the answer; not with tools or a format. */
  readonly stop?: readonly string[]
  /** With each token its log probability and those of so many likely ones, 0 to 20: `Answer.logprobs`. */
  readonly topLogprobs?: number
  readonly responseFormat?: ResponseFormat
  /** 1 to 128, for models whose chat template knows tools: `Answer.toolCalls`. */
  readonly tools?: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** False: one call at most. */
  readonly parallelToolCalls?: boolean
  /**
   * True: what a provider reads of the prompt may serve others who share, and theirs this one. They may then
   * learn by the clock that somebody sent the same beginning: for prompts that are public anyway.
   */
  readonly shareCache?: boolean
}

/** @throws ConfigError ASK_INVALID when tools, format and stop strings do not go together */
export function samplingFrom(options: SamplingOptions): AskSampling {
  const { topK, minP, repetitionPenalty, frequencyPenalty, presencePenalty } = options
  const { topLogprobs, shareCache, stop = [], logitBias = {} } = options
  const biases = Object.entries(logitBias).map(([id, bias]) => ({ id: Number(id), bias }))
  return {
    temperature: options.temperature ?? DEFAULT_TEMPERATURE,
    topP: options.topP ?? DEFAULT_TOP_P,
    seed: options.seed ?? 0n,
    ...{ stop, topK, minP, repetitionPenalty, frequencyPenalty, presencePenalty, topLogprobs },
    logitBias: biases.length === 0 ? undefined : biases,
    ...outputOf(options),
    ...(shareCache === true ? { shareCache } : {}),
  }
}

function outputOf(options: SamplingOptions): Pick<AskSampling, 'constraint' | 'tools'> {
  const { responseFormat = 'text', toolChoice, parallelToolCalls, stop } = options
  const fields = {
    tools: options.tools?.map(toolOf),
    tool_choice: toolChoice,
    parallel_tool_calls: parallelToolCalls,
    stop,
  }
  const format = constraintOf(responseFormat)
  const fault = outputFault(fields, format, 'responseFormat')
  if (fault === undefined) return outputSampling(fields, format)
  const name = fault[0] === 'tool_choice' ? 'toolChoice' : fault[0]
  throw new ConfigError('ASK_INVALID', `the question's ${name} ${fault[1]}`)
}

function constraintOf(format: ResponseFormat): AskConstraint | undefined {
  if (typeof format === 'string') return formatOf({ type: format })
  return formatOf({ type: 'json_schema', schema: format.jsonSchema })
}
