/** 64 streams over 4 providers: every request ends in an answer or a 429, and the money is exact. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENGINE_CREDIT_STEP_EVENTS, ENGINE_WINDOW_EVENTS } from '#inference/constants.ts'
import { errorResponse } from '#node/gateway/http-error.ts'
import { BUSY_WAIT_MS, TOKENS_COALESCE_MS } from '#node/roles/constants.ts'
import { unitsAffordable } from '#protocol/session/units.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { CHAT, PRICES, TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** A provider that kept so many promises may serve 8 streams of one channel at once. */
const TRUSTED_UNITS = '4096'

test('64 streams at once over 4 providers with 4 slots each: all answered, to the last nanoTON', {
  timeout: 240_000,
}, async () => {
  const providers = await Promise.all(
    [0, 1, 2, 3].map((number) => TestProvider.start(network, `of 4: ${number}`, { slotsTotal: 4 })),
  )
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, number) => {
      const [own, next] = [providers[number % 4]!, providers[(number + 1) % 4]!]
      const client = await TestClient.start(network, `of 8: ${number}`, [own, next])
      for (const one of [own, next]) {
        client.store.setMeta(`kept-units:${one.identity}`, TRUSTED_UNITS)
      }
      // Open before anybody asks: then all of them ask in one moment, on any machine.
      await client.sessions.get(client.target(own))
      return client
    }),
  )
  let running = 0
  let most = 0
  const ask = async (client: TestClient, seed: number) => {
    // Also of one that ends in a 429 after a part of its answer: what was delivered is paid.
    const spent = Promise.withResolvers<bigint>()
    const onSpent = ({ priceNano }: { priceNano: bigint }) => spent.resolve(priceNano)
    let price: bigint | undefined
    try {
      const wanted = { maxTokens: 20, seed: BigInt(seed) }
      for await (const event of client.chatEvents(wanted, undefined, { onSpent })) {
        if (event.kind === 'routed') most = Math.max(most, ++running)
        if (event.kind === 'done') price = event.result.priceNano
      }
      running--
      expect(await spent.promise).toBe(price)
      return { price: price ?? -1n, status: 200 }
    } catch (error) {
      return { price: await spent.promise, status: errorResponse(error).status }
    }
  }
  const asked = clients.flatMap((client) =>
    Array.from({ length: 8 }, (_, seed) => ask(client, seed)),
  )
  expect(asked).toHaveLength(64)
  const answers = await Promise.all(asked)
  expect(answers.filter(({ status }) => status !== 200 && status !== 429)).toEqual([])
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(48)
  expect(most).toBeGreaterThan(32)

  const usedNano = clients
    .flatMap((client) => client.funding.desks)
    .reduce((sum, desk) => sum + usedTotalNano(desk.state), 0n)
  expect(answers.reduce((sum, { price }) => sum + price, 0n)).toBe(usedNano)
  let claimedNano = 0n
  for (const client of clients) {
    for (const settled of await client.settle()) claimedNano += settled.claimedNano
    expect(client.codes.filter((code) => code.startsWith('CHANNEL'))).toEqual([])
    await client.stop()
  }
  expect(claimedNano).toBe(usedNano)
  for (const provider of providers) {
    expect(provider.engine.load()).toMatchObject({ active: 0, queued: 0 })
    await provider.stop()
  }
  const totals = network.devchain.totals()
  expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
})

/**
 * An answer that nobody reads holds its stream: the client pays no further, and neither side's patience runs
 * out before ALLOCATION_WAIT_MS of real time. Each token is a message of its own, so that the reader falls
 * behind long before the answer's end.
 */
async function unreadAnswer(provider: TestProvider, client: TestClient) {
  const answer = client.chatEvents({ maxTokens: UNREAD_TOKENS_MAX })[Symbol.asyncIterator]()
  await answer.next()
  await eventually(() => client.sessions.unreadRequests === 1)
  expect(provider.engine.load().active).toBe(1)
  return answer
}

/** The noise of this prompt is longer. */
const UNREAD_TOKENS_MAX = 300
/** Longer than TOKENS_COALESCE_MS: no two tokens share a message. */
const SLOW = { callMs: TOKENS_COALESCE_MS + 5 }

test('a provider without room for long is a 429 that says so', async () => {
  const provider = await TestProvider.start(network, 'full', SLOW)
  const client = await TestClient.start(network, 'waits', [provider])
  const first = await unreadAnswer(provider, client)
  const second = client.chat().catch((error: unknown) => error)
  await eventually(() => client.sessions.waiting.size === 1)
  network.advance(BUSY_WAIT_MS / 1000 + 1)
  const error = await second
  expect(error).toMatchObject({ code: 'PROVIDERS_BUSY' })
  expect(errorResponse(error).status).toBe(429)
  expect(client.sessions.waiting.size).toBe(0)
  await first.return?.(undefined)
  await client.stop()
  await provider.stop()
})

test('backpressure: a reader that stops stops the engine after what it paid for', async () => {
  const provider = await TestProvider.start(network, 'held back', SLOW)
  const client = await TestClient.start(network, 'reads no more', [provider])
  const answer = await unreadAnswer(provider, client)
  const paidNano = client.desk.state.requests[0]?.allocatedNano ?? 0n
  const paidUnits = unitsAffordable(
    {
      prices: PRICES,
      promptTokens: provider.engine.tokenizer.encodeChat(CHAT.messages).length,
      completionTokensMax: UNREAD_TOKENS_MAX,
    },
    paidNano,
  )
  // The engine may be ahead of what is paid for by its own window; more time gives it nothing.
  const callsMax = paidUnits + ENGINE_WINDOW_EVENTS + ENGINE_CREDIT_STEP_EVENTS
  expect(callsMax).toBeLessThan(UNREAD_TOKENS_MAX)
  await new Promise((resolve) => setTimeout(resolve, 2 * ENGINE_WINDOW_EVENTS * SLOW.callMs))
  expect(provider.engine.callsTotal()).toBeLessThanOrEqual(callsMax)
  expect(client.desk.state.requests[0]?.allocatedNano).toBe(paidNano)
  await answer.return?.(undefined)
  await client.stop()
  await provider.stop()
})
