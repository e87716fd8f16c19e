/** The OpenAI API as the official client sees it, over real HTTP. */
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerWith, chatResult } from '../support/scripted-client-service.ts'

const messages = [{ role: 'user' as const, content: 'Hi' }]
const ask = { model: 'cocoon/demo', messages }

function refuse(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}

describe('models', () => {
  it('are listed, found by an id with a slash, and unknown ones are 404', async () => {
    const { openai } = await startTestGateway()
    const listed = await collect(openai.models.list())
    expect(listed.map((model) => model.id)).toEqual(['cocoon/demo'])
    expect((await openai.models.retrieve('cocoon/demo')).owned_by).toBe('cocoon')
    await expect(openai.models.retrieve('nobody/none')).rejects.toThrow(OpenAI.NotFoundError)
  })
})

describe('a whole answer', () => {
  it('carries text, usage, route, receipt and price', async () => {
    const { openai } = await startTestGateway()
    const { data, response } = await openai.chat.completions.create(ask).withResponse()
    expect(data.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'Hello there.' },
    })
    expect(data.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-request-id': chatResult().requestId,
      'x-cocoon-provider': 'provider-2',
      'x-cocoon-tier': 'simulated',
      'x-cocoon-receipt': 'receipt-1',
      'x-cocoon-price-nano': '12345',
    })
  })

  it('is asked for with exactly what the caller said', async () => {
    const { openai, service } = await startTestGateway()
    await openai.chat.completions.create({
      model: 'cocoon/demo',
      messages: [
        { role: 'developer', content: 'Be short.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: 'Yes?', refusal: null },
        { role: 'user', content: 'Go on' },
      ],
      max_completion_tokens: 17,
      temperature: 0.5,
      top_p: 0.9,
      seed: -1,
      stop: ['\n', 'END'],
      n: 1,
      user: 'someone',
    })
    expect(service.asked[0]).toEqual({
      callerId: expect.stringMatching(/^[0-9a-f]{32}$/),
      model: 'cocoon/demo',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Yes?' },
        { role: 'user', content: 'Go on' },
      ],
      maxTokens: 17,
      temperature: 0.5,
      topP: 0.9,
      seed: 2n ** 64n - 1n,
      stop: ['\n', 'END'],
    })
  })

  it('has defaults: greedy, half of the context at most', async () => {
    const { openai, service } = await startTestGateway()
    await openai.chat.completions.create(ask)
    expect(service.asked[0]).toMatchObject({ maxTokens: 128, temperature: 0, topP: 1, stop: [] })
  })

  it('passes caps of this request on', async () => {
    const { url, service } = await startTestGateway()
    const body = {
      ...ask,
      cocoon: { max_price_nano: '900', tier_min: 'confidential', share_cache: true },
    }
    await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const caps = { maxPriceNano: 900n, tierMin: 'confidential' }
    expect(service.asked[0]).toMatchObject({ ...caps, shareCache: true })
    await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, cocoon: { share_cache: false } }),
    })
    expect(service.asked[1]).not.toHaveProperty('shareCache')
  })
})

describe('a streamed answer', () => {
  it('arrives piece by piece and ends with the reason', async () => {
    const { openai } = await startTestGateway()
    const stream = await openai.chat.completions.create({ ...ask, stream: true })
    const chunks = await collect(stream)
    expect(chunks.map((part) => part.choices[0]?.delta.content ?? '').join('')).toBe('Hello there.')
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.every((part) => part.usage === undefined)).toBe(true)
    expect(new Set(chunks.map((part) => part.id)).size).toBe(1)
  })

  it('sends a piece before the next one exists', async () => {
    const { openai, service } = await startTestGateway()
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
    service.chatScript = async function* () {
      for await (const event of answerWith(['first', 'second'])) {
        if (event.kind === 'text' && event.text === 'second') await mayGoOn
        yield event
      }
    }
    const seen: string[] = []
    for await (const part of await openai.chat.completions.create({ ...ask, stream: true })) {
      const text = part.choices[0]?.delta.content
      if (text) seen.push(text)
      if (text === 'first') goOn()
    }
    expect(seen).toEqual(['first', 'second'])
  })

  it('tells usage only when asked, in a last chunk without choices', async () => {
    const { openai } = await startTestGateway()
    const options = { ...ask, stream: true as const, stream_options: { include_usage: true } }
    const chunks = await collect(await openai.chat.completions.create(options))
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 12 } })
    expect(chunks.slice(0, -1).every((part) => part.usage === null)).toBe(true)
  })

  it('names receipt and price in comments before [DONE], route in headers', async () => {
    const { url } = await startTestGateway()
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, stream: true }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('x-cocoon-provider')).toBe('provider-2')
    const text = await response.text()
    expect(text).toContain(': x-cocoon-receipt receipt-1\n')
    expect(text).toContain(': x-cocoon-price-nano 12345\n')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('raises an error that comes after the first piece', async () => {
    const { openai, service } = await startTestGateway()
    service.chatScript = async function* () {
      for await (const event of answerWith(['half'])) {
        if (event.kind === 'done') throw new UnavailableError('PROVIDER_LOST', 'the provider left')
        yield event
      }
    }
    const stream = await openai.chat.completions.create({ ...ask, stream: true })
    const read = collect(stream)
    await expect(read).rejects.toMatchObject({ code: 'PROVIDER_LOST' })
  })
})

describe('a client that leaves', () => {
  it.each([true, false])('cancels the work (stream: %s)', async (stream) => {
    const { openai, service, logged } = await startTestGateway()
    const started = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    service.chatScript = async function* (_request, signal) {
      signal.addEventListener('abort', () => aborted.resolve(), { once: true })
      for await (const event of answerWith(['secret piece'])) {
        if (event.kind === 'done') {
          started.resolve()
          await aborted.promise
          throw new UnavailableError('CANCELLED', 'cancelled')
        }
        yield event
      }
    }
    const leave = new AbortController()
    const read = (async () => {
      const options = { signal: leave.signal }
      if (!stream) return openai.chat.completions.create(ask, options)
      const parts = await openai.chat.completions.create({ ...ask, stream: true }, options)
      return collect(parts)
    })()
    const ended = read.catch(() => undefined)
    await started.promise
    leave.abort()
    await aborted.promise
    await ended
    expect(logged()).not.toContain('secret piece')
  })
})

describe('refusals', () => {
  it.each([
    [{ tools: [] }, 'tools', 'REQUEST_INVALID'],
    [{ functions: [] }, 'functions', 'FIELD_UNSUPPORTED'],
    [{ logit_bias: { x: 1 } }, 'logit_bias.x', 'REQUEST_INVALID'],
    [{ logit_bias: { 1: 101 } }, 'logit_bias.1', 'REQUEST_INVALID'],
    [{ n: 9 }, 'n', 'REQUEST_INVALID'],
    [{ top_k: 1_025 }, 'top_k', 'REQUEST_INVALID'],
    [{ min_p: 1.1 }, 'min_p', 'REQUEST_INVALID'],
    [{ repetition_penalty: 0 }, 'repetition_penalty', 'REQUEST_INVALID'],
    [{ top_logprobs: 2 }, 'top_logprobs', 'REQUEST_INVALID'],
    [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs', 'REQUEST_INVALID'],
    [{ temperature: 3 }, 'temperature', 'REQUEST_INVALID'],
    [{ top_p: 0 }, 'top_p', 'REQUEST_INVALID'],
    [{ max_tokens: 0 }, 'max_tokens', 'REQUEST_INVALID'],
    [{ max_tokens: 1, max_completion_tokens: 2 }, 'max_tokens', 'REQUEST_INVALID'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop', 'REQUEST_INVALID'],
    [{ seed: 1.5 }, 'seed', 'REQUEST_INVALID'],
    [{ stream_options: { include_usage: true } }, 'stream_options', 'REQUEST_INVALID'],
    [{ presence_penalty: 2.1 }, 'presence_penalty', 'REQUEST_INVALID'],
    [{ messages: [] }, 'messages', 'REQUEST_INVALID'],
    [{ messages: [{ role: 'bot', content: 'x' }] }, 'messages[0].role', 'REQUEST_INVALID'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id', 'REQUEST_INVALID'],
    [
      { messages: [{ role: 'user', content: 'x', name: 'y' }] },
      'messages[0].name',
      'FIELD_UNSUPPORTED',
    ],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content', 'REQUEST_INVALID'],
    [{ cocoon: { max_price_nano: 5 } }, 'cocoon.max_price_nano', 'REQUEST_INVALID'],
  ])('%j is 400 and names the field', async (extra, param, code) => {
    const { openai, service } = await startTestGateway()
    const body = { ...ask, ...extra } as unknown as typeof ask
    const refused = openai.chat.completions.create(body)
    await expect(refused).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(refused).rejects.toMatchObject({ param, code, type: 'invalid_request_error' })
    expect(service.asked).toEqual([])
  })

  it('of an unknown model are 404, with the remedy and its page', async () => {
    const { openai, service } = await startTestGateway()
    service.chatScript = () => refuse(new ConfigError('MODEL_UNKNOWN', 'no such model'))
    const refused = openai.chat.completions.create(ask)
    await expect(refused).rejects.toMatchObject({
      status: 404,
      code: 'MODEL_UNKNOWN',
      error: { remedy: expect.any(String), docs: 'docs/ERRORS.md#model_unknown' },
      requestID: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })

  it('by every provider are 503 and say why each', async () => {
    const { openai, service } = await startTestGateway()
    const data = { 'provider-1': 'price cap', 'provider-2': 'TCB_OUT_OF_DATE' }
    service.chatScript = () => refuse(new UnavailableError('NO_PROVIDER', 'none left', { data }))
    const refused = openai.chat.completions.create(ask)
    await expect(refused).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('provider-2: TCB_OUT_OF_DATE'),
      error: { data },
    })
    expect(service.asked).toHaveLength(1)
  })

  it('by accident are 500 and tell nothing of the cause', async () => {
    const { openai, service, logged } = await startTestGateway()
    service.chatScript = () => refuse(new Error('the prompt was: Hi secret'))
    const refused = openai.chat.completions.create(ask, { maxRetries: 0 })
    await expect(refused).rejects.toMatchObject({ status: 500, code: 'INTERNAL' })
    await expect(refused).rejects.not.toThrow('secret')
    expect(logged()).not.toContain('secret')
  })

  it('of bytes that are not UTF-8 are 400, before anything is paid for', async () => {
    const { url, service } = await startTestGateway()
    const [head = '', tail = ''] = JSON.stringify({ ...ask, user: '#' }).split('#')
    const body = Buffer.concat([Buffer.from(head), Buffer.of(0xc3, 0x28), Buffer.from(tail)])
    for (const key of [undefined, 'once']) {
      const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { code: 'REQUEST_INVALID' } })
    }
    expect(service.asked).toEqual([])
  })
})
