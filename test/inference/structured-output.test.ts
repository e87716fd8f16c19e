/** Constrained decoding: whatever the model says, what is finished is valid (docs/spec/structured-output.md). */
import { describe, expect, it } from 'vitest'
import { DOCUMENT_DEPTH_MAX, SCHEMA_CHARS_MAX } from '#inference/constants.ts'
import { TokenSampler } from '#inference/decoding/sampling/sampler.ts'
import { ConstrainedAnswer, checkConstraint } from '#inference/decoding/structure/constraint.ts'
import { buildVocabularyTrie } from '#inference/decoding/structure/vocabulary-trie.ts'
import { parseToolCalls } from '#inference/decoding/tool-calls.ts'
import type { OutputConstraint } from '#inference/engine.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { costlySchema, SchemaMaker } from '../support/random-schemas.ts'
import { satisfies } from '../support/schema-validator.ts'

/** All bytes, pieces that JSON is made of, and pieces that cross the borders of its parts. */
const PIECES = [
  ...[
    '{"',
    '"}',
    '":',
    '": ',
    '", "',
    '","',
    '{}',
    '[]',
    '[{"',
    '}]',
    '"a":',
    '"ab": 1',
    ' 1',
    '12',
  ],
  ...[
    'true',
    'false',
    'null',
    'tr',
    'ue',
    '},',
    '}, {',
    '"x"',
    ': "',
    'ü',
    'ö": ',
    '\\u',
    '\\"',
    '0.',
  ],
  ...[
    '<tool_call>',
    '</tool_call>',
    '\n{"name": "',
    'arguments',
    '}\n',
    '🕸️',
    'kind": "y"',
    '\n\n',
    '<to',
  ],
].map((text) => Buffer.from(text))
const END_ID = 256
const TOKENS = [
  ...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)),
  Buffer.of(),
  ...PIECES,
]
const vocabulary = {
  vocabularySize: TOKENS.length + 3,
  endTokenIds: [END_ID],
  tokenBytes: (id: number) => TOKENS[id] ?? new Uint8Array(),
}
const trie = buildVocabularyTrie(vocabulary)
const sampler = new TokenSampler(vocabulary.vocabularySize, nodeCrypto)

/** Random logits that come to love closing and ending, so that most answers do end. */
function decode(
  constraint: OutputConstraint,
  maker: SchemaMaker,
  tokensMax = 300,
): string | undefined {
  const answer = new ConstrainedAnswer(constraint, vocabulary, trie)
  const bytes: number[] = []
  for (let position = 0; position < tokensMax; position++) {
    const logits = Float32Array.from(
      { length: vocabulary.vocabularySize },
      () => maker.random() * 8,
    )
    const haste = position / 20
    for (const closing of '"}]1ae') {
      const id = closing.charCodeAt(0)
      logits[id] = (logits[id] ?? 0) + haste
    }
    logits[END_ID] = haste + 6
    answer.mask(logits)
    const id = sampler.pick(logits, { temperature: 1, topP: 1, seed: 1n }, position)
    expect(answer.allows(id) || !answer.accept(id)).toBe(true)
    if (!answer.accept(id)) continue
    if (id === END_ID) return Buffer.from(bytes).toString('utf8')
    bytes.push(...vocabulary.tokenBytes(id))
  }
  return undefined
}

describe('JSON schema', () => {
  it('every answer that ends is JSON that its schema accepts, over random schemas and logits', () => {
    let ended = 0
    const runs = 150
    for (let seed = 1; seed <= runs; seed++) {
      const maker = new SchemaMaker(seed)
      const schema = maker.document()
      const text = JSON.stringify(schema)
      let answer: string | undefined
      try {
        answer = decode({ kind: 'json_schema', schema: text }, maker)
      } catch (thrown) {
        // A schema that nothing satisfies, or whose alternatives cannot be told apart, is refused by name.
        expect(thrown, text).toMatchObject({
          code: expect.stringMatching(/^SCHEMA_(INVALID|UNSUPPORTED)$/),
        })
        continue
      }
      if (answer === undefined) continue
      ended++
      expect(satisfies(JSON.parse(answer), schema), `${text}\n${answer}`).toBe(true)
      expect(answer).not.toContain('\uFFFD')
    }
    expect(ended).toBeGreaterThan(runs / 2)
  })

  it('writes any object for json_object, no name twice in one object', () => {
    let ended = 0
    for (let seed = 1; seed <= 60; seed++) {
      const answer = decode({ kind: 'json_object' }, new SchemaMaker(seed))
      if (answer === undefined) continue
      ended++
      const value: unknown = JSON.parse(answer)
      expect(value).toBeTypeOf('object')
      // Written again it has as many names as before: JSON.parse would have dropped the second of two.
      expect(namesIn(JSON.stringify(value)), answer).toBe(namesIn(answer))
    }
    expect(ended).toBeGreaterThan(20)
  })

  it('refuses what it does not understand by the name of the keyword', () => {
    const keywordOf = (schema: unknown) => {
      try {
        checkConstraint({ kind: 'json_schema', schema: JSON.stringify(schema) })
      } catch (thrown) {
        expect(thrown).toMatchObject({ kind: 'config', code: 'SCHEMA_UNSUPPORTED' })
        return (thrown as { data: { keyword: string } }).data.keyword
      }
      return undefined
    }
    for (const keyword of ['pattern', 'format', 'not', 'uniqueItems', 'multipleOf', 'if']) {
      expect(keywordOf({ type: 'string', [keyword]: 1 })).toBe(keyword)
      expect(keywordOf({ properties: { a: { [keyword]: 1 } } })).toBe(keyword)
    }
    expect(keywordOf({ type: 'number', minimum: 2 })).toContain('minimum')
    expect(keywordOf({ oneOf: [{ type: 'integer' }, { type: 'number' }] })).toContain('oneOf')
    expect(keywordOf({ allOf: [{}, {}] })).toContain('allOf')
    expect(keywordOf({ enum: ['a'], minLength: 1 })).toBe('minLength')
    expect(keywordOf({ $ref: 'https://example.org' })).toContain('$ref')
    expect(keywordOf({ oneOf: [{ type: 'integer' }, { type: 'string' }] })).toBeUndefined()
    // 6e15 fits both, though no answer that is decoded here holds it.
    const from = (minimum: number) => ({ type: 'integer', minimum })
    expect(keywordOf({ oneOf: [from(0), from(5e15)] })).toContain('oneOf')
    expect(keywordOf({ oneOf: [{ ...from(0), maximum: 9 }, from(10)] })).toBeUndefined()
  })

  it('refuses schemas that are none, too large, or that nothing satisfies', () => {
    const refused = (schema: string) =>
      expect(() => checkConstraint({ kind: 'json_schema', schema }), schema.slice(0, 80)).toThrow(
        expect.objectContaining({ kind: 'config', code: 'SCHEMA_INVALID' }),
      )
    for (const schema of ['', '{', '7', '"x"', '{"type":"text"}', '{"anyOf":[]}']) refused(schema)
    refused(JSON.stringify({ const: 'x'.repeat(SCHEMA_CHARS_MAX) }))
    refused(`${'{"items":'.repeat(100)}{}${'}'.repeat(100)}`)
    refused('{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}')
    refused('{"$ref":"#"}')
    refused('{"type":"array","minItems":3,"maxItems":2}')
    refused('{"type":"integer","minimum":0.2,"maximum":0.8}')
    refused(JSON.stringify({ $ref: '#/$defs/none' }))
    refused('false')
  })

  it('goes no deeper than the limit, and always finds out again', () => {
    const schema = '{"type":"array","items":{"$ref":"#"}}'
    const answer = new ConstrainedAnswer({ kind: 'json_schema', schema }, vocabulary, trie)
    const bracket = '['.charCodeAt(0)
    for (let depth = 0; depth < DOCUMENT_DEPTH_MAX; depth++)
      expect(answer.accept(bracket)).toBe(true)
    expect(answer.accept(bracket)).toBe(false)
    for (let depth = 0; depth < DOCUMENT_DEPTH_MAX; depth++) {
      expect(answer.isWhole).toBe(false)
      expect(answer.accept(END_ID)).toBe(false)
      expect(answer.accept(']'.charCodeAt(0))).toBe(true)
    }
    expect(answer.isWhole).toBe(true)
    expect(answer.accept(END_ID)).toBe(true)
    expect(answer.accept(bracket)).toBe(false)
  })

  it('keeps numbers in their range, digit by digit', () => {
    const schema = '{"type":"integer","minimum":-12,"maximum":105}'
    const written = (text: string) => {
      const answer = new ConstrainedAnswer({ kind: 'json_schema', schema }, vocabulary, trie)
      return [...Buffer.from(text)].every((byte) => answer.accept(byte)) && answer.isWhole
    }
    for (let value = -1_200; value <= 1_200; value++) {
      expect(written(`${value}`), `${value}`).toBe(value >= -12 && value <= 105)
    }
    for (const text of ['-0', '01', '1.0', '1e1', '+1']) expect(written(text), text).toBe(false)
  })
})

describe('schemas that would hold up whoever waits beside them', () => {
  const check = (schema: unknown) =>
    checkConstraint({ kind: 'json_schema', schema: JSON.stringify(schema) })
  /** `width` references to the next one, `depth` times: as many ways to the last as no machine can walk. */
  const ways = (width: number, depth: number, last: object) => ({
    [depth]: last,
    ...Object.fromEntries(
      Array.from({ length: depth }, (_, at) => [
        at,
        { anyOf: new Array(width).fill({ $ref: `#/$defs/${at + 1}` }) },
      ]),
    ),
  })

  it('are followed to each alternative once, however many references lead to it', () => {
    const schema = JSON.stringify({ $defs: ways(2, 60, { type: 'null' }), $ref: '#/$defs/0' })
    const answer = new ConstrainedAnswer({ kind: 'json_schema', schema }, vocabulary, trie)
    answer.mask(new Float32Array(vocabulary.vocabularySize))
    expect([...Buffer.from('null'), END_ID].every((id) => answer.accept(id))).toBe(true)
    const oneOf = [{ $ref: '#/$defs/0' }, { type: 'string' }]
    expect(() => check({ $defs: ways(20, 12, { type: 'null' }), oneOf })).not.toThrow()
    const parameters = JSON.stringify({
      $defs: ways(20, 12, { type: 'object' }),
      $ref: '#/$defs/0',
    })
    const tools = [{ name: 'tell', parameters }]
    const calls = { kind: 'tool_calls', tools, mode: 'auto', parallel: true } as const
    expect(() => checkConstraint(calls)).not.toThrow()
  })

  it('are refused where it takes long to find out whether alternatives overlap', () => {
    const oneOf = (length: number) => ({
      oneOf: Array.from({ length }, (_, at) => ({ const: at })),
    })
    expect(() => check(oneOf(300))).not.toThrow()
    expect(() => check(oneOf(900))).toThrow(
      expect.objectContaining({ kind: 'config', code: 'SCHEMA_UNSUPPORTED' }),
    )
  })

  it('are refused where reading them would take more stack than there is', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 1_400 }, (_, at) => [at, { items: { $ref: `#/$defs/${at + 1}` } }]),
    )
    const tooDeep = expect.objectContaining({ kind: 'config', code: 'SCHEMA_INVALID' })
    expect(() => check({ $defs: { ...chain, 1400: {} }, $ref: '#/$defs/0' })).toThrow(tooDeep)
    const schema = `{"const":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    expect(() => checkConstraint({ kind: 'json_schema', schema })).toThrow(tooDeep)
  })

  it('end a request by name at the token that takes too many steps', () => {
    const schema = costlySchema()
    const answer = new ConstrainedAnswer({ kind: 'json_schema', schema }, vocabulary, trie)
    expect(answer.accept('['.charCodeAt(0))).toBe(true)
    expect(() => answer.mask(new Float32Array(vocabulary.vocabularySize))).toThrow(
      expect.objectContaining({ kind: 'config', code: 'SCHEMA_TOO_COSTLY' }),
    )
  })
})

/** Strings that a colon follows. */
function namesIn(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(:?)/g)].filter((match) => match[1] === ':').length
}

describe('tool calls', () => {
  const tools = [
    {
      name: 'weather',
      parameters:
        '{"type":"object","properties":{"city":{"type":"string","maxLength":8}},"required":["city"]}',
    },
    { name: 'now', parameters: '{"type":"object","additionalProperties":false}' },
  ]
  const schemas = new Map(tools.map(({ name, parameters }) => [name, JSON.parse(parameters)]))

  it.each([
    { mode: 'required', parallel: false },
    { mode: 'required', parallel: true },
    { mode: 'auto', parallel: true },
  ] as const)('every call is whole and fits its schema ($mode, parallel $parallel)', (how) => {
    let calls = 0
    let most = 0
    for (let seed = 1; seed <= 30; seed++) {
      const maker = new SchemaMaker(seed)
      const text = decode({ kind: 'tool_calls', tools, ...how }, maker, 400)
      if (text === undefined) continue
      const parsed = parseToolCalls(text)
      calls += parsed.toolCalls.length
      most = Math.max(most, parsed.toolCalls.length)
      if (how.mode === 'required') expect(parsed.text, text).toBe('')
      else expect(parsed.text, text).not.toContain('<tool_call>')
      for (const call of parsed.toolCalls) {
        const schema = schemas.get(call.name)
        expect(satisfies(JSON.parse(call.arguments), schema), text).toBe(true)
      }
    }
    expect(calls).toBeGreaterThan(0)
    if (!how.parallel) expect(most).toBe(1)
    else if (how.mode === 'required') expect(most).toBeGreaterThan(1)
  })

  it('refuses tools that are none', () => {
    const refused = (wrong: { name: string; parameters: string }[], code = 'TOOLS_INVALID') =>
      expect(() =>
        checkConstraint({ kind: 'tool_calls', tools: wrong, mode: 'auto', parallel: true }),
      ).toThrow(expect.objectContaining({ kind: 'config', code }))
    refused([])
    refused([{ name: 'a b', parameters: '{"type":"object"}' }])
    refused([{ name: 'a', parameters: '{"type":"string"}' }])
    refused([tools[0]!, tools[0]!])
    refused(
      [{ name: 'a', parameters: '{"type":"object","minProperties":1}' }],
      'SCHEMA_UNSUPPORTED',
    )
  })
})
