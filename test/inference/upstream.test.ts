/** The upstream engine against servers that stall, flood, lie and die; all SIMULATED, over real HTTP. */
import { afterEach, describe, expect, it } from 'vitest'
import type { GenerateEvent, GenerateRequest } from '#inference/engine.ts'
import {
  UPSTREAM_CHECK_TIMEOUT_MS,
  UPSTREAM_CONNECT_TIMEOUT_MS,
  UPSTREAM_FIRST_TOKEN_TIMEOUT_MS,
  UPSTREAM_IDLE_TIMEOUT_MS,
  UPSTREAM_RETRY_AFTER_S_MAX,
} from '#inference/upstream/constants.ts'
import { upstreamBase } from '#inference/upstream/http.ts'
import { readAnswer, UpstreamHarness, upstreamRequest } from '../support/upstream-harness.ts'
import type { ServerFault, UpstreamTestServer } from '../support/upstream-server.ts'

/** More tokens than a request here asks for, and text throughout. */
const LONG_ANSWER =
  'the hello and the user, then the system and the assistant stop: all of it is text'

const harness = new UpstreamHarness()
const [start, open] = [harness.start.bind(harness), harness.open.bind(harness)]
afterEach(() => harness.close())

/** By the phase that a silent server is given up in: its limit, by which it is found among the timers. */
const LIMIT_MS = {
  connect: UPSTREAM_CONNECT_TIMEOUT_MS,
  'first-token': UPSTREAM_FIRST_TOKEN_TIMEOUT_MS,
  idle: UPSTREAM_IDLE_TIMEOUT_MS,
  check: UPSTREAM_CHECK_TIMEOUT_MS,
} as const

/**
 * Only while the server fails, and only in one phase, is its limit short: no slow machine makes a good answer
 * late, or another phase end first.
 */
function impatient(server: UpstreamTestServer, phase: keyof typeof LIMIT_MS) {
  const timeoutSignal = (timeoutMs: number) =>
    AbortSignal.timeout(
      server.fault !== undefined && timeoutMs === LIMIT_MS[phase] ? 50 : timeoutMs,
    )
  return { timeoutSignal }
}

const failure = (code: string, data: object = {}) =>
  expect.objectContaining({ code, data: expect.objectContaining(data) })

describe('a server that fails', () => {
  const timeout = 'UPSTREAM_TIMEOUT'
  type Told = object | { readonly phase: keyof typeof LIMIT_MS }
  const cases: readonly (readonly [ServerFault, string, Told])[] = [
    ['silent-headers', timeout, { phase: 'connect' }],
    ['early-hints', timeout, { phase: 'connect' }],
    ['silent-before', timeout, { phase: 'first-token' }],
    ['comments-only', timeout, { phase: 'first-token' }],
    ['empty-events', timeout, { phase: 'first-token' }],
    ['drips-one-line', timeout, { phase: 'first-token' }],
    ['silent-within', timeout, { phase: 'idle' }],
    ['huge-line', 'UPSTREAM_MALFORMED', { reason: 'a line beyond every size' }],
    ['gzip-bomb', 'UPSTREAM_MALFORMED', { reason: 'a line beyond every size' }],
    ['event-without-end', 'UPSTREAM_MALFORMED', { reason: 'an event beyond every size' }],
    ['flood', 'UPSTREAM_MALFORMED', { reason: 'a stream beyond every size' }],
    ['not-json', 'UPSTREAM_MALFORMED', { reason: 'an event that is not JSON' }],
    ['not-utf8', 'UPSTREAM_MALFORMED', { reason: 'bytes that are not UTF-8' }],
    ['id-negative', 'UPSTREAM_MALFORMED', {}],
    ['id-broken', 'UPSTREAM_MALFORMED', {}],
    ['second-choice', 'UPSTREAM_MALFORMED', {}],
    ['giant-header', 'UPSTREAM_MALFORMED', {}],
    ['no-http', 'UPSTREAM_MALFORMED', {}],
    ['page-of-a-proxy', 'UPSTREAM_ENDED', {}],
    ['error-event', 'UPSTREAM_ENDED', {}],
    ['truncated', 'UPSTREAM_ENDED', {}],
    ['dies', 'UPSTREAM_ENDED', {}],
    ['resets', 'UPSTREAM_ENDED', {}],
    ['aborts', 'UPSTREAM_ENDED', {}],
    ['redirect', 'UPSTREAM_REFUSED', { status: 302 }],
    ['internal-error', 'UPSTREAM_REFUSED', { status: 500 }],
    ['endless-refusal', 'UPSTREAM_REFUSED', { status: 500 }],
    ['bad-gateway', 'UPSTREAM_REFUSED', { status: 502 }],
    ['too-many-requests', 'UPSTREAM_BUSY', { status: 429, retryAfterS: 7 }],
    ['too-many-requests-no-hint', 'UPSTREAM_BUSY', { status: 429, retryAfterS: 0 }],
    [
      'too-many-requests-absurd-hint',
      'UPSTREAM_BUSY',
      { status: 429, retryAfterS: UPSTREAM_RETRY_AFTER_S_MAX },
    ],
    ['too-many-requests-dated-hint', 'UPSTREAM_BUSY', { status: 503, retryAfterS: 0 }],
  ]
  it.each(cases)('%s ends this request as %s and no other', async (fault, code, data) => {
    const server = await start()
    const isSilent = 'phase' in data
    const engine = await open(server, isSilent ? impatient(server, data.phase) : {})
    const expected = await readAnswer(engine.generate(upstreamRequest(server)))
    server.fault = fault
    const refusal = await readAnswer(engine.generate(upstreamRequest(server))).catch(
      (thrown) => thrown,
    )
    expect(refusal).toEqual(failure(code, data))
    expect(JSON.stringify([refusal.message, refusal.data])).not.toContain('quoted back')
    expect(engine.load()).toEqual({ active: 0, queued: 0 })
    server.fault = undefined
    expect(await readAnswer(engine.generate(upstreamRequest(server)))).toEqual(expected)
    expect(engine.state).toBe('ready')
  })

  it('is not asked again while it is gone, and is found when it is back', async () => {
    const server = await start()
    let isGone = false
    const engine = await open(server, {
      fetch: (...call) =>
        isGone ? Promise.reject(new TypeError('fetch failed')) : globalThis.fetch(...call),
    })
    isGone = true
    const gone = failure('UPSTREAM_UNREACHABLE')
    await expect(readAnswer(engine.generate(upstreamRequest(server)))).rejects.toEqual(gone)
    expect(engine.state).toBe('unreachable')
    const asked = server.asked.length
    await expect(readAnswer(engine.generate(upstreamRequest(server)))).rejects.toEqual(gone)
    expect(server.asked.length).toBe(asked)
    isGone = false
    expect((await readAnswer(engine.generate(upstreamRequest(server)))).last).toMatchObject({
      kind: 'end',
    })
    expect(engine.state).toBe('ready')
  })

  it('that still loads its model is busy, not broken', async () => {
    const server = await start()
    server.fault = 'loading'
    await expect(open(server)).rejects.toEqual(failure('UPSTREAM_BUSY', { status: 503 }))
  })
})

describe('a server that drifts', () => {
  const cases: readonly (readonly [ServerFault, string])[] = [
    ['no-ids', 'ids'],
    ['ids-stop-coming', 'ids'],
    ['id-outside', 'vocabulary'],
    ['wrong-text', 'text'],
    ['wrong-completion-count', 'usage'],
    ['wrong-prompt-count', 'usage'],
    ['no-usage', 'usage'],
    ['another-model', 'model'],
    ['too-many', 'length'],
    ['stops-early', 'end'],
  ]
  it.each(cases)(
    '%s stops the answer (%s), and new work until a look finds it good',
    async (fault, rule) => {
      const server = await start({ answer: LONG_ANSWER })
      const engine = await open(server)
      const greedy = upstreamRequest(server, { sampling: { temperature: 0, topP: 1, seed: 3n } })
      const expected = await readAnswer(engine.generate(greedy))
      server.fault = fault
      const drift = failure('UPSTREAM_DRIFT', { rule })
      await expect(readAnswer(engine.generate(greedy))).rejects.toEqual(drift)
      expect(engine.state).toBe('drifted')
      server.fault = undefined
      expect(await readAnswer(engine.generate(greedy))).toEqual(expected)
      expect(engine.trouble).toBeUndefined()
    },
  )
})

describe('log probabilities that were asked for', () => {
  it.each([
    'no-logprobs',
    'logprobs-of-another',
    'logprobs-above-zero',
    'logprobs-too-few',
  ] as const)('%s is a drift, and nothing of it is passed on', async (fault) => {
    const server = await start()
    const engine = await open(server)
    const ask = upstreamRequest(server, { topLogprobs: 2 })
    const expected = await readAnswer(engine.generate(ask))
    server.fault = fault
    const events: GenerateEvent[] = []
    const reading = (async () => {
      for await (const event of engine.generate(ask)) events.push(event)
    })()
    await expect(reading).rejects.toEqual(failure('UPSTREAM_DRIFT', { rule: 'logprobs' }))
    expect(events.filter(({ kind }) => kind === 'token')).toEqual([])
    server.fault = undefined
    expect(await readAnswer(engine.generate(ask))).toEqual(expected)
  })
})

describe('documents of a server that is looked at', () => {
  it.each([
    ['documents-endless', 'UPSTREAM_MALFORMED'],
    ['documents-drip', 'UPSTREAM_TIMEOUT'],
    ['documents-bomb', 'UPSTREAM_MALFORMED'],
    ['documents-nested', 'UPSTREAM_MALFORMED'],
    ['documents-no-text', 'UPSTREAM_MALFORMED'],
  ] as const)('%s are given up: %s', async (fault, code) => {
    const server = await start()
    server.fault = fault
    const options = code === 'UPSTREAM_TIMEOUT' ? impatient(server, 'check') : {}
    await expect(open(server, options)).rejects.toEqual(failure(code))
    server.fault = undefined
    const engine = await open(server, options)
    server.fault = fault
    await expect(engine.check()).rejects.toEqual(failure(code))
  })
})

describe('what a server is asked', () => {
  it('gets ids, every sampling field, and one salt for each customer', async () => {
    const server = await start()
    const engine = await open(server)
    const logitBias = [{ id: 7, bias: -100 }]
    const sampling = { temperature: 0.5, topP: 0.9, seed: 5n, topK: 9, minP: 0.1, logitBias }
    const penalties = { repetitionPenalty: 1.1, frequencyPenalty: 0.2, presencePenalty: 0.3 }
    const constraint = { kind: 'json_schema' as const, schema: '{"type":"object"}' }
    const ask = upstreamRequest(server, { sampling: { ...sampling, ...penalties }, constraint })
    const before = server.asked.length
    for (const cacheKey of ['a', 'a', 'b', undefined, undefined]) {
      await readAnswer(engine.generate({ ...ask, cacheKey }))
    }
    const asked = server.asked.slice(before)
    expect(asked[0]).toMatchObject({
      prompt: ask.promptTokenIds,
      ...{ max_tokens: 24, temperature: 0.5, top_p: 0.9, seed: 5, top_k: 9, min_p: 0.1 },
      ...{ repetition_penalty: 1.1, frequency_penalty: 0.2, presence_penalty: 0.3 },
      logit_bias: { 7: -100 },
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
      ...{ return_token_ids: true, stream: true, stream_options: { include_usage: true } },
    })
    const salts = asked.map((body) => body['cache_salt'])
    expect(salts[1]).toBe(salts[0])
    expect(new Set(salts).size).toBe(4)
    expect(JSON.stringify(asked)).not.toContain('"a"')
  })

  it.each([
    [
      'llama-cpp',
      {
        constraint: {
          kind: 'tool_calls',
          tools: [{ name: 'f', parameters: '{"type":"object"}' }],
          mode: 'auto',
          parallel: true,
        },
      },
      'tools',
    ],
    ['sglang', { topLogprobs: 2 }, 'logprobs'],
    ['llama-cpp', { topLogprobs: 0 }, 'logprobs'],
    ['openai', { sampling: { temperature: 1, topP: 1, seed: 1n, topK: 3 } }, 'top_k'],
  ] as const)(
    '%s cannot be asked for it: refused by name, nothing sent',
    async (dialect, parts, field) => {
      const server = await start({ dialect })
      const engine = await open(server)
      const asked = server.asked.length
      const refusal = failure('UPSTREAM_FIELD', { field })
      const ask = upstreamRequest(server, parts as Partial<GenerateRequest>)
      await expect(readAnswer(engine.generate(ask))).rejects.toEqual(refusal)
      expect(server.asked.length).toBe(asked)
      expect(engine.state).toBe('ready')
    },
  )

  it('passes log probabilities on by id', async () => {
    const server = await start()
    const engine = await open(server)
    const events: GenerateEvent[] = []
    const sampling = { temperature: 0, topP: 1, seed: 3n }
    const ask = upstreamRequest(server, { topLogprobs: 2, maxTokens: 3, sampling })
    for await (const event of engine.generate(ask)) events.push(event)
    const direct: GenerateEvent[] = []
    for await (const event of server.engine.generate(ask)) direct.push(event)
    expect(events).toEqual(direct)
    expect(events.find(({ kind }) => kind === 'token')).toHaveProperty('logprobs.top.length', 2)
  })

  it('sends the key as a bearer token and shows it nowhere', async () => {
    const server = await start({ apiKey: 'very-secret-key' })
    const logged: unknown[] = []
    const log = (event: string, data: object) => void logged.push([event, data])
    const refusal = await open(server, { apiKey: 'wrong-secret-key', log }).catch((error) => error)
    expect(refusal).toEqual(failure('UPSTREAM_REFUSED', { status: 401 }))
    const engine = await open(server, { apiKey: 'very-secret-key', log })
    server.fault = 'wrong-text'
    const drift = await readAnswer(engine.generate(upstreamRequest(server))).catch((error) => error)
    const shown = JSON.stringify([
      logged,
      refusal,
      refusal.message,
      drift,
      drift.message,
      engine.info,
    ])
    expect(shown).not.toContain('secret')
    expect(server.authorizations).toContain('Bearer very-secret-key')
  })

  it('is told of a cancelled answer by its connection', async () => {
    const server = await start()
    const engine = await open(server)
    const abort = new AbortController()
    const ask = upstreamRequest(server, { maxTokens: 400, signal: abort.signal })
    for await (const event of engine.generate(ask)) if (event.kind === 'token') abort.abort()
    await expect.poll(() => server.cancelled).toBe(1)
    await expect.poll(() => server.engine.load().active).toBe(0)
  })
})

describe('kinds of servers', () => {
  it.each([
    ['vllm', 'vllm 0.11.0-simulated (upstream)', true],
    ['sglang', 'sglang 0.5.0-simulated (upstream)', true],
    ['sglang-new-only', 'sglang 0.5.0-simulated (upstream)', true],
    ['llama-cpp', 'llama-cpp b1-simulated (upstream)', false],
    ['openai', 'openai unknown (upstream)', false],
  ] as const)('%s is recognised, and says the same text', async (dialect, name, exactTokenIds) => {
    const server = await start({ dialect, answer: 'the wörld and 東京, said.' })
    const engine = await open(server)
    expect(engine.info).toMatchObject({ engine: name, exactTokenIds, contextTokens: 512 })
    const sampling = { temperature: 0, topP: 1, seed: 1n }
    const { ids, last } = await readAnswer(
      engine.generate(upstreamRequest(server, { sampling, maxTokens: 64 })),
    )
    const text = server.engine.tokenizer.textStream([])
    expect(ids.map((id) => text.push(id)).join('') + text.end()).toBe('the wörld and 東京, said.')
    expect(last).toEqual({ kind: 'end', finish: 'stop' })
    const { endTokenIds } = server.engine.tokenizer
    expect(endTokenIds.includes(ids.at(-1) ?? -1)).toBe(exactTokenIds)
  })

  it('without ids go nowhere on from an answer that broke off', async () => {
    const server = await start({ dialect: 'llama-cpp' })
    const engine = await open(server)
    const ask = upstreamRequest(server, { resumeTokenIds: [5, 6] })
    await expect(readAnswer(engine.generate(ask))).rejects.toEqual(failure('UPSTREAM_NO_RESUME'))
  })

  it('a vLLM too old for ids is served as text, and says so', async () => {
    const server = await start()
    server.fault = 'no-ids'
    const engine = await open(server)
    expect(engine).toMatchObject({ dialect: 'openai', info: { exactTokenIds: false } })
    await expect(open(server, { dialect: 'vllm' })).rejects.toEqual(
      failure('UPSTREAM_DRIFT', { rule: 'ids' }),
    )
  })

  it('that serves another model is refused at the start', async () => {
    const server = await start()
    server.models = ['other']
    const missing = failure('UPSTREAM_MODEL', { model: server.model })
    await expect(open(server)).rejects.toEqual(missing)
  })
})

it.each([
  ['http://127.0.0.1:8000/v1/', 'http://127.0.0.1:8000'],
  ['https://host/base/v1', 'https://host/base'],
  ['http://host:1', 'http://host:1'],
])('reads the address %s as %s', (text, base) => {
  expect(upstreamBase(text)).toBe(base)
})

it.each([
  '',
  'host:8000',
  'file:///etc',
  'http://user:key@host',
  'http://host/?a=1',
  'http://h/#x',
])('refuses the address %j', (text) => {
  expect(() => upstreamBase(text)).toThrow(expect.objectContaining({ code: 'UPSTREAM_OPTION' }))
})
