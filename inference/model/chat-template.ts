/**
 * Renders a chat by the model's own template (Jinja), in the form that Hugging Face gives templates:
 * https://huggingface.co/docs/transformers/chat_templating, "Tool use".
 */
import { Template } from '@huggingface/jinja'
import { isShallow } from '#protocol/ask-document.ts'
import { ASK_JSON_DEPTH_MAX } from '#protocol/constants.ts'
import { ConfigError } from '#protocol/errors.ts'
import { CHAT_CHARS_MAX, CHAT_TEMPLATE_TIMEOUT_MS } from '../constants.ts'
import type { ChatMessage, ChatTool, ChatToolCall } from '../engine.ts'
import { withinTime } from './time-bound.ts'
import type { TokenizerFiles } from './tokenizer-files.ts'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

interface TemplateMessage {
  readonly role: ChatMessage['role']
  readonly [key: string]: Json
}

/** What a template is given of a chat. */
export interface TemplateChat {
  readonly messages: readonly TemplateMessage[]
  readonly tools?: readonly Json[]
}

/** @throws ConfigError TOOLS_INVALID when a tool's parameters are no JSON object */
export function templateChat(
  messages: readonly ChatMessage[],
  tools: readonly ChatTool[] = [],
): TemplateChat {
  const names = new Map<string, string>()
  const given = messages.map(({ role, content, toolCalls = [], toolCallId }): TemplateMessage => {
    for (const { id, name } of toolCalls) names.set(id, name)
    if (toolCalls.length > 0) return { role, content, tool_calls: toolCalls.map(templateCall) }
    if (toolCallId === undefined) return { role, content }
    const name = names.get(toolCallId)
    const result = { role, content, tool_call_id: toolCallId }
    return name === undefined ? result : { ...result, name }
  })
  return tools.length === 0
    ? { messages: given }
    : { messages: given, tools: tools.map(templateTool) }
}

/** Arguments are an object, as templates expect; what is no JSON stays text. */
function templateCall({ id, name, arguments: text }: ChatToolCall): Json {
  return { id, type: 'function', function: { name, arguments: parsedObject(text) ?? text } }
}

function templateTool({ name, description = '', parameters }: ChatTool): Json {
  const schema = parsedObject(parameters)
  if (schema === undefined) {
    throw new ConfigError('TOOLS_INVALID', "a tool's parameters are not a JSON schema", {
      remedy: `Give the schema as a JSON object, nested at most ${ASK_JSON_DEPTH_MAX} deep.`,
    })
  }
  return { type: 'function', function: { name, description, parameters: schema } }
}

function parsedObject(text: string): Json | undefined {
  try {
    const parsed: Json = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject && isShallow(parsed, ASK_JSON_DEPTH_MAX) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Every text of the chat that a caller wrote: roles and the words of the form are not among them. */
export function callerTexts({ messages, tools = [] }: TemplateChat): string[] {
  const texts: string[] = []
  const keep = (text: string): string => {
    texts.push(text)
    return text
  }
  mapJson(tools, keep)
  for (const { role: _, ...rest } of messages) mapJson(rest, keep)
  return texts
}

/** The chat with every text of a caller changed, keys of schemas and arguments too. */
export function mapCallerTexts(chat: TemplateChat, change: (text: string) => string): TemplateChat {
  const messages = chat.messages.map(({ role, ...rest }): TemplateMessage => {
    return { role, ...(mapJson(rest, change) as { readonly [key: string]: Json }) }
  })
  if (chat.tools === undefined) return { messages }
  return { messages, tools: mapJson(chat.tools, change) as readonly Json[] }
}

function mapJson(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((one) => mapJson(one, change))
  // Own properties, also for a key like __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [change(key), mapJson(one, change)]),
  )
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** JSON writes a character in six at most; a template adds a little to each message. */
const RENDERED_CHARS_MAX = 8 * CHAT_CHARS_MAX

export type ChatRenderer = (chat: TemplateChat) => string

/**
 * The renderer throws ConfigError CHAT_TEMPLATE_FAILED, and TOOLS_UNSUPPORTED when the text would be the
 * same without the tools, the calls or the results: the model would never see them.
 * @throws ConfigError CHAT_TEMPLATE_FAILED
 */
export function chatRenderer(files: TokenizerFiles): ChatRenderer {
  const template = parseTemplate(files.chatTemplate)
  const render = (chat: TemplateChat): string | undefined => {
    try {
      const given = { ...files.namedTokens, ...chat, add_generation_prompt: true }
      const text = withinTime(CHAT_TEMPLATE_TIMEOUT_MS, () => template.render(given))
      return text.length > RENDERED_CHARS_MAX ? undefined : text
    } catch {
      // The library's message may quote the chat: it stops here.
      return undefined
    }
  }
  return (chat) => {
    const rendered = render(chat)
    if (rendered === undefined) throw templateRefused()
    if (poorerChats(chat).some((poorer) => render(poorer) === rendered)) throw toolsUnsupported()
    return rendered
  }
}

/** The chat without its tools, without its calls, and without their results, as far as it has them. */
function poorerChats(chat: TemplateChat): TemplateChat[] {
  const { messages, tools } = chat
  const poorer: TemplateChat[] = []
  if (tools !== undefined) poorer.push({ messages })
  if (messages.some((one) => 'tool_calls' in one)) {
    poorer.push({ ...chat, messages: messages.map(({ tool_calls: _, ...rest }) => rest) })
  }
  if (messages.some(({ role }) => role === 'tool')) {
    poorer.push({ ...chat, messages: messages.filter(({ role }) => role !== 'tool') })
  }
  return poorer
}

function parseTemplate(source: string): Template {
  try {
    return new Template(source)
  } catch {
    throw new ConfigError('CHAT_TEMPLATE_FAILED', 'the chat template does not parse', {
      remedy: 'Fetch the model again, or use another one.',
    })
  }
}

function templateRefused(): ConfigError {
  return new ConfigError('CHAT_TEMPLATE_FAILED', 'the chat template refused the messages', {
    remedy: 'Send roles in the order this model expects, for example user first.',
  })
}

export function toolsUnsupported(): ConfigError {
  return new ConfigError('TOOLS_UNSUPPORTED', "this model's chat template does not know tools", {
    remedy: 'Leave tools and tool messages out, or use a model that was trained with tools.',
  })
}
