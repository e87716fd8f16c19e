/**
 * Calls of functions in the text of an answer, in the form of Hermes that Qwen and SmolLM write:
 * `<tool_call>\n{"name": ..., "arguments": {...}}\n</tool_call>` (docs/spec/structured-output.md). For
 * whoever shows the answer: text goes out as it arrives, a call when it is whole.
 */
import { z } from 'zod'
import { TOOL_CALL_CHARS_MAX, TOOL_NAME_CHARS_MAX } from '../constants.ts'

export const TOOL_CALL_OPEN = '<tool_call>'
export const TOOL_CALL_CLOSE = '</tool_call>'

export interface ToolCall {
  readonly name: string
  /** The text of a JSON object, as the model wrote it. */
  readonly arguments: string
}

export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool_call'; readonly call: ToolCall }

export interface ToolCallParser {
  /** What the piece of text completes, in order; a possible beginning of a call is held back. */
  push(text: string): AnswerPart[]
  /** What was held back; a call that is not whole comes as the text that it is. */
  end(): AnswerPart[]
}

/** White space between and after calls belongs to the form, not to the answer's text. */
export function createToolCallParser(): ToolCallParser {
  let held = ''
  let calls = 0

  const textPart = (text: string): AnswerPart[] => {
    if (calls > 0 && text.trim() === '') return []
    return text === '' ? [] : [{ kind: 'text', text }]
  }

  /** Everything up to a call that is not whole yet. */
  const release = (isLast: boolean): AnswerPart[] => {
    const parts: AnswerPart[] = []
    for (;;) {
      const open = held.indexOf(TOOL_CALL_OPEN)
      const close = open < 0 ? -1 : closeOf(held, open)
      if (close < 0) break
      const call = readCall(held.slice(open + TOOL_CALL_OPEN.length, close))
      const after = close + TOOL_CALL_CLOSE.length
      if (call === undefined) parts.push(...textPart(held.slice(0, after)))
      else {
        parts.push(...textPart(calls === 0 ? held.slice(0, open).trimEnd() : held.slice(0, open)))
        parts.push({ kind: 'tool_call', call })
        calls++
      }
      held = held.slice(after)
    }
    const keep = isLast ? 0 : heldLength(held, calls > 0)
    parts.push(...textPart(held.slice(0, held.length - keep)))
    held = keep === 0 ? '' : held.slice(-keep)
    return parts
  }

  return {
    push(text) {
      held += text
      return release(false)
    },
    end: () => release(true),
  }
}

/** A whole answer's text and calls; see createToolCallParser. */
export function parseToolCalls(text: string): { text: string; toolCalls: ToolCall[] } {
  const parser = createToolCallParser()
  const parts = [...parser.push(text), ...parser.end()]
  return {
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    toolCalls: parts.flatMap((part) => (part.kind === 'tool_call' ? [part.call] : [])),
  }
}

/**
 * The marker behind a call; one inside of a string is text of an argument. No string goes on in the next line (RFC
 * 8259, section 7): one that a model forgets to close hides no later call. -1: none yet.
 */
function closeOf(text: string, open: number): number {
  let isInString = false
  let at = open
  for (let from = open; ; ) {
    const close = text.indexOf(TOOL_CALL_CLOSE, from)
    if (close < 0) return -1
    for (; at < close; at++) {
      if (isInString && text[at] === '\\') at++
      else if (text[at] === '"') isInString = !isInString
      else if (text[at] === '\n') isInString = false
    }
    if (!isInString) return close
    from = close + 1
  }
}

/**
 * How much of the end may yet be a call, or the white space before one. A call that grows beyond its
 * limit is no call: it is text, and memory stays bounded.
 */
function heldLength(text: string, isAfterCall: boolean): number {
  const open = text.indexOf(TOOL_CALL_OPEN)
  const from = open >= 0 ? open : text.length - partialMarkerLength(text)
  if (text.length - from > TOOL_CALL_CHARS_MAX) return 0
  const before = text.slice(0, from)
  const space = isAfterCall && before.trim() === '' ? before.length : trailingSpace(before)
  return text.length - from + Math.min(space, TOOL_CALL_CHARS_MAX)
}

function partialMarkerLength(text: string): number {
  for (let length = Math.min(TOOL_CALL_OPEN.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(TOOL_CALL_OPEN.slice(0, length))) return length
  }
  return 0
}

function trailingSpace(text: string): number {
  return text.length - text.trimEnd().length
}

const Call = z.object({
  name: z.string().min(1).max(TOOL_NAME_CHARS_MAX),
  arguments: z.record(z.string(), z.unknown()),
})

function readCall(text: string): ToolCall | undefined {
  if (text.length > TOOL_CALL_CHARS_MAX) return undefined
  try {
    const call = Call.safeParse(JSON.parse(text, keptNumber))
    if (!call.success) return undefined
    return { name: call.data.name, arguments: JSON.stringify(call.data.arguments) }
  } catch {
    return undefined
  }
}

type RawJson = { readonly rawJSON?: (text: string) => unknown }

/** A number stays as it was written: one of many digits would come out as another. */
function keptNumber(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const { rawJSON } = JSON as RawJson
  if (typeof value !== 'number' || context?.source === undefined) return value
  return rawJSON === undefined ? value : rawJSON(context.source)
}
