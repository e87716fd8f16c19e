/**
 * The body of POST /v1/responses (OpenAI API reference, "Create a model response"), without state:
 * nothing is stored here, so whatever would need a stored response is refused by name.
 */
import { z } from 'zod'
import type { ChatMessage } from '#inference/engine.ts'
import type { AskConstraint, AskTool } from '#protocol/ask.ts'
import { ASK_TOOLS_MAX } from '#protocol/constants.ts'
import { metadataSchema } from './chat-schema.ts'
import { INPUT_ITEMS_MAX, MODEL_ID_CHARS_MAX, TOKENS_MAX } from './constants.ts'
import { toolName } from './message-schema.ts'
import {
  formatOf,
  functionFields,
  namedSchemaFields,
  outputFault,
  type ToolChoice,
  toolOf,
} from './output-schema.ts'
import { inputItem, inputMessages } from './responses-input.ts'
import { samplingFields } from './sampling-schema.ts'

const { stop: _stop, ...sampling } = samplingFields

const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({ type: z.literal('json_schema'), ...namedSchemaFields }),
])

const tool = z.strictObject({
  type: z.literal('function', 'only functions are supported'),
  ...functionFields,
})

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), name: toolName }),
  ],
  { error: 'must be none, auto, required or a function' },
)

export const responseBodySchema = z
  .strictObject({
    model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
    input: z.union([z.string().min(1), z.array(inputItem).min(1).max(INPUT_ITEMS_MAX)], {
      error: 'must be text or an array of messages, calls and their outputs',
    }),
    instructions: z.string().optional(),
    max_output_tokens: z.number().int().min(1).max(TOKENS_MAX).optional(),
    stream: z.boolean().default(false),
    ...sampling,
    tools: z.array(tool).max(ASK_TOOLS_MAX).optional(),
    tool_choice: toolChoice.optional(),
    parallel_tool_calls: z.boolean().optional(),
    text: z.strictObject({ format: format.optional() }).optional(),
    metadata: metadataSchema.optional(),
    // With the values that change nothing.
    store: z.literal(false, 'nothing is stored here').optional(),
    background: z.literal(false).optional(),
    truncation: z.literal('disabled').optional(),
    include: z.array(z.never('nothing can be included')).optional(),
  })
  .superRefine((body, context) => {
    const fault = outputFault(responseTools(body), responseFormat(body), 'text')
    if (fault === undefined) return
    context.addIssue({ code: 'custom', path: [fault[0]], message: fault[1] })
  })

export type ResponseBody = z.output<typeof responseBodySchema>

export function responseFormat({ text }: Pick<ResponseBody, 'text'>): AskConstraint | undefined {
  return text?.format === undefined ? undefined : formatOf(text.format)
}

interface ResponseTools {
  readonly tools: AskTool[] | undefined
  readonly tool_choice: ToolChoice | undefined
  readonly parallel_tool_calls: boolean | undefined
}

export function responseTools(
  body: Pick<ResponseBody, 'tools' | 'tool_choice' | 'parallel_tool_calls'>,
): ResponseTools {
  const { tools = [], tool_choice: choice, parallel_tool_calls } = body
  return {
    tools: tools.length === 0 ? undefined : tools.map(toolOf),
    tool_choice: typeof choice === 'object' ? { only: choice.name } : choice,
    parallel_tool_calls,
  }
}

/** Instructions come first, as a system message. */
export function responseMessages({ input, instructions }: ResponseBody): ChatMessage[] {
  const system: ChatMessage[] =
    instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  const given: ChatMessage[] =
    typeof input === 'string' ? [{ role: 'user', content: input }] : inputMessages(input)
  return [...system, ...given]
}
