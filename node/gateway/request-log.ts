/** What became of the last requests, without their text: nothing here could reveal an answer. */
import type { ChatResult } from '#node/roles/client-service.ts'

export type FinishedRequest = Omit<ChatResult, 'text' | 'toolCalls' | 'logprobs'>

export interface RequestLog {
  add(result: ChatResult): void
  get(requestId: string): FinishedRequest | undefined
}

/** Keeps the newest `countMax` in memory. */
export function createRequestLog(countMax: number): RequestLog {
  const finished = new Map<string, FinishedRequest>()
  return {
    add({ text: _text, toolCalls: _calls, logprobs: _logprobs, ...rest }) {
      finished.set(rest.requestId, rest)
      const oldest = finished.keys().next()
      if (finished.size > countMax && !oldest.done) finished.delete(oldest.value)
    },
    get: (requestId) => finished.get(requestId),
  }
}
