/**
 * Servers that were asked for a document and send something else; all SIMULATED, over real HTTP. What they
 * send until then is passed on and counted, what leaves the schema is not.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { GenerateEvent, GenerateRequest, OutputConstraint } from '#inference/engine.ts'
import type { UpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { readAnswer, UpstreamHarness, upstreamRequest } from '../support/upstream-harness.ts'
import type { UpstreamTestServer } from '../support/upstream-server.ts'
import type { ServerDialect } from '../support/upstream-wire.ts'

const harness = new UpstreamHarness()
afterEach(() => harness.close())

const SCHEMA = {
  type: 'object',
  properties: { colour: { enum: ['red', 'rose'] }, count: { type: 'integer', maximum: 9 } },
  required: ['colour'],
}
const CONSTRAINT: OutputConstraint = { kind: 'json_schema', schema: JSON.stringify(SCHEMA) }
const DRIFT = { code: 'UPSTREAM_DRIFT', data: { rule: 'constraint' } }
const KINDS = ['vllm', 'sglang', 'sglang-new-only', 'llama-cpp', 'openai'] as const

/** A server that says this text whatever it is asked for. */
async function liar(dialect: ServerDialect, answer: string) {
  const server = await harness.start({ dialect, answer })
  const engine = await harness.open(server)
  server.fault = 'ignores-constraint'
  return { server, engine }
}

const ask = (server: UpstreamTestServer, parts: Partial<GenerateRequest> = {}) =>
  upstreamRequest(server, {
    ...{ constraint: CONSTRAINT, maxTokens: 200 },
    sampling: { temperature: 0, topP: 1, seed: 1n },
    ...parts,
  })

/** What came out before the end or the error. */
async function follow(engine: UpstreamEngine, request: GenerateRequest) {
  const events: GenerateEvent[] = []
  let error: unknown
  try {
    for await (const event of engine.generate(request)) events.push(event)
  } catch (thrown) {
    error = thrown
  }
  return {
    ids: events.flatMap((event) => (event.kind === 'token' ? [event.id] : [])),
    events,
    error,
  }
}

function textOf(server: UpstreamTestServer, ids: readonly number[]): string {
  const text = server.engine.tokenizer.textStream([])
  return ids.map((id) => text.push(id)).join('') + text.end()
}

const LIES = [
  ['talks first', 'Sure: {"colour": "red"}', ''],
  ['fences it', '```json\n{"colour": "red"}\n```', ''],
  ['sends another type', '["red"]', ''],
  ['sends another value', '{"colour": "green"}', '{"colour": "'],
  ['sends a member of its own', '{"colour": "red", "note": 1}', '{"colour": "red", "'],
  ['sends a number beyond', '{"colour": "red", "count": 12}', '{"colour": "red", "count": 12'],
  ['leaves out what is required', '{"count": 1}', '{"count": 1'],
  ['talks on', '{"colour": "red"}\nThat is it.', '{"colour": "red"}\n'],
  ['sends a second one', '{"colour": "red"}{}', '{"colour": "red"}'],
  ['says that it ends within', '{"colour": "red"', '{"colour": "red"'],
  ['says nothing at all', '', ''],
] as const

describe.each(KINDS)('a %s that is asked for a document', (dialect) => {
  it.each(LIES)('and %s is stopped before that goes on', async (_, answer, before) => {
    const { server, engine } = await liar(dialect, answer)
    const { ids, events, error } = await follow(engine, ask(server))
    expect(error).toMatchObject(DRIFT)
    expect(JSON.stringify(error)).not.toContain('colour')
    expect(before.startsWith(textOf(server, ids))).toBe(true)
    expect(events.some(({ kind }) => kind === 'end')).toBe(false)
    expect(engine.load()).toEqual({ active: 0, queued: 0 })
    await expect.poll(() => server.engine.load().active).toBe(0)
  })

  it.each([
    '{"colour":"red"}',
    ' {\n  "count" : 9.0,\n  "colour" : "\\u0072ose"\n}\n',
    '{"count":-3e0,"colour":"red"}',
  ])('gets through with %j', async (answer) => {
    const { server, engine } = await liar(dialect, answer)
    const { ids, events, error } = await follow(engine, ask(server))
    expect(error).toBeUndefined()
    expect(textOf(server, ids)).toBe(answer)
    expect(events.at(-1)).toEqual({ kind: 'end', finish: 'stop' })
  })

  it('may be cut in it by the limit, and says so', async () => {
    const { server, engine } = await liar(dialect, '{"colour": "red"}')
    const { events } = await follow(engine, ask(server, { maxTokens: 3 }))
    expect(events.at(-1)).toEqual({ kind: 'end', finish: 'length' })
  })
})

describe('a schema that a server does not keep', () => {
  it('stops that answer and nobody else: others need wait for no look', async () => {
    const { server, engine } = await liar('vllm', 'Sure.')
    const free = ask(server, { constraint: undefined })
    const beside = engine.generate(free)[Symbol.asyncIterator]()
    await beside.next()
    expect((await follow(engine, ask(server))).error).toMatchObject(DRIFT)
    const rest = await readAnswer({ [Symbol.asyncIterator]: () => beside })
    expect(rest.last).toEqual({ kind: 'end', finish: 'stop' })
    expect(engine).toMatchObject({ state: 'ready', trouble: undefined })
    const asked = server.asked.length
    expect((await readAnswer(engine.generate(free))).last).toEqual(rest.last)
    expect(server.asked.length).toBe(asked + 1)
  })

  it('any object is held to be one', async () => {
    const { server, engine } = await liar('openai', '[{"a": 1}]')
    const json = ask(server, { constraint: { kind: 'json_object' } })
    expect(await follow(engine, json)).toMatchObject({ ids: [], error: DRIFT })
  })

  it('an answer that was whole before it broke off is over, and one that was none is not', async () => {
    const { server, engine } = await liar('vllm', '{"colour": "red"}')
    const whole = await follow(engine, ask(server))
    const asked = server.asked.length
    const again = await follow(engine, ask(server, { resumeTokenIds: whole.ids }))
    expect(again.events).toEqual([{ kind: 'end', finish: 'stop' }])
    const resumeTokenIds = [...whole.ids.slice(0, 3), ...whole.ids.slice(-1)]
    const broken = await follow(engine, ask(server, { resumeTokenIds }))
    expect(broken.error).toMatchObject({ code: 'UPSTREAM_NO_RESUME' })
    expect(server.asked.length).toBe(asked)
  })
})

describe.each(['vllm', 'sglang'] as const)('a %s that is given functions', (dialect) => {
  const tools = [{ name: 'paint', parameters: JSON.stringify(SCHEMA) }]
  const constraint = { kind: 'tool_calls', tools, mode: 'auto', parallel: true } as const
  const call = (text: string) => `<tool_call>${text}</tool_call>`

  it.each([
    'No, I will not.',
    `Ok.\n${call('{"name": "paint", "arguments": {"count": 1, "colour": "red"}}')}`,
  ])('may say %j', async (answer) => {
    const { server, engine } = await liar(dialect, answer)
    const { ids, error } = await follow(engine, ask(server, { constraint }))
    expect(error).toBeUndefined()
    expect(textOf(server, ids)).toBe(answer)
  })

  it.each([
    ['{"name": "burn", "arguments": {}}', '{"name": "'],
    ['{"name": "paint", "arguments": {"colour": 1}}', '{"name": "paint", "arguments": {"colour": '],
    ['{"name": "paint"}', '{"name": "paint"'],
    ['', ''],
  ])('may not call %j', async (text, before) => {
    const { server, engine } = await liar(dialect, `Ok. ${call(text)}`)
    const { ids, events, error } = await follow(engine, ask(server, { constraint }))
    expect(error).toMatchObject(DRIFT)
    expect(`Ok. <tool_call>${before}`.startsWith(textOf(server, ids))).toBe(true)
    expect(events.some(({ kind }) => kind === 'end')).toBe(false)
  })
})

it("servers are told in the standard's words what a schema means here", async () => {
  const server = await harness.start({ dialect: 'vllm' })
  const engine = await harness.open(server)
  const part = { properties: { a: { minLength: 1 } }, required: ['a', 'b'] }
  const schema = JSON.stringify({ anyOf: [part, { $ref: '#/$defs/open' }], $defs: { open: {} } })
  await follow(engine, ask(server, { constraint: { kind: 'json_schema', schema } }))
  const { response_format } = server.asked.at(-1) as { response_format: unknown }
  const stated = {
    type: 'object',
    properties: { a: { type: 'string', minLength: 1 }, b: {} },
    required: ['a', 'b'],
    additionalProperties: false,
  }
  expect(response_format).toMatchObject({
    json_schema: { schema: { anyOf: [stated, { $ref: '#/$defs/open' }], $defs: { open: {} } } },
  })
})
