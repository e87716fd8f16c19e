/** Input items of /v1/responses: messages, calls that earlier responses made, and their outputs. */
import { z } from 'zod'
import type { ChatMessage } from '#inference/engine.ts'
import { MESSAGE_PARTS_MAX } from './constants.ts'
import { callId, toolName } from './message-schema.ts'

const part = z.strictObject({
  type: z.enum(['input_text', 'output_text', 'text'], { error: 'only text is supported' }),
  text: z.string(),
  /** An output of an earlier response, given back as it came. */
  annotations: z.array(z.never()).optional(),
  logprobs: z.array(z.never()).optional(),
})

const status = z.enum(['completed', 'incomplete', 'in_progress']).optional()
const id = z.string().max(128).optional()
const text = z.union([z.string(), z.array(part).min(1).max(MESSAGE_PARTS_MAX)], {
  error: 'must be text or an array of text parts',
})

const message = z.strictObject({
  type: z.literal('message').default('message'),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: text,
  id,
  status,
})

const functionCall = z.strictObject({
  type: z.literal('function_call'),
  call_id: callId,
  name: toolName,
  arguments: z.string(),
  id,
  status,
})

const functionOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: callId,
  output: text,
  id,
  status,
})

export const inputItem = z.union([message, functionCall, functionOutput], {
  error: 'only messages, calls of functions and their outputs are supported',
})

type InputItem = z.output<typeof inputItem>

/** Calls join the assistant's message before them, as chats have it. */
export function inputMessages(items: readonly InputItem[]): ChatMessage[] {
  const messages: ChatMessage[] = []
  for (const item of items) {
    if (item.type === 'message') {
      const role = item.role === 'developer' ? 'system' : item.role
      messages.push({ role, content: textOf(item.content) })
    } else if (item.type === 'function_call_output') {
      messages.push({ role: 'tool', content: textOf(item.output), toolCallId: item.call_id })
    } else {
      const call = { id: item.call_id, name: item.name, arguments: item.arguments }
      const last = messages.at(-1)
      const isOpen = last?.role === 'assistant'
      const before = isOpen ? messages.pop()! : { role: 'assistant' as const, content: '' }
      messages.push({ ...before, toolCalls: [...(before.toolCalls ?? []), call] })
    }
  }
  return messages
}

function textOf(given: z.output<typeof text>): string {
  return typeof given === 'string' ? given : given.map((one) => one.text).join('')
}
