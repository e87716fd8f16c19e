/** Sampling, log probabilities, constraints and tools from one peer to another. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChatRequest, TextToken } from '#node/roles/client-service.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import type { ProviderContent, Tokens } from '#protocol/session/provider-content.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { type StreamWrapper, TestClient, TestProvider } from '../support/role-peers.ts'
import { lying } from '../support/role-tamper.ts'
import { TINY_END_TOKEN_ID, TINY_VOCABULARY } from '../support/tiny-tokenizer.ts'
import { TOOL_TEMPLATE } from '../support/tool-template.ts'

let network: RoleNetwork
/** Both answer the same noise. */
let providers: TestProvider[]
let client: TestClient

beforeAll(async () => {
  network = await startRoleNetwork(TOOL_TEMPLATE)
  providers = [
    await TestProvider.start(network, 'one', { slotsTotal: 4 }),
    await TestProvider.start(network, 'two', { slotsTotal: 4 }),
  ]
  client = await TestClient.start(network, 'asker', providers)
})

afterAll(async () => {
  await client.stop()
  for (const provider of providers) await provider.stop()
  await network.stop()
})

beforeEach(() => {
  client.events.length = 0
  client.forgive()
})

/** The next streams to both providers go through it: those that are open are ended. */
async function wrapped(wrap: StreamWrapper, work: () => Promise<void>): Promise<void> {
  await client.sessions.stop()
  await client.restart()
  for (const provider of providers) provider.wrap = wrap
  await work()
  for (const provider of providers) provider.wrap = (stream) => stream
}

/** Breaks the first stream that sends a second piece of an answer: in its middle, however fast it is made. */
function breaksOff() {
  const cut = { done: false }
  let pieces = 0
  const content = (said: ProviderContent): ProviderContent[] | 'hang-up' => {
    const isPiece = said.kind === 'tokens' && said.tokens.ids.length > 0
    if (cut.done || !isPiece || ++pieces < 2) return [said]
    cut.done = true
    return 'hang-up'
  }
  return { cut, wrap: lying({ content }).wrap }
}

const textOf = (tokens: readonly TextToken[] = []) =>
  fromUtf8(Uint8Array.from(tokens.flatMap(({ bytes }) => [...bytes])))
const letter = utf8('Z')[0]!
const isLetter = { logitBias: [{ id: letter, bias: 100 }] }

describe('log probabilities', () => {
  test('come with every token, the likeliest first, and only when asked for', async () => {
    const asked = { maxTokens: 20, topLogprobs: 3 }
    const { logprobs, usage } = await client.chat(asked)
    expect(logprobs).toHaveLength(usage.completionTokens)
    for (const { bytes, logprob, top } of logprobs ?? []) {
      expect(logprob).toBeLessThanOrEqual(0)
      expect(top).toHaveLength(3)
      // Greedy: what was picked is the likeliest.
      expect(top[0]).toEqual({ bytes, logprob })
    }
    const streamed: TextToken[] = []
    for await (const event of client.chatEvents({ ...asked, topLogprobs: 0 })) {
      if (event.kind === 'text') streamed.push(...(event.logprobs ?? []))
    }
    expect(streamed).toEqual(logprobs?.map((one) => ({ ...one, top: [] })))
    expect((await client.chat({ maxTokens: 5 })).logprobs).toBeUndefined()
    const letters = await client.chat({ ...isLetter, topLogprobs: 0, maxTokens: 5 })
    expect(textOf(letters.logprobs)).toBe('ZZZZZ')
  })

  test('leave out the id that ends the answer: it is none of its text', async () => {
    const logitBias = [{ id: TINY_END_TOKEN_ID, bias: 100 }]
    const { text, logprobs, usage, finish } = await client.chat({ logitBias, topLogprobs: 1 })
    expect([text, logprobs, usage.completionTokens, finish]).toEqual(['', [], 1, 'stop'])
  })

  test('survive a failover: each provider gives those of its own tokens', async () => {
    const expected = await client.chat({ topLogprobs: 2 })
    const { cut, wrap } = breaksOff()
    await wrapped(wrap, async () => {
      const result = await client.chat({ topLogprobs: 2 })
      expect(cut.done).toBe(true)
      expect(client.codes).toHaveLength(1)
      expect(result.provider).not.toBe(expected.provider)
      expect(result.text).toBe(expected.text)
      expect(result.logprobs).toEqual(expected.logprobs)
    })
  })

  const likely = (id: number) => ({ logprob: -1, top: [{ id, logprob: -1 }] })
  const withLikely = (id: number) => (one: Tokens) => ({ ...one, logprobs: [likely(id)] })
  const lies: [string, (tokens: Tokens) => Tokens, number | undefined][] = [
    ['none though asked for', ({ logprobs: _, ...rest }) => rest, 1],
    ['some that nobody asked for', withLikely(5), undefined],
    ['more likely ids than asked for', withLikely(5), 0],
    ['an unknown id among the likely ones', withLikely(TINY_VOCABULARY), 1],
    ['an unknown id', (one) => ({ ...one, ids: [TINY_VOCABULARY] }), undefined],
  ]
  test.each(lies)('a provider that sends %s loses the answer to another', async (_, lie, asked) => {
    let told = false
    const content = (said: ProviderContent): ProviderContent[] => {
      if (told || said.kind !== 'tokens' || said.tokens.ids.length === 0) return [said]
      told = true
      return [{ kind: 'tokens', tokens: lie(said.tokens) }]
    }
    await wrapped(lying({ content }).wrap, async () => {
      const { text } = await client.chat({ ...isLetter, topLogprobs: asked, maxTokens: 1 })
      expect(text).toBe('Z')
      expect(client.codes).toContain('TOKENS_INVALID')
    })
  })
})

describe('sampling', () => {
  test('what a request says reaches the engine', async () => {
    const greedy = await client.chat({ maxTokens: 6 })
    expect((await client.chat({ ...isLetter, maxTokens: 6 })).text).toBe('ZZZZZZ')
    const hot = { maxTokens: 6, temperature: 2, seed: 9n }
    expect((await client.chat(hot)).text).not.toBe(greedy.text)
    expect((await client.chat({ ...hot, topK: 1 })).text).toBe(greedy.text)
    expect((await client.chat({ ...hot, minP: 1 })).text).toBe(greedy.text)
    // Just above all other logits, which are from -4 to 4: what was said before is left behind.
    const pushed = { logitBias: [{ id: letter, bias: 8 }], maxTokens: 12 }
    expect((await client.chat(pushed)).text).toBe('Z'.repeat(12))
    for (const penalty of [
      { frequencyPenalty: 2 },
      { presencePenalty: 2 },
      { repetitionPenalty: 2 },
    ]) {
      expect((await client.chat({ ...pushed, ...penalty })).text).not.toBe('Z'.repeat(12))
    }
  })

  test('a request that breaks a limit is refused before anybody is asked', async () => {
    await expect(client.chat({ topLogprobs: 21 })).rejects.toMatchObject({ code: 'ASK_INVALID' })
    expect(client.events).toEqual([])
  })
})

const schema = JSON.stringify({
  ...{ type: 'object', required: ['city', 'warm'], additionalProperties: false },
  properties: { city: { enum: ['Oslo', 'Rome'] }, warm: { type: 'boolean' } },
})

describe('constraints', () => {
  test('noise becomes a document of the schema, also over a failover', async () => {
    const constrained = { constraint: { kind: 'json_schema', schema } as const, maxTokens: 60 }
    const { text, finish } = await client.chat(constrained)
    expect(finish).toBe('stop')
    expect(JSON.parse(text)).toEqual({
      city: expect.stringMatching(/^(Oslo|Rome)$/),
      warm: expect.any(Boolean),
    })
    const { cut, wrap } = breaksOff()
    await wrapped(wrap, async () => {
      expect((await client.chat(constrained)).text).toBe(text)
      expect(cut.done).toBe(true)
    })
  })

  test('a schema that is not understood is refused before anybody is asked', async () => {
    const constraint = { kind: 'json_schema', schema: '{"type":"object","not":{}}' } as const
    await expect(client.chat({ constraint })).rejects.toMatchObject({ code: 'SCHEMA_UNSUPPORTED' })
    expect(client.events).toEqual([])
  })
})

describe('tools', () => {
  const tools = [{ name: 'weather', description: 'Temperature', parameters: schema }]
  const request: Partial<ChatRequest> = {
    ...{ tools, maxTokens: 100 },
    constraint: { kind: 'tool_calls', mode: 'required', parallel: false },
  }

  test('a call is told apart from text, gets an id, and its result is read in the next turn', async () => {
    const { text, toolCalls } = await client.chat(request)
    expect(text).toBe('')
    expect(toolCalls).toHaveLength(1)
    const call = toolCalls[0]!
    expect(call.id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(call.name).toBe('weather')
    expect(Object.keys(JSON.parse(call.arguments))).toEqual(['city', 'warm'])
    const messages = [
      { role: 'user', content: 'hello the world' },
      { role: 'assistant', content: '', toolCalls },
      { role: 'tool', content: '7 °C', toolCallId: call.id },
    ] as const
    // Both sides counted the same prompt: otherwise the session would have ended.
    const next = await client.chat({ messages, tools, maxTokens: 5 })
    expect(next.usage.promptTokens).toBeGreaterThan(100)
    expect(client.codes).toEqual([])
  })

  test('without a call the answer is text', async () => {
    const constraint = { kind: 'tool_calls', mode: 'auto', parallel: true } as const
    const result = await client.chat({ ...request, ...isLetter, constraint, maxTokens: 5 })
    expect([result.text, result.toolCalls]).toEqual(['ZZZZZ', []])
  })
})
