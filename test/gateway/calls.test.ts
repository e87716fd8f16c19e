/** Idempotency keys, estimates, price caps by header, CORS, and ids on every answer. */
import { describe, expect, it } from 'vitest'
import { CHATS_IN_FLIGHT_MAX, IDEMPOTENCY_LIFE_MS } from '#node/gateway/constants.ts'
import { pageGuard } from '#node/gateway/guard.ts'
import { SettlementError, UnavailableError } from '#protocol/errors.ts'
import { errorCode } from '../support/error-code.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerWith } from '../support/scripted-client-service.ts'

const ask = { model: 'cocoon/demo', messages: [{ role: 'user' as const, content: 'Hi' }] }

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code

describe('an idempotency key', () => {
  const key = { 'idempotency-key': 'one' }

  it.each([false, true])('gives the same answer and asks once (stream: %s)', async (stream) => {
    const { url, service } = await startTestGateway()
    const chat = `${url}/v1/chat/completions`
    const first = await post(chat, { ...ask, stream }, key)
    const text = await first.text()
    const second = await post(chat, { ...ask, stream }, key)
    expect(await second.text()).toBe(text)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(second.headers.get('x-cocoon-provider')).toBe('provider-2')
    expect(second.headers.get('x-request-id')).toBe(first.headers.get('x-request-id'))
    expect(service.asked).toHaveLength(1)
  })

  it('refuses another body, runs again on another path and after its time', async () => {
    let nowMs = 5_000
    const { url, service } = await startTestGateway({ clock: { nowMs: () => nowMs } })
    await (await post(`${url}/v1/chat/completions`, ask, key)).text()
    const other = await post(`${url}/v1/chat/completions`, { ...ask, seed: 1 }, key)
    expect([other.status, await codeOf(other)]).toEqual([422, 'IDEMPOTENCY_BODY_DIFFERS'])
    await (await post(`${url}/v1/estimate`, ask, key)).text()
    expect(service.estimated).toHaveLength(1)
    nowMs += IDEMPOTENCY_LIFE_MS + 1
    await (await post(`${url}/v1/chat/completions`, ask, key)).text()
    expect(service.asked).toHaveLength(2)
  })

  it('tells a second call to wait while the first runs', async () => {
    const { url, service } = await startTestGateway()
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    service.chatScript = async function* () {
      begun.resolve()
      await gate.promise
      yield* answerWith(['ok'])
    }
    const first = post(`${url}/v1/chat/completions`, ask, key)
    await begun.promise
    const second = await post(`${url}/v1/chat/completions`, ask, key)
    expect([second.status, await codeOf(second)]).toEqual([409, 'IDEMPOTENCY_RUNNING'])
    expect(second.headers.get('retry-after')).toBe('1')
    gate.resolve()
    expect((await first).status).toBe(200)
  })

  it('is forgotten when the call failed or its stream broke off', async () => {
    const { url, service } = await startTestGateway()
    service.chatScript = async function* () {
      for await (const event of answerWith(['half'])) {
        if (event.kind === 'done') throw new UnavailableError('PROVIDER_GONE', 'gone')
        yield event
      }
    }
    await (await post(`${url}/v1/chat/completions`, { ...ask, stream: true }, key)).text()
    const failed = await post(`${url}/v1/chat/completions`, ask, key)
    expect(failed.status).toBe(503)
    service.chatScript = () => answerWith(['whole'])
    const again = await post(`${url}/v1/chat/completions`, ask, key)
    expect(again.status).toBe(200)
    expect(service.asked).toHaveLength(3)
  })

  it('of one caller is not that of another', async () => {
    const { url, service, withKey } = await startTestGateway()
    const [a, b] = [withKey().apiKey, withKey().apiKey]
    for (const token of [a, b]) {
      const headers = { ...key, authorization: `Bearer ${token}` }
      await (await post(`${url}/v1/chat/completions`, ask, headers)).text()
    }
    expect(service.asked).toHaveLength(2)
  })

  it.each(['', 'ä', 'a b', 'x'.repeat(256)])('%j is refused', async (text) => {
    const { url } = await startTestGateway()
    const headers = { 'idempotency-key': Buffer.from(text).toString('latin1') }
    const response = await post(`${url}/v1/chat/completions`, ask, headers)
    expect([response.status, await codeOf(response)]).toEqual([400, 'IDEMPOTENCY_KEY_INVALID'])
  })
})

describe('a price before asking', () => {
  it('is counted and ranked without asking', async () => {
    const { url, service } = await startTestGateway()
    const response = await post(`${url}/v1/estimate`, { ...ask, max_tokens: 20 })
    expect(await response.json()).toMatchObject({
      object: 'cocoon.estimate',
      prompt_tokens: 9,
      max_completion_tokens: 20,
      expected_completion_tokens: 10,
      max_price_nano: '12000',
      expected_price_nano: '6000',
      dearest_price_nano: '15000',
      offers: [{ provider: 'provider-2', accepted: true, rank: 1 }, { provider: 'provider-1' }],
    })
    expect(service.asked).toEqual([])
  })

  it('is held to by x-cocoon-max-price-nano, the lower of header and body', async () => {
    const { url, service } = await startTestGateway()
    const header = { 'x-cocoon-max-price-nano': '500' }
    const chat = `${url}/v1/chat/completions`
    await (await post(chat, ask, header)).text()
    await (await post(chat, { ...ask, cocoon: { max_price_nano: '400' } }, header)).text()
    expect(service.asked.map((one) => one.maxPriceNano)).toEqual([500n, 400n])
    const wrong = await post(chat, ask, { 'x-cocoon-max-price-nano': '-1' })
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'REQUEST_INVALID'])
  })

  it('above a spend cap is 402 with its code', async () => {
    const { url, service } = await startTestGateway()
    service.chatScript = async function* () {
      yield* []
      throw new SettlementError('SPEND_CAP_DAY', 'no more today')
    }
    const response = await post(`${url}/v1/chat/completions`, ask)
    expect(response.status).toBe(402)
    expect(await response.json()).toMatchObject({
      error: { code: 'SPEND_CAP_DAY', type: 'payment_error' },
    })
  })
})

describe('pages of other sites', () => {
  const origin = 'https://app.example'

  it('are refused by default, also before a request that a browser asks about', async () => {
    const { url } = await startTestGateway()
    const preflight = await fetch(`${url}/v1/models`, { method: 'OPTIONS', headers: { origin } })
    expect(preflight.status).toBe(403)
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('may call when they are listed, by their exact origin', async () => {
    const { url } = await startTestGateway({ corsOrigins: [origin] })
    const chat = `${url}/v1/chat/completions`
    const preflight = await fetch(chat, { method: 'OPTIONS', headers: { origin } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    const answer = await post(chat, ask, { origin })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('vary')).toContain('origin')
    const other = await post(chat, ask, { origin: 'https://app.example.evil' })
    expect(other.status).toBe(403)
  })

  it.each(['*', 'https://app.example/', 'app.example', 'null', 'file://x'])(
    '%s is no list entry',
    (entry) => {
      const guard = () => pageGuard({ corsOrigins: [entry], isExposed: false })
      expect(errorCode(guard)).toBe('CORS_ORIGIN_INVALID')
    },
  )
})

describe('every answer', () => {
  it.each(['/v1/models', '/v1/none', '/api/v1/status'])('of %s has an id', async (path) => {
    const { url } = await startTestGateway()
    const { headers } = await fetch(url + path)
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(headers.get('x-cocoon-request-id')).toBe(headers.get('x-request-id'))
  })
})

describe('many at once', () => {
  it('end in an answer, or in 429 that says when to come back', async () => {
    const { url, service } = await startTestGateway()
    const gate = Promise.withResolvers<void>()
    service.chatScript = async function* () {
      await gate.promise
      yield* answerWith(['ok'])
    }
    const extra = 16
    let busy = 0
    const calls = Array.from({ length: CHATS_IN_FLIGHT_MAX + extra }, async (_, index) => {
      const body = { ...ask, stream: index % 2 === 0 }
      const response = await post(`${url}/v1/chat/completions`, body)
      if (response.status === 429) {
        expect(response.headers.get('retry-after')).toBe('1')
        if (++busy === extra) gate.resolve()
      }
      await response.text()
      return response.status
    })
    const statuses = await Promise.all(calls)
    expect(statuses.filter((status) => status === 200)).toHaveLength(CHATS_IN_FLIGHT_MAX)
    expect(statuses.filter((status) => status === 429)).toHaveLength(extra)
    // All places are free again.
    expect((await post(`${url}/v1/chat/completions`, ask)).status).toBe(200)
  })
})
