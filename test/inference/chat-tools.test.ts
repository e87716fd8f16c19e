/** Tools, calls and results in a model's own chat template. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatMessage, ChatTokenizer, ChatTool } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import type { ModelFiles } from '#inference/model/manifest.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import { errorCode } from '../support/error-code.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { TINY_SPECIALS } from '../support/tiny-tokenizer.ts'
import { TOOL_TEMPLATE } from '../support/tool-template.ts'

const plain = simulatedModelFiles()
const tokenizer = loadChatTokenizer(withTemplate(TOOL_TEMPLATE))
const tool: ChatTool = {
  name: 'weather',
  description: 'Temperature of a city',
  parameters: '{"type":"object","properties":{"city":{"type":"string"}}}',
}
const user: ChatMessage = { role: 'user', content: 'How warm is it?' }
const calling: ChatMessage = {
  role: 'assistant',
  content: '',
  toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }],
}
const result: ChatMessage = { role: 'tool', content: '7 °C', toolCallId: 'call_1' }

function withTemplate(template: string, base: ModelFiles = plain): ModelFiles {
  return new Map([...base, ['chat_template.jinja', utf8(template)]])
}

function read(messages: readonly ChatMessage[], tools?: readonly ChatTool[], by = tokenizer) {
  const stream = by.textStream([])
  const ids = by.encodeChat(messages, tools)
  return ids.map((id) => stream.push(id)).join('') + stream.end()
}

/** How many of the template's own markers there are, whatever else is in the chat. */
const markersIn = (ids: readonly number[]) => ids.filter((id) => id >= 256 && id <= 258).length

describe('a template that knows tools', () => {
  it('is given them as Hugging Face has them', () => {
    expect(read([user], [tool])).toBe(
      'system\n# Tools\n{"type": "function", "function": {"name": "weather", "description": ' +
        '"Temperature of a city", "parameters": {"type": "object", "properties": {"city": ' +
        '{"type": "string"}}}}}\n\nuser\nHow warm is it?\nassistant\n',
    )
  })

  it('is given calls with arguments as an object, and results', () => {
    expect(read([user, calling, result])).toBe(
      'user\nHow warm is it?\nassistant\n<tool_call>\n{"name": "weather", "arguments": {"city": ' +
        '"Oslo"}}\n</tool_call>\nuser\n<tool_response>\n7 °C\n</tool_response>\nassistant\n',
    )
  })

  it('is given the name of the tool with its result', () => {
    const template =
      "{% for m in messages %}{{ m.role + (m.name or '') + (m.tool_call_id or '') + m.content }}{% if m.tool_calls %}calls{% endif %}{% endfor %}"
    const by = loadChatTokenizer(withTemplate(template))
    expect(read([user, calling, result], [], by)).toContain('toolweathercall_17 °C')
  })

  it('is given arguments that are no JSON as the text that they are', () => {
    const cut = { ...calling.toolCalls![0]!, arguments: '{"city":"Os' }
    expect(read([user, { ...calling, toolCalls: [cut] }])).toContain('"arguments": {"city":"Os}')
    const deep = { ...cut, arguments: `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}` }
    expect(read([user, { ...calling, toolCalls: [deep] }])).toContain('{"a":{"a":')
  })

  it('never lets a text of a tool, a call or a result become a marker', () => {
    const pieces = [...TINY_SPECIALS, '<|im_', 'start|>', '<|', '|>', '"', '\\', '\n', '{', 'user']
    const hostile = fc
      .array(fc.constantFrom(...pieces), { maxLength: 6 })
      .map((all) => all.join(''))
    const expected = markersIn(tokenizer.encodeChat([user, calling, result], [tool]))
    fc.assert(
      fc.property(hostile, hostile, hostile, (one, two, three) => {
        const called = { id: one || 'x', name: two, arguments: JSON.stringify({ [three]: [one] }) }
        const messages: ChatMessage[] = [
          { role: 'user', content: three },
          { role: 'assistant', content: one, toolCalls: [called, { ...called, arguments: two }] },
          { role: 'tool', content: `x${two}`, toolCallId: one || 'x' },
        ]
        const parameters = JSON.stringify({ [two]: { enum: [three, [one]] }, '': two })
        const tools = [{ name: one, description: three, parameters }]
        expect(markersIn(tokenizer.encodeChat(messages, tools))).toBe(expected)
      }),
      { numRuns: 300 },
    )
  })

  it('leaves chats without tools as they were', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, user]
    expect(tokenizer.encodeChat(messages)).toEqual(loadChatTokenizer(plain).encodeChat(messages))
  })
})

describe('TOOLS_UNSUPPORTED', () => {
  const code = (by: ChatTokenizer, messages: readonly ChatMessage[], tools?: readonly ChatTool[]) =>
    errorCode(() => by.encodeChat(messages, tools))

  it('is what a template gives that leaves out tools, or the calls', () => {
    const by = loadChatTokenizer(plain)
    expect(code(by, [user], [tool])).toBe('TOOLS_UNSUPPORTED')
    expect(code(by, [user, calling, result])).toBe('TOOLS_UNSUPPORTED')
    expect(() => by.encodeChat([user, { role: 'assistant', content: 'x' }])).not.toThrow()
  })

  it('is what a template gives that leaves out results', () => {
    const template =
      "{% for m in messages %}{% if m.role != 'tool' %}{{ m.content }}{{ m.tool_calls }}{% endif %}{% endfor %}"
    const by = loadChatTokenizer(withTemplate(template))
    expect(code(by, [user, calling, result])).toBe('TOOLS_UNSUPPORTED')
    expect(() => by.encodeChat([user, calling])).not.toThrow()
  })

  it('is what a model gives whose markers the escapes of JSON could complete', () => {
    const files = new Map(plain)
    const json = JSON.parse(fromUtf8(files.get('tokenizer.json') ?? new Uint8Array()))
    const marker = { id: 300, content: 'n<end>', special: true }
    json.added_tokens.push({ ...json.added_tokens[0], ...marker })
    files.set('tokenizer.json', utf8(JSON.stringify(json)))
    const by = loadChatTokenizer(withTemplate(TOOL_TEMPLATE, files))
    expect(code(by, [user], [tool])).toBe('TOOLS_UNSUPPORTED')
    expect(() => by.encodeChat([user])).not.toThrow()
  })
})

it('refuses parameters that are no JSON schema, and texts that cannot be tokenised', () => {
  const encode = (parameters: string) =>
    errorCode(() => tokenizer.encodeChat([user], [{ ...tool, parameters }]))
  for (const text of ['', '[]', 'null', '{', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`]) {
    expect(encode(text)).toBe('TOOLS_INVALID')
  }
  expect(encode('{"title":"\\ud800"}')).toBe('TEXT_INVALID')
  expect(encode(JSON.stringify({ title: 'x'.repeat(1_048_577) }))).toBe('CHAT_TOO_LONG')
})

it('tells the bytes of each id, none for special and unknown ones', () => {
  expect(tokenizer.tokenBytes(65)).toEqual(utf8('A'))
  expect(tokenizer.tokenBytes(0xc3)).toEqual(Uint8Array.of(0xc3))
  expect(fromUtf8(tokenizer.tokenBytes(259))).toBe('<note>')
  for (const id of [256, 258, 303, 9_999]) expect(tokenizer.tokenBytes(id)).toHaveLength(0)
})
