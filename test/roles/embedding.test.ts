/** Vectors through the network: exact, paid for, refused when they are wrong, and had from somebody else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { priceNano } from '#protocol/money.ts'
import {
  DECODER_ID,
  type EmbeddingNetwork,
  embed,
  lyingEngine,
  startEmbeddingNetwork,
} from '../support/embedding-network.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { lying } from '../support/role-tamper.ts'
import { ENCODER_CONTEXT, ENCODER_VOCABULARY, ENCODER_WIDTH } from '../support/tiny-encoder.ts'

const SELLER = { walletName: 'seller' }
const OTHER = { walletName: 'other seller' }
const BUYER = { walletName: 'buyer' }

let network: EmbeddingNetwork
beforeAll(async () => {
  network = await startEmbeddingNetwork()
  for (const name of [SELLER, OTHER, BUYER]) await network.wallet(name.walletName)
})
afterAll(() => network.stop())

const TEXT_PRICES = { ...PRICES, completionNanoPerMtok: 0n }
const CHEAP = {
  promptNanoPerMtok: 1_000_000n,
  cachedNanoPerMtok: 1_000n,
  completionNanoPerMtok: 0n,
}
/** 62 ids: four chunks of a stranger. */
const INPUTS = ['Hello World!', 'the cocoon spins', ...new Array(10).fill('hello world !')]
const IDS = [[2, 4, 5, 11, 3], [2, 6, 7, 8, 9, 10, 3], ...new Array(10).fill([2, 4, 5, 11, 3])]
const TOKENS = IDS.flat().length

const direct = () => network.engine.embed({ inputs: IDS, signal: new AbortController().signal })

function expectConserved(): void {
  const { balancesNano, feesNano, genesisNano } = network.devchain.totals()
  expect(balancesNano + feesNano).toBe(genesisNano)
}

test('vectors are those of the engine bit for bit, and cost their prompt, to the last nanoTON', async () => {
  const sold = { ...SELLER, embedding: network.engine, prices: TEXT_PRICES }
  const provider = await TestProvider.start(network, 'honest', sold)
  const client = await TestClient.start(network, 'reader', [provider], BUYER)
  const spent = Promise.withResolvers<object>()
  const result = await embed(client, INPUTS, { dimensions: ENCODER_WIDTH }, spent.resolve)
  expect(result.vectors).toEqual(await direct())
  const counts = { promptTokens: TOKENS, cachedTokens: 0, completionTokens: 0 }
  const price = priceNano(TEXT_PRICES, counts)
  expect(result).toMatchObject({ promptTokens: TOKENS, priceNano: price, tier: 'simulated' })
  expect(await spent.promise).toEqual({
    priceNano: price,
    promptTokens: TOKENS,
    completionTokens: 0,
  })
  // Paid for in pieces, never all at once.
  const payments = client.events.filter(({ kind }) => kind === 'payment')
  expect(payments.length).toBeGreaterThan(3)

  const again = await embed(client, [IDS[0] as number[]])
  expect(again.vectors).toEqual((await direct()).slice(0, 1))
  const [settled] = await client.settle()
  expect(settled?.claimedNano).toBe(price + again.priceNano)
  expect(settled?.refundedNano).toBe((settled?.depositedNano ?? 0n) - price - again.priceNano)
  expect([...client.codes, ...provider.codes]).toEqual([])
  await client.stop()
  await provider.stop()
  expectConserved()
})

describe('a provider that lies', () => {
  const lies = {
    'not a number': (vector: Float32Array) => [vector.map(() => Number.NaN)],
    'too few numbers': (vector: Float32Array) => [vector.slice(1)],
    'too few vectors': () => [],
    'too many vectors': (vector: Float32Array) => [vector, vector],
  }
  test.each(Object.entries(lies))('%s: is refused, and another one answers', async (name, lie) => {
    const embedding = lyingEngine(network.engine, lie)
    const liar = await TestProvider.start(network, `liar ${name}`, {
      ...OTHER,
      embedding,
      prices: CHEAP,
    })
    const sold = { ...SELLER, embedding: network.engine, prices: TEXT_PRICES }
    const honest = await TestProvider.start(network, `honest ${name}`, sold)
    const client = await TestClient.start(network, `reader ${name}`, [liar, honest], BUYER)
    const result = await embed(client, INPUTS)
    expect(client.codes).toEqual(['VECTOR_INVALID'])
    expect(result.provider).toBe(honest.identity)
    expect(result.vectors).toEqual(await direct())
    for (const peer of [client, liar, honest]) await peer.stop()
    expectConserved()
  })
})

test('vectors on the way that are others than those of the receipt are refused', async () => {
  const sold = { ...SELLER, embedding: network.engine, prices: TEXT_PRICES }
  const provider = await TestProvider.start(network, 'changed', sold)
  provider.wrap = lying({
    content: (content) =>
      content.kind === 'vector'
        ? [{ kind: 'vector', numbers: content.numbers.map((value) => -value) }]
        : [content],
  }).wrap
  const client = await TestClient.start(network, 'reader of changed', [provider], BUYER)
  await expect(embed(client, INPUTS)).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  expect(client.codes).toEqual(['RECEIPT_REFUSED'])
  for (const peer of [client, provider]) await peer.stop()
})

test('a provider dies in the middle: the next one does all of it, and both are counted', async () => {
  const embedding = network.engine
  const mortal = await TestProvider.start(network, 'mortal', { ...OTHER, embedding, prices: CHEAP })
  const next = await TestProvider.start(network, 'next', {
    ...SELLER,
    embedding,
    prices: TEXT_PRICES,
  })
  let vectors = 0
  mortal.wrap = lying({
    content(content, provider) {
      if (content.kind !== 'vector' || ++vectors < 8) return [content]
      void provider.crash()
      return 'hang-up'
    },
  }).wrap
  const client = await TestClient.start(network, 'reader of both', [mortal, next], BUYER)
  const result = await embed(client, INPUTS)
  expect(vectors).toBe(8)
  expect(result.provider).toBe(next.identity)
  expect(result.vectors).toEqual(await direct())
  const counts = { promptTokens: TOKENS, cachedTokens: 0, completionTokens: 0 }
  const first = result.priceNano - priceNano(TEXT_PRICES, counts)
  expect(first).toBeGreaterThan(0n)
  expect(first).toBeLessThan(priceNano(CHEAP, counts))
  for (const peer of [client, next]) await peer.stop()
  expectConserved()
})

describe('before anything is spent', () => {
  test('what the model cannot do, or one request cannot carry, is said by name', async () => {
    const embedding = network.engine
    const provider = await TestProvider.start(network, 'unasked', { ...SELLER, embedding })
    const client = await TestClient.start(network, 'careless', [provider], BUYER)
    const refused = async (inputs: (string | number[])[], more: object, code: string) =>
      expect(embed(client, inputs, more)).rejects.toMatchObject({ kind: 'config', code })
    await refused(['hello'], { model: DECODER_ID }, 'MODEL_CANNOT_EMBED')
    await refused(['hello'], { model: 'nobody' }, 'MODEL_UNKNOWN')
    await refused(['hello'], { dimensions: 16 }, 'EMBEDDING_DIMENSIONS')
    await refused(['the '.repeat(ENCODER_CONTEXT)], {}, 'EMBEDDING_INPUT_INVALID')
    await refused([[2, ENCODER_VOCABULARY]], {}, 'EMBEDDING_INPUT_INVALID')
    await refused(new Array(2_049).fill([2]), {}, 'EMBEDDING_TOO_LARGE')
    await expect(client.chat()).rejects.toMatchObject({ code: 'MODEL_EMBEDS_ONLY' })
    await expect(embed(client, ['hello'], { maxPriceNano: 0n })).rejects.toMatchObject({
      code: 'PRICE_ABOVE_MAX',
    })
    expect(client.funding.desks).toEqual([])
    expect(provider.sessions).toBe(0)
    for (const peer of [client, provider]) await peer.stop()
  })

  test('an offer that does not fit the model is not taken', async () => {
    const provider = await TestProvider.start(network, 'chats only', SELLER)
    const client = await TestClient.start(network, 'reader of none', [provider], BUYER)
    const message = expect.stringContaining('embeds no text')
    await expect(embed(client, ['hello'])).rejects.toMatchObject({ code: 'NO_PROVIDER', message })
    for (const peer of [client, provider]) await peer.stop()
  })
})
