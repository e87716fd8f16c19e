/** Calls of functions, read out of an answer that comes in pieces. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TOOL_CALL_CHARS_MAX } from '#inference/constants.ts'
import {
  type AnswerPart,
  createToolCallParser,
  parseToolCalls,
} from '#inference/decoding/tool-calls.ts'

const CALL = '<tool_call>\n{"name": "now", "arguments": {"zone": "UTC"}}\n</tool_call>'
const call = { name: 'now', arguments: '{"zone":"UTC"}' }

it('finds the text and the calls, without the white space between them', () => {
  expect(parseToolCalls('Just text.')).toEqual({ text: 'Just text.', toolCalls: [] })
  expect(parseToolCalls(CALL)).toEqual({ text: '', toolCalls: [call] })
  expect(parseToolCalls(`Wait.\n${CALL}\n${CALL}\n`)).toEqual({
    text: 'Wait.',
    toolCalls: [call, call],
  })
})

it('takes a marker inside of an argument for text of it', () => {
  const zone = 'a "</tool_call>" \\" \\\\ </tool_call><tool_call>'
  const text = CALL.replace('"UTC"', JSON.stringify(zone))
  const quoted = { name: 'now', arguments: JSON.stringify({ zone }) }
  expect(parseToolCalls(`Wait. ${text}\n${CALL}`)).toEqual({
    text: 'Wait.',
    toolCalls: [quoted, call],
  })
  const parser = createToolCallParser()
  const found = text.split('').flatMap((letter) => parser.push(letter))
  expect([...found, ...parser.end()]).toEqual([{ kind: 'tool_call', call: quoted }])
})

it('finds the call after one whose string was never closed', () => {
  const broken = CALL.replace('"UTC"', '"UTC')
  expect(parseToolCalls(`${broken}\n${CALL}`)).toEqual({ text: broken, toolCalls: [call] })
})

it('keeps numbers as they were written', () => {
  const written = '{"id":1234567890123456789,"share":[1.50,-0]}'
  const text = CALL.replace('{"zone": "UTC"}', written)
  expect(parseToolCalls(text).toolCalls).toEqual([{ name: 'now', arguments: written }])
})

it('leaves what is no call as the text that it is', () => {
  const texts = [
    ...['<tool_call>', 'a < b <tool', '<tool_call>{}</tool_call>', '<tool_call>x</tool_call> y'],
    '<tool_call>\n{"name": "a", "arguments": []}\n</tool_call>',
    '<tool_call>\n{"name": "a", "arguments": {',
  ]
  for (const text of texts) expect(parseToolCalls(text)).toEqual({ text, toolCalls: [] })
})

it('says the same in whatever pieces an answer comes', () => {
  const part = fc.constantFrom(CALL, '<tool', '_call>', ' ', '\n', 'text', '<', '</tool_call>', 'ü')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(40)), (parts, cuts) => {
      const text = parts.join('')
      const parser = createToolCallParser()
      const found: AnswerPart[] = []
      let from = 0
      for (const cut of cuts) {
        found.push(...parser.push(text.slice(from, from + cut)))
        from += cut
      }
      found.push(...parser.push(text.slice(from)), ...parser.end())
      const whole = parseToolCalls(text)
      const textOf = found.map((each) => (each.kind === 'text' ? each.text : '')).join('')
      expect(found.flatMap((each) => (each.kind === 'tool_call' ? [each.call] : []))).toEqual(
        whole.toolCalls,
      )
      expect(textOf.replaceAll(/\s/g, '')).toBe(whole.text.replaceAll(/\s/g, ''))
    }),
  )
})

it('holds back no more than a call may have', () => {
  const parser = createToolCallParser()
  expect(parser.push('Hello <tool')).toEqual([{ kind: 'text', text: 'Hello' }])
  expect(parser.push('s>')).toEqual([{ kind: 'text', text: ' <tools>' }])
  expect(parser.push('<tool_call>')).toEqual([])
  const released = parser.push('x'.repeat(TOOL_CALL_CHARS_MAX + 1))
  expect(released.length).toBe(1)
})
