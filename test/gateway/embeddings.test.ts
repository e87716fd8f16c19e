/** POST /v1/embeddings as OpenAI's library sees it: gateway, client and provider are real. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  DECODER_ID,
  type EmbeddingMarket,
  EmbeddingService,
  IDS,
  startEmbeddingMarket,
  TEXTS,
} from '../support/embedding-network.ts'
import { startTestGateway } from '../support/gateway.ts'
import { ROLE_MODEL_ID } from '../support/role-harness.ts'

const model = ROLE_MODEL_ID

let market: EmbeddingMarket
beforeAll(async () => {
  market = await startEmbeddingMarket()
})
afterAll(() => market?.stop())

const start = () => startTestGateway({ service: new EmbeddingService(market.client) })

async function direct(): Promise<number[][]> {
  const { signal } = new AbortController()
  const vectors = await market.network.engine.embed({ inputs: IDS, signal })
  return vectors.map((vector) => Array.from(vector))
}

describe('vectors', () => {
  it('are those of the engine bit for bit, in base64 and as numbers, with usage and price', async () => {
    const { openai } = await start()
    // OpenAI's library asks for base64 when nothing else is said.
    const asked = openai.embeddings.create({ model, input: TEXTS, user: 'someone' })
    const { data, response } = await asked.withResponse()
    expect(data).toMatchObject({ object: 'list', model })
    expect(data.data.map(({ index }) => index)).toEqual([0, 1])
    expect(data.data.map(({ embedding }) => Array.from(embedding))).toEqual(await direct())
    expect(data.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 })
    const { headers } = response
    expect(BigInt(headers.get('x-cocoon-price-nano') ?? '')).toBe(75n)
    expect(headers.get('x-cocoon-receipt')).toMatch(/./)
    expect(headers.get('x-cocoon-provider')).toBe(market.provider.identity)

    const float = await openai.embeddings.create({
      ...{ model, input: IDS, encoding_format: 'float' },
      dimensions: market.network.engine.info.dimensions,
    })
    expect(float.data.map(({ embedding }) => embedding)).toEqual(await direct())
    const one = await openai.embeddings.create({ model, input: IDS[0] ?? [] })
    expect(one.data.map(({ embedding }) => Array.from(embedding))).toEqual(
      (await direct()).slice(0, 1),
    )
  })

  it('are paid from the budget of a key, which counts what they cost', async () => {
    const { withKey, keys } = await start()
    const openai = withKey({ budgetNano: 1_000n })
    await openai.embeddings.create({ model, input: TEXTS })
    await expect.poll(() => keys.list()[0]?.usage.spentNano).toBe(75n)
    const poor = withKey({ budgetNano: 10n })
    await expect(poor.embeddings.create({ model, input: TEXTS })).rejects.toMatchObject({
      status: 402,
      code: 'KEY_BUDGET_SPENT',
    })
    const elsewhere = withKey({ models: ['other'] })
    await expect(elsewhere.embeddings.create({ model, input: TEXTS })).rejects.toMatchObject({
      status: 403,
      code: 'KEY_MODEL_REFUSED',
    })
  })
})

describe('an estimate', () => {
  const ask = { model, input: TEXTS }
  const estimate = (openai: OpenAI, body: object) =>
    openai.post<Record<string, unknown>>('/estimate', { body, maxRetries: 0 })

  it('of texts says what they then cost, in the form of a chat, and asks nobody', async () => {
    const { openai } = await start()
    const before = market.client.desk.state.best.amountNano
    expect(await estimate(openai, ask)).toEqual({
      ...{ object: 'cocoon.estimate', model, n: 1, prompt_tokens: 12 },
      ...{ max_completion_tokens: 0, expected_completion_tokens: 0 },
      ...{ max_price_nano: '75', expected_price_nano: '75', dearest_price_nano: '75' },
      offers: [
        {
          ...{ provider: market.provider.identity, rank: 1, accepted: true, max_price_nano: '75' },
          reasons: expect.any(Array),
        },
      ],
    })
    expect(market.client.desk.state.best.amountNano).toBe(before)
  })

  it('heeds caps and the limits of keys', async () => {
    const { openai, withKey } = await start()
    const dear = estimate(openai, { ...ask, cocoon: { max_price_nano: '1' } })
    await expect(dear).rejects.toMatchObject({ status: 402, code: 'PRICE_ABOVE_MAX' })
    const poor = estimate(withKey({ budgetNano: 10n }), ask)
    await expect(poor).rejects.toMatchObject({ status: 402, code: 'KEY_BUDGET_SPENT' })
    const elsewhere = estimate(withKey({ models: ['other'] }), ask)
    await expect(elsewhere).rejects.toMatchObject({ status: 403, code: 'KEY_MODEL_REFUSED' })
    const chat = { model, messages: [{ role: 'user', content: 'hi' }], input: null }
    expect(await estimate(withKey(), chat)).toMatchObject({ prompt_tokens: 9 })
  })
})

describe('what is refused by name, with nothing spent', () => {
  const refused: [string, object, number, string][] = [
    ['other dimensions', { dimensions: 7 }, 400, 'EMBEDDING_DIMENSIONS'],
    ['a model that chats', { model: DECODER_ID }, 400, 'MODEL_CANNOT_EMBED'],
    ['an unknown model', { model: 'nobody' }, 404, 'MODEL_UNKNOWN'],
    ['another field', { truncate: 'end' }, 400, 'FIELD_UNSUPPORTED'],
    ['no text at all', { input: [] }, 400, 'REQUEST_INVALID'],
    ['a text over the context', { input: 'the '.repeat(100) }, 400, 'EMBEDDING_INPUT_INVALID'],
    [
      'more texts than a request has',
      { input: new Array(2_049).fill('a') },
      400,
      'REQUEST_INVALID',
    ],
    ['a price over the cap', { cocoon: { max_price_nano: '1' } }, 402, 'PRICE_ABOVE_MAX'],
  ]
  it.each(refused)('%s', async (_, more, status, code) => {
    const { openai } = await start()
    const before = market.client.desk.state.best.amountNano
    const body = { model, input: TEXTS, ...more }
    const asked = openai.post('/embeddings', { body, maxRetries: 0 })
    await expect(asked).rejects.toBeInstanceOf(OpenAI.APIError)
    await expect(asked).rejects.toMatchObject({ status, code })
    expect(market.client.desk.state.best.amountNano).toBe(before)
  })

  it('a chat with the model that embeds', async () => {
    const { openai } = await start()
    const messages = [{ role: 'user' as const, content: 'hello' }]
    await expect(openai.chat.completions.create({ model, messages })).rejects.toMatchObject({
      status: 400,
      code: 'MODEL_EMBEDS_ONLY',
    })
  })
})
