/** Spend caps on real roles with real money on an embedded chain; transport, TEE and engine are SIMULATED. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Measurements } from '#node/market/measurements.ts'
import { estimateChat } from '#node/roles/client/estimate.ts'
import { ClientModels } from '#node/roles/client/models.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '../support/error-code.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { CHAT, TestClient, type TestClientOptions, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
let provider: TestProvider
let clients = 0

beforeAll(async () => {
  network = await startRoleNetwork()
  // The same question twice costs the same: nothing is kept of the first.
  provider = await TestProvider.start(network, 'capped', { keepsPrefixes: false })
})
afterAll(async () => {
  await provider.stop()
  await network.stop()
})

const clientWith = (spendCaps: TestClientOptions['spendCaps']) =>
  TestClient.start(network, `capped ${++clients}`, [provider], {
    ...(spendCaps === undefined ? {} : { spendCaps }),
  })

const settled = (client: TestClient) => eventually(() => client.spending.view().heldNano === 0n)

it.each([
  ['SPEND_CAP_REQUEST', { perRequestNano: 5n }, {}],
  ['SPEND_CAP_DAY', { perDayNano: 5n }, {}],
  ['SPEND_CAP_PROVIDER', { perProviderDayNano: 5n }, {}],
  ['PRICE_ABOVE_MAX', {}, { maxPriceNano: 5n }],
])('%s is refused before anything is signed or funded', async (code, caps, request) => {
  const client = await clientWith(caps)
  expect(await rejectionCode(client.chat(request))).toBe(code)
  expect(client.events).toEqual([])
  expect(client.funding.desks).toEqual([])
  expect(client.spending.view()).toMatchObject({ spentNano: 0n, heldNano: 0n })
  await client.stop()
})

it('spent is what the receipts say, for the day and for the provider', async () => {
  const client = await clientWith({ perDayNano: 1_000_000n })
  const first = await client.chat()
  const second = await client.chat()
  await settled(client)
  const spentNano = first.priceNano + second.priceNano
  expect(spentNano).toBeGreaterThan(0n)
  expect(client.spending.view()).toMatchObject({
    spentNano,
    providers: [{ provider: provider.identity, spentNano, heldNano: 0n }],
  })
  await client.stop()
})

it('an answer that its reader leaves is counted by its last receipt', async () => {
  const client = await clientWith({})
  const leave = new AbortController()
  const read = async () => {
    for await (const event of client.chatEvents({ maxTokens: 200 }, leave.signal)) {
      if (event.kind === 'text') leave.abort(new Error('left'))
    }
  }
  await expect(read()).rejects.toThrow('left')
  await eventually(() => client.store.receipts().length === 1)
  await settled(client)
  expect(client.spending.view().spentNano).toBe(client.store.receipts()[0]?.usedNano)
  await client.stop()
})

it('requests at once cannot pass the cap of the day together', async () => {
  const probe = await clientWith({})
  const { priceNano } = await probe.chat()
  await probe.stop()
  // Room for two such answers, not for three.
  const client = await clientWith({ perDayNano: priceNano * 2n + priceNano / 2n })
  const results = await Promise.allSettled([1, 2, 3, 4].map(() => client.chat()))
  const answered = results.filter((one) => one.status === 'fulfilled')
  expect(answered).toHaveLength(2)
  for (const one of results) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'SPEND_CAP_DAY' })
  }
  await settled(client)
  expect(client.spending.view().spentNano).toBe(priceNano * 2n)
  await client.stop()
})

it('a client killed in the middle counts what was reserved, and goes on within the cap', async () => {
  const client = await clientWith({ perDayNano: 1_000n })
  const cut = client.chatEvents({ maxTokens: 40 })
  const read = async () => {
    for await (const event of cut) {
      if (event.kind === 'text') await client.crash()
    }
  }
  await read().catch(() => undefined)
  await client.start()
  const { spentNano, heldNano } = client.spending.view()
  expect(heldNano).toBe(0n)
  expect(spentNano).toBeGreaterThan(0n)
  expect(spentNano).toBeLessThanOrEqual(1_000n)
  expect(client.spending.limit(undefined)?.nano).toBe(1_000n - spentNano)
  await client.stop()
})

it('an estimate counts and prices as the request itself, and signs nothing', async () => {
  const client = await clientWith({})
  const { clock, file } = network
  const parts = {
    ...{ crypto, clock, store: client.store, receipts: client.receipts, spending: client.spending },
    models: new ClientModels(file, crypto),
    discovery: { measurements: new Measurements(clock), offers: () => [provider.offer()] },
    priceCapNano: undefined,
  } as unknown as Parameters<typeof estimateChat>[0]
  const estimate = await estimateChat(parts, CHAT)
  expect(client.funding.desks).toEqual([])
  expect(estimate).toMatchObject({ completionTokensMax: 40, expectedCompletionTokens: 40 })
  expect(estimate.offers.map(({ provider: name }) => name)).toEqual([provider.identity])
  const answer = await client.chat()
  expect(estimate.promptTokens).toBe(answer.usage.promptTokens)
  // All 40 tokens were made: the most that it could cost is what it cost.
  expect(answer.usage.completionTokens).toBe(40)
  expect(answer.priceNano).toBe(estimate.maxPriceNano)
  await client.chat({ maxTokens: 10 })
  const later = await estimateChat(parts, CHAT)
  expect(later.expectedCompletionTokens).toBe(25)
  expect(later.expectedPriceNano).toBeLessThan(later.maxPriceNano)
  await client.stop()
})
