/** Answers in the shapes of the OpenAI API: `chat.completion` and `chat.completion.chunk`. */
import type { ChatResult, Usage } from '#node/roles/client-service.ts'

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
export type CompletionResult = Pick<ChatResult, 'text' | 'finish' | 'usage'> & {
  /** Undefined: not known any more. */
  readonly engine: string | undefined
}

export function completion(of: CompletionHead, result: CompletionResult) {
  return {
    ...head(of, 'chat.completion'),
    system_fingerprint: result.engine,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: result.text, refusal: null },
        logprobs: null,
        finish_reason: result.finish,
      },
    ],
    usage: openaiUsage(result.usage),
  }
}

export interface ChunkDelta {
  readonly role?: 'assistant'
  readonly content?: string
}

/** With `stream_options.include_usage` every chunk but the last carries `usage: null`. */
export function chunk(
  of: CompletionHead,
  delta: ChunkDelta,
  finish: ChatResult['finish'] | null,
  includeUsage: boolean,
) {
  return {
    ...head(of, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(includeUsage ? { usage: null } : {}),
  }
}

export function usageChunk(of: CompletionHead, usage: Usage) {
  return { ...head(of, 'chat.completion.chunk'), choices: [], usage: openaiUsage(usage) }
}
