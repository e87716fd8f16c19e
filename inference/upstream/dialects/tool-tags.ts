/**
 * Calls of functions as XGrammar's structural tags, which vLLM and SGLang take: text or calls, or calls
 * only, in the form that this program's own engines write (docs/spec/structured-output.md, "Tool calls").
 */
import { callFrame } from '../../decoding/structure/tool-grammar.ts'
import { TOOL_CALL_OPEN } from '../../decoding/tool-calls.ts'
import type { UpstreamAsk } from './dialect.ts'
import { statedSchema } from './stated-schema.ts'

/** Undefined where no functions are given. */
export function structuralTag({ constraint }: Pick<UpstreamAsk, 'constraint'>): unknown {
  if (constraint?.kind !== 'tool_calls') return undefined
  const { tools, mode, parallel } = constraint
  const tags = tools.map(({ name, parameters }) => {
    const { before, after } = callFrame(name)
    const content = { type: 'json_schema', json_schema: statedSchema(parameters) }
    return { type: 'tag', begin: TOOL_CALL_OPEN + before, content, end: after }
  })
  const format =
    mode === 'auto'
      ? { type: 'triggered_tags', triggers: [TOOL_CALL_OPEN], at_least_one: false }
      : { type: 'tags_with_separator', separator: '\n', at_least_one: true }
  return { type: 'structural_tag', format: { ...format, tags, stop_after_first: !parallel } }
}
