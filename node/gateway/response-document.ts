/** Answers in the shape of OpenAI's Responses API, whole and as the state of a stream. */
import type { ChatToolCall } from '#inference/engine.ts'
import type { ChatResult, Usage } from '#node/roles/client-service.ts'
import type { HttpErrorBody } from './http-error.ts'
import type { ResponseBody } from './responses-schema.ts'

export interface ResponseHead {
  readonly requestId: string
  /** Unix seconds. */
  readonly created: number
  readonly body: ResponseBody
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed'

/** What is the same in every state of one response. */
function responseBase({ requestId, created, body }: ResponseHead, status: Status) {
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: created,
    status,
    background: false,
    error: null as { code: string; message: string } | null,
    incomplete_details: null as { reason: string } | null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    output: [] as (OutputMessage | FunctionCallItem)[],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    store: false,
    temperature: body.temperature,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p,
    truncation: 'disabled',
    usage: null as ReturnType<typeof responseUsage> | null,
    user: body.user ?? null,
  }
}

export const textPart = (text: string) => ({
  type: 'output_text',
  annotations: [],
  logprobs: [],
  text,
})

export function outputMessage(requestId: string, status: Status, parts: readonly string[]) {
  return {
    id: `msg_${requestId}`,
    type: 'message',
    status,
    role: 'assistant',
    content: parts.map(textPart),
  }
}

type OutputMessage = ReturnType<typeof outputMessage>

export const functionCallItem = (
  { id, name, arguments: text }: ChatToolCall,
  status: 'in_progress' | 'completed',
) => ({ id: `fc_${id}`, type: 'function_call', status, call_id: id, name, arguments: text })

type FunctionCallItem = ReturnType<typeof functionCallItem>

/** The message comes first, as it began first; without text there is none beside calls. */
function outputItems({ requestId }: ResponseHead, result: ChatResult) {
  const { text, toolCalls } = result
  const calls = toolCalls.map((call) => functionCallItem(call, 'completed'))
  if (text === '' && calls.length > 0) return calls
  return [outputMessage(requestId, endStatus(result), [text]), ...calls]
}

export const begunResponse = (head: ResponseHead) => responseBase(head, 'in_progress')

/** An answer that ran into its limit is incomplete, not wrong. */
export function endedResponse(head: ResponseHead, result: ChatResult) {
  const status = endStatus(result)
  return {
    ...responseBase(head, status),
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    output: outputItems(head, result),
    usage: responseUsage(result.usage),
  }
}

export function failedResponse(head: ResponseHead, { error }: HttpErrorBody) {
  const { code, message } = error
  return { ...responseBase(head, 'failed'), error: { code, message } }
}

export const endStatus = ({ finish }: ChatResult) =>
  finish === 'length' ? ('incomplete' as const) : ('completed' as const)

const responseUsage = (usage: Usage) => ({
  input_tokens: usage.promptTokens,
  input_tokens_details: { cached_tokens: usage.cachedTokens },
  output_tokens: usage.completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: usage.promptTokens + usage.completionTokens,
})
