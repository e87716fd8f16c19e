/** Messages of a chat as OpenAI has them, with calls of tools and their results; text only. */
import { z } from 'zod'
import type { ChatMessage } from '#inference/engine.ts'
import {
  ASK_TOOL_CALL_ID_CHARACTERS_MAX,
  ASK_TOOL_CALLS_MAX,
  ASK_TOOL_NAME_CHARACTERS_MAX,
} from '#protocol/constants.ts'
import { MESSAGE_PARTS_MAX } from './constants.ts'

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() })
const content = z.union([z.string(), z.array(textPart).min(1).max(MESSAGE_PARTS_MAX)], {
  error: 'must be text or an array of text parts',
})

export const toolName = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_-]{1,${ASK_TOOL_NAME_CHARACTERS_MAX}}$`),
    `must be 1 to ${ASK_TOOL_NAME_CHARACTERS_MAX} letters, digits, _ or -`,
  )
export const callId = z.string().min(1).max(ASK_TOOL_CALL_ID_CHARACTERS_MAX)

const toolCall = z.strictObject({
  id: callId,
  type: z.literal('function', 'only functions are supported'),
  function: z.strictObject({ name: toolName, arguments: z.string() }),
})

const plainMessage = z.strictObject({ role: z.enum(['system', 'developer', 'user']), content })

const assistantMessage = z
  .strictObject({
    role: z.literal('assistant'),
    content: content.optional(),
    tool_calls: z.array(toolCall).min(1).max(ASK_TOOL_CALLS_MAX).optional(),
  })
  .refine((message) => message.content !== undefined || message.tool_calls !== undefined, {
    path: ['content'],
    error: 'must be text or an array of text parts',
  })

const toolMessage = z.strictObject({ role: z.literal('tool'), tool_call_id: callId, content })

export const messageSchema = z
  .discriminatedUnion('role', [plainMessage, assistantMessage, toolMessage])
  .transform((message): ChatMessage => {
    const text = textOf(message.content)
    if (message.role === 'tool') {
      return { role: 'tool', content: text, toolCallId: message.tool_call_id }
    }
    if (message.role !== 'assistant') {
      return { role: message.role === 'user' ? 'user' : 'system', content: text }
    }
    const { tool_calls } = message
    if (tool_calls === undefined) return { role: 'assistant', content: text }
    const toolCalls = tool_calls.map(({ id, function: called }) => ({ id, ...called }))
    return { role: 'assistant', content: text, toolCalls }
  })

function textOf(given: z.output<typeof content> | undefined): string {
  if (given === undefined || typeof given === 'string') return given ?? ''
  return given.map((part) => part.text).join('')
}
