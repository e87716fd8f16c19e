/** Over real sockets: a provider that comes to listen elsewhere, and a client that goes on without a restart. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { overLoopback } from '../support/loopback-network.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await overLoopback(await startRoleNetwork())
})
afterAll(() => network.stop())

const portOf = ({ addresses }: TestProvider): string =>
  /\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? 'none'

test('a provider that moves to another address is found there, also in the middle of an answer', async () => {
  // The cheaper one is asked first.
  const prices = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }
  const provider = await TestProvider.start(network, 'provider-0', { prices })
  const client = await TestClient.start(network, 'client-0', [provider])
  const before = portOf(provider)
  const first = await client.chat({ maxTokens: 6 })
  expect(first.provider).toBe(provider.identity)

  // In order, between answers: the socket is gone, and another one listens.
  await provider.stop()
  await provider.start()
  expect(portOf(provider)).not.toBe(before)
  const second = await client.chat({ maxTokens: 6 })
  expect(second.provider).toBe(provider.identity)
  expect(second.usage.completionTokens).toBe(6)
  expect(client.funding.desks).toHaveLength(1)

  const other = await TestProvider.start(network, 'provider-1')
  client.providers.push(other)
  // Without a word, in the middle: the answer goes on with the other one, then the first is back.
  let moved = ''
  let tokens = 0
  for await (const event of client.chatEvents({ maxTokens: 60 })) {
    if (event.kind === 'text') tokens += event.tokens
    if (tokens < 10 || moved !== '') continue
    moved = portOf(provider)
    await provider.restart()
  }
  expect(tokens).toBe(60)
  expect(portOf(provider)).not.toBe(moved)
  // Until the client has noticed that its connection is dead, the other one answers.
  await eventually(async () => {
    client.forgive()
    return (await client.chat({ maxTokens: 6 })).provider === provider.identity
  })
  await client.stop()
  await provider.stop()
  await other.stop()
})
