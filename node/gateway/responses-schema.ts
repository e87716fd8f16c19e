/**
 * The body of POST /v1/responses (OpenAI API reference, "Create a model response"), without state:
 * nothing is stored here, so whatever would need a stored response is refused by name.
 */
import { z } from 'zod'
import type { ChatMessage } from '#inference/engine.ts'
import { metadataSchema, samplingFields } from './chat-schema.ts'
import { INPUT_ITEMS_MAX, MESSAGE_PARTS_MAX, MODEL_ID_CHARS_MAX, TOKENS_MAX } from './constants.ts'

const part = z.strictObject({
  type: z.enum(['input_text', 'output_text', 'text'], { error: 'only text is supported' }),
  text: z.string(),
  /** An output of an earlier response, given back as it came. */
  annotations: z.array(z.never()).optional(),
  logprobs: z.array(z.never()).optional(),
})

const item = z
  .strictObject({
    type: z.literal('message', 'only messages are supported').optional(),
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content: z.union([z.string(), z.array(part).min(1).max(MESSAGE_PARTS_MAX)], {
      error: 'must be text or an array of text parts',
    }),
    id: z.string().max(128).optional(),
    status: z.enum(['completed', 'incomplete', 'in_progress']).optional(),
  })
  .transform(
    ({ role, content }): ChatMessage => ({
      role: role === 'developer' ? 'system' : role,
      content: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
    }),
  )

const { stop: _stop, ...sampling } = samplingFields

export const responseBodySchema = z.strictObject({
  model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
  input: z.union([z.string().min(1), z.array(item).min(1).max(INPUT_ITEMS_MAX)], {
    error: 'must be text or an array of messages',
  }),
  instructions: z.string().optional(),
  max_output_tokens: z.number().int().min(1).max(TOKENS_MAX).optional(),
  stream: z.boolean().default(false),
  ...sampling,
  metadata: metadataSchema.optional(),
  // With the values that change nothing.
  store: z.literal(false, 'nothing is stored here').optional(),
  background: z.literal(false).optional(),
  truncation: z.literal('disabled').optional(),
  parallel_tool_calls: z.boolean().optional(),
  tools: z.array(z.never('tools are not supported')).optional(),
  include: z.array(z.never('nothing can be included')).optional(),
  text: z
    .strictObject({ format: z.strictObject({ type: z.literal('text') }).optional() })
    .optional(),
})

export type ResponseBody = z.output<typeof responseBodySchema>

/** Instructions come first, as a system message. */
export function responseMessages({ input, instructions }: ResponseBody): ChatMessage[] {
  const system: ChatMessage[] =
    instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  const given: ChatMessage[] =
    typeof input === 'string' ? [{ role: 'user', content: input }] : input
  return [...system, ...given]
}
