/** Answers in the shapes of the OpenAI API: `chat.completion` and `chat.completion.chunk`. */
import type { ChatToolCall } from '#inference/engine.ts'
import type { ChatResult, TextToken, Usage } from '#node/roles/client-service.ts'
import { chatLogprobs } from './logprobs.ts'

export interface CompletionHead {
  readonly requestId: string
  readonly model: string
  /** Unix seconds. */
  readonly created: number
}

export const openaiUsage = (usage: Usage) => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens },
})

/** Of several answers that are billed to one call. */
export function sumUsage(results: readonly { readonly usage: Usage }[]): Usage {
  const sum = (of: (usage: Usage) => number) =>
    results.reduce((total, { usage }) => total + of(usage), 0)
  return {
    promptTokens: sum((usage) => usage.promptTokens),
    cachedTokens: sum((usage) => usage.cachedTokens),
    completionTokens: sum((usage) => usage.completionTokens),
  }
}

const head = (of: CompletionHead, object: string) => ({
  id: `chatcmpl-${of.requestId}`,
  object,
  created: of.created,
  model: of.model,
})

/** What a completion shows of an answer. */
export type CompletionResult = Pick<ChatResult, 'text' | 'finish' | 'usage' | 'toolCalls'> &
  Partial<Pick<ChatResult, 'logprobs'>> & {
    /** Undefined: not known any more. */
    readonly engine: string | undefined
  }

export type FinishReason = 'stop' | 'length' | 'tool_calls'

/** An answer that ran into its limit was cut, whatever it called before. */
export function finishReason({
  finish,
  toolCalls,
}: Pick<ChatResult, 'finish' | 'toolCalls'>): FinishReason {
  return finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish
}

const functionCall = ({ id, name, arguments: text }: ChatToolCall) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: text },
})

function assistantMessage({ text, toolCalls }: CompletionResult) {
  const message = { role: 'assistant', content: text, refusal: null }
  if (toolCalls.length === 0) return message
  return { ...message, content: text || null, tool_calls: toolCalls.map(functionCall) }
}

/** @param results at least one; each is a choice */
export function completion(of: CompletionHead, results: readonly CompletionResult[]) {
  return {
    ...head(of, 'chat.completion'),
    system_fingerprint: results[0]?.engine,
    choices: results.map((result, index) => ({
      index,
      message: assistantMessage(result),
      logprobs: chatLogprobs(result.logprobs),
      finish_reason: finishReason(result),
    })),
    usage: openaiUsage(sumUsage(results)),
  }
}

export interface ChunkDelta {
  readonly role?: 'assistant'
  readonly content?: string
  readonly tool_calls?: readonly object[]
}

/** A call begins with its id and name; its arguments follow. */
export function toolCallDeltas(index: number, call: ChatToolCall): readonly ChunkDelta[] {
  const { id, type, function: called } = functionCall(call)
  return [
    { tool_calls: [{ index, id, type, function: { ...called, arguments: '' } }] },
    { tool_calls: [{ index, function: { arguments: called.arguments } }] },
  ]
}

/** The chunks of one call. With `stream_options.include_usage` all but the last carry `usage: null`. */
export class Chunks {
  readonly #of: CompletionHead
  readonly #includeUsage: boolean

  constructor(of: CompletionHead, includeUsage: boolean) {
    this.#of = of
    this.#includeUsage = includeUsage
  }

  delta(index: number, delta: ChunkDelta, logprobs?: readonly TextToken[]) {
    return this.#chunk({ index, delta, logprobs: chatLogprobs(logprobs), finish_reason: null })
  }

  finish(index: number, finish_reason: FinishReason) {
    return this.#chunk({ index, delta: {}, logprobs: null, finish_reason })
  }

  usage(usage: Usage) {
    return { ...head(this.#of, 'chat.completion.chunk'), choices: [], usage: openaiUsage(usage) }
  }

  #chunk(choice: object) {
    const base = { ...head(this.#of, 'chat.completion.chunk'), choices: [choice] }
    return this.#includeUsage ? { ...base, usage: null } : base
  }
}
