/**
 * What an answer must be: `response_format`, tools and the choice among them. The decoding itself is held
 * to it (docs/spec/structured-output.md), so `strict` is always true, whatever is said.
 */
import { z } from 'zod'
import type { AskConstraint, AskTool } from '#protocol/ask.ts'
import { ASK_TOOLS_MAX } from '#protocol/constants.ts'
import { toolName } from './message-schema.ts'

const jsonSchema = z.record(z.string(), z.unknown(), 'must be a JSON schema')

/** What Chat Completions and Responses both say of a schema, though at different places. */
export const namedSchemaFields = {
  name: z.string().min(1).max(64),
  /** Neither is shown to the model. */
  description: z.string().optional(),
  schema: jsonSchema,
  strict: z.boolean().optional(),
} as const

/** What both say of a function. */
export const functionFields = {
  name: toolName,
  description: z.string().optional(),
  parameters: jsonSchema.optional(),
  strict: z.boolean().optional(),
} as const

export const responseFormatField = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject(namedSchemaFields),
    }),
  ])
  .transform((format) =>
    format.type === 'json_schema'
      ? formatOf({ ...format.json_schema, type: format.type })
      : formatOf(format),
  )

type Format =
  | { readonly type: 'text' | 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: Record<string, unknown> }

export function formatOf(format: Format): AskConstraint | undefined {
  if ('schema' in format) return { kind: 'json_schema', schema: JSON.stringify(format.schema) }
  return format.type === 'text' ? undefined : { kind: 'json_object' }
}

type FunctionFields = z.output<z.ZodObject<typeof functionFields>>

/** Without parameters a function takes none. */
export function toolOf({ name, description, parameters }: FunctionFields): AskTool {
  const schema = parameters ?? { type: 'object', properties: {}, additionalProperties: false }
  return { name, description, parameters: JSON.stringify(schema) }
}

export const toolsField = z
  .array(
    z.strictObject({
      type: z.literal('function', 'only functions are supported'),
      function: z.strictObject(functionFields),
    }),
  )
  .min(1)
  .max(ASK_TOOLS_MAX)
  .transform((tools) => tools.map((tool) => toolOf(tool.function)))
  .optional()

const freeChoice = z.enum(['none', 'auto', 'required'])

export const toolChoiceField = z
  .union(
    [
      freeChoice,
      z
        .strictObject({ type: z.literal('function'), function: z.strictObject({ name: toolName }) })
        .transform((choice) => ({ only: choice.function.name })),
    ],
    { error: 'must be none, auto, required or a function' },
  )
  .optional()

export type ToolChoice = z.output<typeof freeChoice> | { readonly only: string }

export interface OutputFields {
  readonly tools?: readonly AskTool[] | undefined
  readonly tool_choice?: ToolChoice | undefined
  readonly parallel_tool_calls?: boolean | undefined
  readonly stop?: unknown
}

/** The first fault in how the fields go together, as the field's name and what is wrong with it. */
export function outputFault(
  { tools, tool_choice = 'auto', stop }: OutputFields,
  format: AskConstraint | undefined,
  formatField: string,
): readonly [string, string] | undefined {
  const names = tools?.map(({ name }) => name) ?? []
  if (new Set(names).size < names.length) return ['tools', 'has a name twice']
  if (typeof tool_choice === 'object' && !names.includes(tool_choice.only)) {
    return ['tool_choice', 'names no function of tools']
  }
  if (tool_choice === 'required' && tools === undefined) return ['tool_choice', 'needs tools']
  const mayCall = tools !== undefined && tool_choice !== 'none'
  if (mayCall && format !== undefined) return [formatField, 'cannot be combined with tools']
  const hasStop = stop !== undefined && (!Array.isArray(stop) || stop.length > 0)
  if (hasStop && (mayCall || format !== undefined)) {
    return ['stop', 'cannot be combined with tools or a format']
  }
  return undefined
}

/** With `none` the model is not shown the tools at all. */
export function outputSampling(
  { tools, tool_choice = 'auto', parallel_tool_calls: parallel = true }: OutputFields,
  format: AskConstraint | undefined,
): { readonly constraint?: AskConstraint; readonly tools?: readonly AskTool[] } {
  if (tools === undefined || tool_choice === 'none') {
    return format === undefined ? {} : { constraint: format }
  }
  const kind = 'tool_calls'
  if (typeof tool_choice === 'string') {
    return { tools, constraint: { kind, mode: tool_choice, parallel } }
  }
  return { tools, constraint: { kind, mode: 'required', parallel, only: tool_choice.only } }
}
