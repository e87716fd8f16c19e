/** Documents and calls that a server wrote: what fits its schema passes in any spelling, nothing else does. */
import { describe, expect, it } from 'vitest'
import { checkConstraint } from '#inference/decoding/structure/constraint.ts'
import type { OutputConstraint } from '#inference/engine.ts'
import {
  UPSTREAM_DOCUMENT_ANSWER_BYTES_MAX,
  UPSTREAM_JSON_DEPTH_MAX,
  UPSTREAM_JSON_SPACE_CHARS_MAX,
} from '#inference/upstream/constants.ts'
import { AnswerForm } from '#inference/upstream/document/answer-form.ts'
import { writeJson } from '../support/json-writer.ts'
import { randomValue } from '../support/random-json.ts'
import { type RandomSchema, SchemaMaker } from '../support/random-schemas.ts'
import { closed, satisfies } from '../support/schema-validator.ts'

const ofSchema = (schema: unknown): OutputConstraint => ({
  kind: 'json_schema',
  schema: JSON.stringify(schema),
})

/** How many bytes of the text were taken, and whether it is whole at its end. */
function follow(constraint: OutputConstraint, text: string | Uint8Array) {
  const form = new AnswerForm(constraint)
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  let taken = 0
  while (taken < bytes.length && form.accept(bytes.subarray(taken, taken + 1))) taken++
  return { taken, isWhole: taken === bytes.length && form.finish() }
}

const passes = (schema: unknown, text: string) => follow(ofSchema(schema), text).isWhole
/** What went on to whoever asked before the answer was stopped. */
const stopped = (schema: unknown, text: string) =>
  text.slice(0, follow(ofSchema(schema), text).taken)

describe('a document of a server', () => {
  it('passes just if it is JSON that its schema accepts, over random schemas, values and slips', () => {
    const seen = { passed: 0, refused: 0 }
    for (let seed = 1; seed <= 200; seed++) {
      const maker = new SchemaMaker(seed)
      const schema = closed(maker.document())
      const constraint = ofSchema(schema)
      if (!isUsable(constraint)) continue
      for (let each = 0; each < 9; each++) {
        const right = writeJson(randomValue(schema, schema, maker), maker)
        const text = each % 3 === 0 ? right : slip(right, maker)
        const isValid = isDocument(text, schema)
        seen[isValid ? 'passed' : 'refused']++
        expect(follow(constraint, text).isWhole, `${JSON.stringify(schema)}\n${text}`).toBe(isValid)
      }
    }
    expect(seen.passed).toBeGreaterThan(200)
    expect(seen.refused).toBeGreaterThan(200)
  })

  it('is stopped at the first character that no document of the schema has there', () => {
    const schema = {
      type: 'object',
      properties: {
        colour: { enum: ['red', 'rose'] },
        count: { type: 'integer', minimum: 1, maximum: 9 },
        tags: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2 },
      },
      required: ['colour'],
    }
    expect(stopped(schema, 'Here is your JSON: {')).toBe('')
    expect(stopped(schema, '```json\n{')).toBe('')
    expect(stopped(schema, '<think>hm</think>{')).toBe('')
    expect(stopped(schema, '[1]')).toBe('')
    expect(stopped(schema, '{"color": "red"}')).toBe('{"colo')
    expect(stopped(schema, '{"colour": 1}')).toBe('{"colour": ')
    expect(stopped(schema, '{"colour": "roast"}')).toBe('{"colour": "ro')
    expect(stopped(schema, '{"colour": "red"} and more')).toBe('{"colour": "red"} ')
    expect(stopped(schema, '{"count": 10}')).toBe('{"count": 10')
    expect(stopped(schema, '{"count": 9.5, "colour"')).toBe('{"count": 9.5')
    expect(stopped(schema, '{"count": 1}')).toBe('{"count": 1')
    expect(stopped(schema, '{"tags": ["abcd"]}')).toBe('{"tags": ["abc')
    expect(stopped(schema, '{"tags": ["a", "b", "c"]}')).toBe('{"tags": ["a", "b"')
    expect(stopped(schema, '{"colour": "red", "colour": "red"}')).toBe('{"colour": "red", "co')
    expect(stopped(schema, '{"colour": "red",}')).toBe('{"colour": "red",')
    expect(stopped(schema, "{'colour'")).toBe('{')
    expect(passes(schema, '{"colour": "re')).toBe(false)
    expect(passes(schema, '')).toBe(false)
  })

  it('passes in what spelling a server likes', () => {
    const name = { type: 'object', properties: { ä: { const: '☃𝄞' } }, required: ['ä'] }
    expect(passes(name, '\r\n{\t"\\u00e4" :\n"\\u2603\\uD834\\udd1e" }\n')).toBe(true)
    const two = { type: 'string', minLength: 2, maxLength: 2 }
    expect(passes(two, '"\\ud834\\udd1e𝄞"')).toBe(true)
    expect(passes(two, '"\\ud834\\udd1e"')).toBe(false)
    expect(passes({ type: 'integer' }, '1234567890123456789')).toBe(true)
    expect(passes({ type: 'integer' }, '1.50e1')).toBe(true)
    expect(passes({ type: 'integer' }, '1.5')).toBe(false)
    expect(passes({ type: 'integer', maximum: 1e16 }, '10000000000000001000')).toBe(false)
    expect(passes({ enum: [10] }, '1.0E+1')).toBe(true)
    expect(passes({ const: { b: 1, a: [2, null] } }, '{"a":[2.0,null],"b":1}')).toBe(true)
    expect(passes({ const: { b: 1, a: [2, null] } }, '{"a":[2],"b":1}')).toBe(false)
    const late = { oneOf: ['x', 'y'].map((kind) => variant(kind)) }
    expect(passes(late, '{"value": {"y": [true]}, "kind": "y"}')).toBe(true)
    expect(passes(late, '{"value": {"y": [true]}, "kind": "x"}')).toBe(false)
  })

  it.each([
    ['01', '0'],
    ['-', '-'],
    ['1.e3', '1.'],
    ['+1', ''],
    ['NaN', ''],
    ['nul!', 'nul'],
    ['"\\x41"', '"\\'],
    ['"\\u12g4"', '"\\u12'],
    ['"a\nb"', '"a'],
    ['[1 2]', '[1 '],
    ['[1,]', '[1,'],
    ['{"a" 1}', '{"a" '],
    ['{"a":1]', '{"a":1'],
    ['{]', '{'],
    ['\uFEFF1', ''],
    ['1e999,', '1e999'],
    ['// 1', ''],
  ])('%j is no JSON, and is stopped behind %j', (text, before) => {
    expect(follow(ofSchema({}), text)).toEqual({ taken: before.length, isWhole: false })
  })

  it('holds bytes that are no UTF-8 for no JSON', () => {
    for (const bytes of [[0xc3, 0x28], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5], [0x80]]) {
      const text = Buffer.concat([Buffer.from('"'), Buffer.from(bytes), Buffer.from('"')])
      expect(follow(ofSchema({}), text).isWhole).toBe(false)
    }
  })

  it('is any object for json_object, and nothing else', () => {
    const whole = (text: string) => follow({ kind: 'json_object' }, text).isWhole
    expect(whole(' {"a": [1, {"b": null}], "__proto__": {}} ')).toBe(true)
    for (const text of ['[]', '"{}"', '1', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{}{}']) {
      expect(whole(text), text).toBe(false)
    }
  })

  it('has an end in depth, white space, digits and bytes', () => {
    const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(passes({}, deep(UPSTREAM_JSON_DEPTH_MAX))).toBe(true)
    expect(passes({}, deep(UPSTREAM_JSON_DEPTH_MAX + 1))).toBe(false)
    const spaced = (count: number) => `{${' '.repeat(count)}}`
    expect(passes({}, spaced(UPSTREAM_JSON_SPACE_CHARS_MAX))).toBe(true)
    expect(passes({}, spaced(UPSTREAM_JSON_SPACE_CHARS_MAX + 1))).toBe(false)
    expect(passes({}, `0.${'1'.repeat(1_074)}`)).toBe(true)
    expect(passes({}, `0.${'1'.repeat(5_000)}`)).toBe(false)
    const form = new AnswerForm(ofSchema({}))
    expect(form.accept(Buffer.from('"'))).toBe(true)
    const part = Buffer.alloc(UPSTREAM_DOCUMENT_ANSWER_BYTES_MAX / 4, 'x')
    expect([1, 2, 3, 4].map(() => form.accept(part))).toEqual([true, true, true, false])
    expect(form.finish()).toBe(false)
  })

  it('is followed through hundreds of alternatives that each lead to all of them again', () => {
    // Taken apart one by one they would be ninety thousand for every item.
    const many = Array.from({ length: 300 }, (_, at) => ({
      anyOf: [{ type: 'array', items: { $ref: '#' }, minItems: at }, { $ref: '#/$defs/x' }],
    }))
    const x = { anyOf: many.map((_, at) => ({ type: 'string', minLength: at })) }
    const constraint = ofSchema({ $defs: { x }, anyOf: many })
    expect(follow(constraint, `[${'["a"],[],'.repeat(40)}"b"]`).taken).toBeGreaterThan(300)
  })
})

describe('calls of a server', () => {
  const parameters = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
  const tools = ['weather', 'time'].map((name) => ({ name, parameters }))
  const calls = (parts: object, text: string) =>
    follow({ kind: 'tool_calls', tools, mode: 'required', parallel: true, ...parts }, text)
  const CALL = '<tool_call>\n{"name": "time", "arguments": {"city": "Bonn"}}\n</tool_call>'

  it('pass in any spacing and order, one or several', () => {
    const other = '<tool_call>{ "arguments":{"city":"Ulm"},\n"name":"weather" }</tool_call>'
    for (const text of [CALL, `\n${CALL}\n`, `${CALL}${other}`, `${CALL}\n${other}\n`]) {
      expect(calls({}, text).isWhole, text).toBe(true)
      expect(calls({ mode: 'auto' }, `I look. <<tool_${text}`).isWhole, text).toBe(true)
    }
    expect(calls({ mode: 'auto' }, `First: ${CALL} Then: ${other} Done.`).isWhole).toBe(true)
    expect(calls({ mode: 'auto' }, 'No call, only <tool and text.').isWhole).toBe(true)
    expect(calls({ parallel: false }, `${CALL}\n`).isWhole).toBe(true)
  })

  it.each([
    ['plain text', {}, 'No.', ''],
    ['another function', {}, CALL.replace('time', 'tame'), '<tool_call>\n{"name": "t'],
    ['arguments that do not fit', {}, CALL.replace('"Bonn"', '7'), CALL.split('"Bonn"')[0]],
    ['arguments that are missing', {}, CALL.replace('"city": "Bonn"', ''), CALL.split('"city"')[0]],
    ['more than one', { parallel: false }, `${CALL}${CALL}`, CALL],
    ['text behind a call', {}, `${CALL} Ok`, `${CALL} `],
    [
      'text behind the only call',
      { mode: 'auto', parallel: false },
      `Oh. ${CALL} Ok`,
      `Oh. ${CALL} `,
    ],
    [
      'a bad call behind a good one',
      { mode: 'auto' },
      `${CALL} <tool_call>{}`,
      `${CALL} <tool_call>{`,
    ],
    ['no call at all', {}, '', ''],
    ['a call that is cut', {}, CALL.slice(0, 40), CALL.slice(0, 40)],
    ['a call without its end', { mode: 'auto' }, CALL.slice(0, -1), CALL.slice(0, -1)],
  ] as const)('%s is stopped', (_, parts, text, before) => {
    const { taken, isWhole } = calls(parts, text)
    expect([text.slice(0, taken), isWhole]).toEqual([before, false])
  })
})

function variant(kind: string) {
  const value = { type: 'object', properties: { [kind]: { type: 'array', items: {} } } }
  return { type: 'object', properties: { kind: { const: kind }, value }, required: ['kind'] }
}

function isUsable(constraint: OutputConstraint): boolean {
  try {
    checkConstraint(constraint)
    return true
  } catch {
    return false
  }
}

/** One byte or piece more, less or other. */
function slip(text: string, maker: SchemaMaker): string {
  const at = maker.below(text.length + 1)
  const pieces = [
    '"',
    ',',
    '}',
    ']',
    '{',
    ':',
    '1',
    '-',
    'a',
    ' ',
    '"a":1,',
    'null',
    '\\',
    '.',
    'e',
  ]
  const piece = pieces[maker.below(pieces.length)] ?? ''
  const cut = maker.below(3)
  return text.slice(0, at) + (cut === 2 ? '' : piece) + text.slice(at + Math.min(cut, 1))
}

/** By JSON.parse and a validator of its own; a name that comes twice is dropped by JSON.parse, so count. */
function isDocument(text: string, schema: RandomSchema): boolean {
  let names = 0
  let value: unknown
  try {
    value = JSON.parse(text)
    names = (
      text.replace(/"(?:[^"\\]|\\.)*"(\s*:)?/g, (_, colon) => (colon ? '#' : '')).match(/#/g) ?? []
    ).length
  } catch {
    return false
  }
  return countNames(value) === names && satisfies(value, schema)
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce<number>((sum, each) => sum + countNames(each), own)
}
