/** Calls of functions as a grammar (docs/spec/structured-output.md, "Tool calls"). */
import { ConfigError } from '#protocol/errors.ts'
import { TOOL_NAME_CHARS_MAX, TOOLS_CHARS_MAX, TOOLS_MAX } from '../../constants.ts'
import type { OutputConstraint } from '../../engine.ts'
import { TOOL_CALL_CLOSE, TOOL_CALL_OPEN } from '../tool-calls.ts'
import { alternativesOf } from './alternatives.ts'
import type { Automaton } from './automaton.ts'
import { END, type Frame } from './frames.ts'
import type { NodeFactory, Property, SchemaNode } from './nodes.ts'
import { readSchema } from './schema-reader.ts'

export type ToolConstraint = Extract<OutputConstraint, { kind: 'tool_calls' }>

const NAME = new RegExp(`^[a-zA-Z0-9_-]{1,${TOOL_NAME_CHARS_MAX}}$`)

/** Nodes of a call: whole, and without the marker that stands before it. */
export interface ToolNodes {
  readonly marked: SchemaNode
  readonly body: SchemaNode
  /** A call after another one. */
  readonly further: SchemaNode
}

/** What stands between the opening marker and the arguments of a call, and behind them. */
export function callFrame(name: string): { readonly before: string; readonly after: string } {
  return { before: `\n{"name": "${name}", "arguments": `, after: `}\n${TOOL_CALL_CLOSE}` }
}

/** @throws ConfigError TOOLS_INVALID, and those of readSchema */
export function readTools(constraint: ToolConstraint, factory: NodeFactory): ToolNodes {
  const bodies = readFunctions(constraint, factory).map(({ name, schema }): SchemaNode => {
    const { before, after } = callFrame(name)
    const parts = [factory.literal(before), schema, factory.literal(after)]
    return factory.node({ kind: 'sequence', parts })
  })
  const body = factory.node({ kind: 'choice', branches: bodies })
  const marked = (text: string) =>
    factory.node({ kind: 'sequence', parts: [factory.literal(text), body] })
  return { body, marked: marked(TOOL_CALL_OPEN), further: marked(`\n${TOOL_CALL_OPEN}`) }
}

/** A call as the JSON value that it is. @throws ConfigError as readTools */
export function readCall(constraint: ToolConstraint, factory: NodeFactory): SchemaNode {
  const member = (name: string, node: SchemaNode): Property => ({
    ...{ name, node, required: true },
    label: factory.literal(`${JSON.stringify(name)}:`),
  })
  const branches = readFunctions(constraint, factory).map(({ name, schema }): SchemaNode => {
    const properties = [member('name', factory.texts([name])), member('arguments', schema)]
    return factory.node({ kind: 'object', properties, additional: undefined })
  })
  return factory.node({ kind: 'choice', branches })
}

function readFunctions(
  { tools }: ToolConstraint,
  factory: NodeFactory,
): { readonly name: string; readonly schema: SchemaNode }[] {
  const chars = tools.reduce((sum, tool) => sum + tool.parameters.length, 0)
  const names = new Set(tools.map((tool) => tool.name))
  if (tools.length === 0 || tools.length > TOOLS_MAX) throw toolsInvalid('too few or too many')
  if (chars > TOOLS_CHARS_MAX) throw toolsInvalid('their schemas are too long')
  if (names.size !== tools.length) throw toolsInvalid('a name comes twice')
  return tools.map(({ name, parameters }) => {
    if (!NAME.test(name)) throw toolsInvalid('a name has other characters than a-z, 0-9, _ and -')
    const schema = readSchema(parameters, factory)
    if (!isOnlyObjects(schema))
      throw toolsInvalid('parameters describe something else than an object')
    return { name, schema }
  })
}

/** Where an answer with these tools begins. */
export function startOfTools(
  automaton: Automaton,
  { mode, parallel }: ToolConstraint,
  nodes: ToolNodes,
  marker: { readonly id: number; readonly bytes: Uint8Array },
): Frame {
  const after = parallel ? automaton.table.fork([END]) : END
  if (after.kind === 'fork') after.ways.push(automaton.value(nodes.further, 0, false, after))
  if (mode === 'required') return automaton.value(nodes.marked, 0, false, after)
  const then = automaton.value(nodes.body, 0, false, after)
  return automaton.table.frame({ kind: 'free', marker, matched: 0, then })
}

function isOnlyObjects(node: SchemaNode): boolean {
  const alternatives = alternativesOf(node)
  return alternatives.length > 0 && alternatives.every(({ kind }) => kind === 'object')
}

function toolsInvalid(reason: string): ConfigError {
  return new ConfigError('TOOLS_INVALID', `the tools cannot be used: ${reason}`, {
    remedy:
      'Give 1 to 128 functions, each with a name of its own and a JSON schema of its arguments.',
    data: { reason },
  })
}
