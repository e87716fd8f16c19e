import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AskDocument, decodeAsk, encodeAsk } from '#protocol/ask.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import type { CocoonError } from '#protocol/errors.ts'
import { errorCode } from '#test/support/error-code.ts'

const sample: AskDocument = {
  modelId: 'cocoon-demo',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Wie geht’s, "Zoë"? 🦋' },
  ],
  maxTokens: 64,
  temperature: 0.7,
  topP: 0.95,
  seed: 2n ** 64n - 1n,
  stop: ['\n\n'],
}
const text =
  '{"modelId":"m","messages":[{"role":"user","content":"hi"}],"maxTokens":1,"temperature":0,"topP":1,"seed":"0","stop":[]}'

/** Everything that a document may say besides. */
const full: AskDocument = {
  ...sample,
  messages: [
    { role: 'user', content: 'Where?' },
    {
      role: 'assistant',
      content: '',
      toolCalls: [{ id: 'call_1', name: 'where', arguments: '{"of":"Zoë"}' }],
    },
    { role: 'tool', content: 'Oslo', toolCallId: 'call_1' },
  ],
  topK: 40,
  minP: 0.05,
  repetitionPenalty: 1.1,
  frequencyPenalty: 0.5,
  presencePenalty: -0.5,
  logitBias: [
    { id: 7, bias: -100 },
    { id: 9, bias: 2.5 },
  ],
  topLogprobs: 3,
  constraint: { kind: 'tool_calls', mode: 'required', parallel: false, only: 'where' },
  tools: [{ name: 'where', description: 'Finds people', parameters: '{"type":"object"}' }],
}
const fullText =
  '{"modelId":"cocoon-demo","messages":[{"role":"user","content":"Where?"},{"role":"assistant","content":"",' +
  '"toolCalls":[{"id":"call_1","name":"where","arguments":"{\\"of\\":\\"Zoë\\"}"}]},' +
  '{"role":"tool","content":"Oslo","toolCallId":"call_1"}],"maxTokens":64,"temperature":0.7,"topP":0.95,' +
  '"seed":"18446744073709551615","stop":["\\n\\n"],"topK":40,"minP":0.05,"repetitionPenalty":1.1,' +
  '"frequencyPenalty":0.5,"presencePenalty":-0.5,"logitBias":[{"id":7,"bias":-100},{"id":9,"bias":2.5}],' +
  '"topLogprobs":3,"constraint":{"kind":"tool_calls","mode":"required","parallel":false,"only":"where"},' +
  '"tools":[{"name":"where","description":"Finds people","parameters":"{\\"type\\":\\"object\\"}"}]}'

describe('request document', () => {
  it('has one form for all that it may say, whatever order it was made in', () => {
    expect(fromUtf8(encodeAsk(full))).toBe(fullText)
    expect(decodeAsk(utf8(fullText))).toEqual(full)
    const backwards = Object.fromEntries(Object.entries(full).reverse()) as unknown as AskDocument
    const logitBias = full.logitBias?.toReversed()
    expect(fromUtf8(encodeAsk({ ...backwards, logitBias }))).toBe(fullText)
  })

  it('leaves out what has no effect, so that other documents keep their bytes', () => {
    const nothing = {
      ...{ topK: undefined, minP: 0, repetitionPenalty: 1, frequencyPenalty: -0 },
      ...{ presencePenalty: 0, topLogprobs: undefined, constraint: undefined, tools: undefined },
      logitBias: [{ id: 5, bias: 0 }],
      shareCache: false,
    }
    expect(encodeAsk({ ...sample, ...nothing })).toEqual(encodeAsk(sample))
    for (const written of [
      '"minP":0',
      '"repetitionPenalty":1',
      '"logitBias":[]',
      '"shareCache":false',
    ]) {
      const given = text.replace('"stop":[]', `"stop":[],${written}`)
      expect(errorCode(() => decodeAsk(utf8(given)))).toBe('ASK_MALFORMED')
    }
  })

  it('says that a prompt is shared only where it is', () => {
    const shared = `${fromUtf8(encodeAsk(sample)).slice(0, -1)},"shareCache":true}`
    expect(fromUtf8(encodeAsk({ ...sample, shareCache: true }))).toBe(shared)
    expect(decodeAsk(utf8(shared))).toEqual({ ...sample, shareCache: true })
  })

  it('reads what it writes', () => {
    expect(decodeAsk(encodeAsk(sample))).toEqual(sample)
    expect(fromUtf8(encodeAsk(decodeAsk(utf8(text))))).toBe(text)
  })

  it('keeps every number exactly', () => {
    const numbers = fc.record({
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      topP: fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true }),
      seed: fc.bigInt(0n, 2n ** 64n - 1n),
      maxTokens: fc.integer({ min: 1, max: 2_097_152 }),
    })
    fc.assert(
      fc.property(numbers, (given) => {
        const back = decodeAsk(encodeAsk({ ...sample, ...given }))
        expect(back).toEqual({ ...sample, ...given, temperature: given.temperature + 0 })
      }),
    )
  })

  it.each<[string, Partial<AskDocument>]>([
    ['no message', { messages: [] }],
    ['257 messages', { messages: Array(257).fill({ role: 'user', content: '' }) }],
    ['an unknown role', { messages: [{ role: 'bot' as 'user', content: '' }] }],
    ['a result of no call', { messages: [{ role: 'tool', content: '' }] }],
    ['a user who calls', { messages: [{ ...full.messages[1]!, role: 'user' }] }],
    ['a user who answers a call', { messages: [{ ...full.messages[2]!, role: 'user' }] }],
    ['1,025 likely ids', { topK: 1_025 }],
    ['a share above 1', { minP: 1.1 }],
    ['no repetition at all', { repetitionPenalty: 0 }],
    ['a high penalty', { frequencyPenalty: 2.1 }],
    ['a low penalty', { presencePenalty: -2.1 }],
    ['an id that is biased twice', { logitBias: Array(2).fill({ id: 1, bias: 1 }) }],
    ['a bias above 100', { logitBias: [{ id: 1, bias: 101 }] }],
    ['301 biases', { logitBias: Array.from({ length: 301 }, (_, id) => ({ id, bias: 1 })) }],
    ['21 log probabilities', { topLogprobs: 21 }],
    ['calls without tools', { constraint: { kind: 'tool_calls', mode: 'auto', parallel: true } }],
    ['a call of another tool', { ...full, tools: [{ name: 'other', parameters: '{}' }] }],
    ['a tool twice', { ...full, tools: [full.tools![0]!, full.tools![0]!] }],
    ['a tool with spaces', { ...full, tools: [{ name: 'a b', parameters: '{}' }] }],
    ['a schema that is no object', { constraint: { kind: 'json_schema', schema: '[]' } }],
    ['a schema that is no JSON', { constraint: { kind: 'json_schema', schema: '{' } }],
    [
      'a schema that is nested too deeply',
      { constraint: { kind: 'json_schema', schema: `${'{"a":'.repeat(33)}1${'}'.repeat(33)}` } },
    ],
    ['half a surrogate pair', { messages: [{ role: 'user', content: '\ud800' }] }],
    ['more than 256 KiB', { messages: [{ role: 'user', content: 'x'.repeat(262_144) }] }],
    ['no tokens', { maxTokens: 0 }],
    ['half a token', { maxTokens: 1.5 }],
    ['a high temperature', { temperature: 2.1 }],
    ['no temperature', { temperature: Number.NaN }],
    ['an empty nucleus', { topP: 0 }],
    ['a negative seed', { seed: -1n }],
    ['a seed over u64', { seed: 2n ** 64n }],
    ['five stops', { stop: ['a', 'b', 'c', 'd', 'e'] }],
    ['an empty stop', { stop: [''] }],
    ['a long stop', { stop: ['x'.repeat(65)] }],
    ['no model', { modelId: '' }],
  ])('is not written with %s', (_, change) => {
    expect(errorCode(() => encodeAsk({ ...sample, ...change }))).toBe('ASK_INVALID')
  })

  it('never puts a prompt into an error', () => {
    const secret = { role: 'user', content: 'my secret \ud800' } as const
    try {
      encodeAsk({ ...sample, messages: [secret] })
      expect.unreachable()
    } catch (thrown) {
      expect(JSON.stringify((thrown as CocoonError).toDocument())).not.toContain('secret')
      expect((thrown as CocoonError).message).toContain('messages.0.content')
    }
  })

  it.each<[string, string]>([
    ['a space', text.replace(':1,', ': 1,')],
    ['another order of keys', text.replace('"maxTokens":1,', '').replace('{', '{"maxTokens":1,')],
    ['an unknown key', text.replace('{', '{"user":"me",')],
    ['a key twice', text.replace('"stop"', '"stop":[],"stop"')],
    ['a number written longer', text.replace('"topP":1', '"topP":1.0')],
    ['minus zero', text.replace('"temperature":0', '"temperature":-0')],
    ['an escape that is not needed', text.replace('hi', '\\u0068i')],
    ['a seed with a leading zero', text.replace('"0"', '"00"')],
    ['a seed that is a number', text.replace('"0"', '0')],
    ['a missing key', text.replace('"stop":[]', '').replace(',}', '}')],
    ['a byte order mark', `\ufeff${text}`],
    ['something after the end', `${text} `],
    ['a list', '[]'],
    ['deep nesting', '['.repeat(200_000)],
  ])('is refused with %s', (_, changed) => {
    expect(errorCode(() => decodeAsk(utf8(changed)))).toBe('ASK_MALFORMED')
  })

  it('is refused when it is too long, no UTF-8 or no JSON', () => {
    for (const bytes of [new Uint8Array(262_145), Uint8Array.of(0xc3), utf8('{')]) {
      expect(errorCode(() => decodeAsk(bytes))).toBe('ASK_MALFORMED')
    }
  })
})
