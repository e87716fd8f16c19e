/** The local API, its guard against web pages, and its limits. */
import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  channelSchema,
  jobLineResultSchema,
  jobSchema,
  offerSchema,
  receiptSchema,
  requestSchema,
  settlementSchema,
  statusSchema,
} from '#node/gateway/api-schema.ts'
import { CHAT_BODY_BYTES_MAX, FINISHED_REQUESTS_MAX } from '#node/gateway/constants.ts'
import { createRequestLog } from '#node/gateway/request-log.ts'
import { serveGateway } from '#node/gateway/serve.ts'
import { startTestGateway } from '../support/gateway.ts'
import { chatResult } from '../support/scripted-client-service.ts'

const get = async (url: string) => (await fetch(url)).json()

const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

/** fetch() cannot set the Host header. */
function statusWithHost(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path: '/v1/models', headers: { host } },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    request.on('error', reject)
    request.end()
  })
}

describe('documents', () => {
  it('follow the shared schemas, money as decimal text', async () => {
    const { url } = await startTestGateway()
    const api = `${url}/api/v1`
    expect(statusSchema.parse(await get(`${api}/status`)).peerId).toBe('12D3KooWTest')
    expect(z.array(offerSchema).parse(await get(`${api}/offers`))[0]?.latencyMs).toBeNull()
    expect(z.array(receiptSchema).parse(await get(`${api}/receipts`))[0]?.usedNano).toBe('12345')
    expect(receiptSchema.parse(await get(`${api}/receipts/receipt-1`)).id).toBe('receipt-1')
    const channel = channelSchema.parse(await get(`${api}/channels/0:aa`))
    expect(channel.depositedNano).toBe('1000000000000000000')
    expect(z.array(jobSchema).parse(await get(`${api}/jobs`))[0]?.error).toBeNull()
    const results = z.array(jobLineResultSchema).parse(await get(`${api}/jobs/job-1/results`))
    expect(results[0]?.text).toBe('Answer.')
    const settled = await (await post(`${api}/settle`, '{}')).json()
    expect(z.array(settlementSchema).parse(settled)[0]?.refundedNano).toBe('60')
  })

  it('keep route and verdict of a finished request, not its text', async () => {
    const { url, openai } = await startTestGateway()
    await openai.chat.completions.create({
      model: 'cocoon/demo',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const text = await (await fetch(`${url}/api/v1/requests/${chatResult().requestId}`)).text()
    const document = requestSchema.parse(JSON.parse(text))
    expect(document.verdict.steps[0]?.status).toBe('passed')
    expect(document.offers).toHaveLength(2)
    expect(text).not.toContain('Hello there')
  })

  it.each([
    'receipts/none',
    'channels/none',
    'requests/none',
    'jobs/none',
    'jobs/none/results',
    'no',
  ])('%s is 404', async (path) => {
    const { url } = await startTestGateway()
    const response = await fetch(`${url}/api/v1/${path}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'NOT_FOUND' } })
  })
})

describe('the log of finished requests', () => {
  it('forgets the oldest', () => {
    const log = createRequestLog(FINISHED_REQUESTS_MAX)
    for (let index = 0; index <= FINISHED_REQUESTS_MAX; index++) {
      log.add(chatResult({ requestId: String(index) }))
    }
    expect(log.get('0')).toBeUndefined()
    expect(log.get('1')).toBeDefined()
    expect(log.get(String(FINISHED_REQUESTS_MAX))).toBeDefined()
  })
})

describe('jobs', () => {
  it('are submitted with prompts or messages', async () => {
    const { url, service } = await startTestGateway()
    const lines = [
      { prompt: 'One?', custom_id: 'a', max_tokens: 5 },
      { messages: [{ role: 'user', content: 'Two?' }] },
    ]
    const body = JSON.stringify({ model: 'cocoon/demo', lines, priceCapNano: '100' })
    const response = await post(`${url}/api/v1/jobs`, body)
    expect(response.status).toBe(201)
    expect(jobSchema.parse(await response.json()).id).toBe('job-1')
    expect(service.submitted[0]).toEqual([
      { customId: 'a', messages: [{ role: 'user', content: 'One?' }], maxTokens: 5 },
      { customId: undefined, messages: [{ role: 'user', content: 'Two?' }], maxTokens: 128 },
    ])
  })

  it('with a bad line are refused, naming the line', async () => {
    const { url } = await startTestGateway()
    const body = JSON.stringify({ model: 'm', lines: [{ prompt: 'a' }, { custom_id: 'b' }] })
    const response = await post(`${url}/api/v1/jobs`, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: 'lines[1]' } })
  })
})

describe('events', () => {
  it('stream as NDJSON and stop when the reader leaves', async () => {
    const { url, service } = await startTestGateway()
    const stopped = Promise.withResolvers<void>()
    service.eventScript = async function* (signal) {
      signal.addEventListener('abort', () => stopped.resolve(), { once: true })
      yield { atMs: 1, peer: 'client-1', kind: 'warning', code: 'TEST', message: 'one' }
      await stopped.promise
    }
    const leave = new AbortController()
    const response = await fetch(`${url}/api/v1/events`, { signal: leave.signal })
    let text = ''
    const read = (async () => {
      for await (const part of response.body!) {
        text += new TextDecoder().decode(part)
        if (text.includes('TEST')) leave.abort()
      }
    })()
    await expect(read).rejects.toThrow()
    await stopped.promise
    expect(JSON.parse(text.trim())).toMatchObject({ kind: 'warning', code: 'TEST' })
  })
})

describe('the guard', () => {
  it.each([
    ['localhost', 200],
    ['127.0.0.1', 200],
    ['[::1]', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost@evil.example', 400],
  ])('answers to Host %j with %i', async (host, status) => {
    const { gateway } = await startTestGateway()
    expect(await statusWithHost(gateway.port, `${host}:${gateway.port}`)).toBe(status)
  })

  it('refuses pages of other sites and grants no CORS', async () => {
    const { url } = await startTestGateway()
    const foreign = await fetch(`${url}/v1/models`, { headers: { origin: 'https://evil.example' } })
    expect(foreign.status).toBe(403)
    expect(foreign.headers.has('access-control-allow-origin')).toBe(false)
    const preflight = await fetch(`${url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: 'null', 'access-control-request-method': 'POST' },
    })
    expect(preflight.ok).toBe(false)
  })

  it('refuses a body that a form could post', async () => {
    const { url, service } = await startTestGateway()
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
    const response = await post(`${url}/v1/chat/completions`, body, {
      'content-type': 'text/plain',
    })
    expect(response.status).toBe(415)
    expect(service.asked).toEqual([])
  })

  it('refuses a body that is too large, and one that is not JSON without quoting it', async () => {
    const { url } = await startTestGateway()
    const large = await post(`${url}/v1/chat/completions`, 'x'.repeat(CHAT_BODY_BYTES_MAX + 1))
    expect(large.status).toBe(413)
    const broken = await post(`${url}/v1/chat/completions`, '{"secret words')
    expect(broken.status).toBe(400)
    expect(await broken.text()).not.toContain('secret')
  })
})

describe('the port', () => {
  it('that is taken is named, with the remedy', async () => {
    const { gateway } = await startTestGateway()
    const { Hono } = await import('hono')
    const second = serveGateway({ app: new Hono(), host: '127.0.0.1', port: gateway.port })
    await expect(second).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(String(gateway.port)),
      remedy: expect.stringContaining('--api-port'),
    })
  })
})
