/** The local API's client against the real gateway: what it reads, and how it fails. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { openaiDeltas } from '#node/gateway/openai-stream.ts'
import { AttestationError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerWith, chatResult } from '../support/scripted-client-service.ts'

const question = { model: 'cocoon/demo', messages: [{ role: 'user', content: 'Hi' }] } as const

function bodyOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return new Blob([...parts]).stream()
}

describe('chat', () => {
  it('streams the text and names the route', async () => {
    const { url } = await startTestGateway()
    const answer = await new LocalApi(`${url}/`).chat({ ...question, maxTokens: 5 })
    expect(await collect(answer.deltas)).toEqual(['Hello', ' there', '.'])
    expect(answer).toMatchObject({ provider: 'provider-2', requestId: chatResult().requestId })
  })

  it.each([
    [new UnavailableError('NO_PROVIDER', 'none'), 'unavailable'],
    [new AttestationError('QUOTE_REFUSED', 'none'), 'attestation'],
    [new SettlementError('INSUFFICIENT_FUNDS', 'none'), 'settlement'],
  ])('keeps code and kind of %s', async (error, kind) => {
    const { url, service } = await startTestGateway()
    service.chatScript = () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
    })
    await expect(new LocalApi(url).chat(question)).rejects.toMatchObject({ code: error.code, kind })
  })

  it('raises what arrives inside the stream', async () => {
    const { url, service } = await startTestGateway()
    service.chatScript = async function* () {
      for await (const event of answerWith(['half'])) {
        if (event.kind === 'done') throw new UnavailableError('PROVIDER_LOST', 'left')
        yield event
      }
    }
    const { deltas } = await new LocalApi(url).chat(question)
    await expect(collect(deltas)).rejects.toMatchObject({ code: 'PROVIDER_LOST' })
  })

  it('tells a whole answer from one that was cut off', async () => {
    const part = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    expect(await collect(openaiDeltas(bodyOf(part, ': comment\n\n', 'data: [DONE]\n\n')))).toEqual([
      'a',
    ])
    const cut = collect(openaiDeltas(bodyOf(part)))
    await expect(cut).rejects.toMatchObject({ code: 'ANSWER_INCOMPLETE' })
  })

  it('refuses an event without an end', async () => {
    const endless = collect(openaiDeltas(bodyOf(`data: ${'x'.repeat(2_000_000)}`)))
    await expect(endless).rejects.toMatchObject({ code: 'ANSWER_INCOMPLETE' })
  })
})

describe('an address', () => {
  it('where something else answers is not taken for a client', async () => {
    const other = createServer((_request, response) => response.end('{"offers":"many"}'))
    onTestFinished(() => void other.close())
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const api = new LocalApi(`http://127.0.0.1:${port}`)
    await expect(api.offers()).rejects.toMatchObject({ code: 'API_UNKNOWN' })
  })

  it.each(['', '/', '/v1', '/v1/'])('takes an address that ends in "%s"', (end) => {
    expect(new LocalApi(`http://127.0.0.1:1${end}`).url).toBe('http://127.0.0.1:1')
  })

  it('where nothing answers is named', async () => {
    const offers = new LocalApi('http://127.0.0.1:1').offers()
    await expect(offers).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringContaining('http://127.0.0.1:1'),
    })
  })

  it.each(['http://example.org', 'http://127.0.0.1.example.org', 'not a url'])(
    '%s is not on this machine',
    (url) => {
      const refused = expect.objectContaining({ code: 'API_NOT_LOOPBACK' })
      expect(() => new LocalApi(url)).toThrow(refused)
    },
  )
})
