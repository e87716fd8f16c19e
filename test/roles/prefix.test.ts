/** A chat that goes on is not read again: counted, cheaper, and only for the customer who asked before. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

test('each turn of a chat is billed for what is new, and a stranger pays for all of it', async () => {
  const provider = await TestProvider.start(network, 'reader')
  const client = await TestClient.start(network, 'chatter', [provider])
  const messages: { role: 'user' | 'assistant'; content: string }[] = []
  const cached: number[] = []
  for (let turn = 0; turn < 5; turn++) {
    messages.push({ role: 'user', content: `This is question ${turn}.` })
    const { usage, text } = await client.chat({ messages: [...messages] })
    cached.push(usage.cachedTokens)
    expect(usage.cachedTokens).toBeLessThan(usage.promptTokens)
    messages.push({ role: 'assistant', content: text })
  }
  expect(cached[0]).toBe(0)
  for (let turn = 1; turn < 5; turn++) expect(cached[turn]).toBeGreaterThan(cached[turn - 1]!)
  const whole = { messages: messages.slice(0, -1) }
  const stranger = await TestClient.start(network, 'stranger', [provider])
  const [known, unknown] = [await client.chat(whole), await stranger.chat(whole)]
  expect(known.usage.cachedTokens).toBe(known.usage.promptTokens - 2)
  expect(unknown.usage).toEqual({ ...known.usage, cachedTokens: 0 })
  expect(known.text).toBe(unknown.text)
  expect(known.priceNano).toBeLessThan(unknown.priceNano)
  expect([...client.codes, ...stranger.codes, ...provider.codes]).toEqual([])
  for (const one of [client, stranger]) await one.stop()
  await provider.stop()
})

test('two clients that opt in share what was read; one that does not has its own, and gives none', async () => {
  const provider = await TestProvider.start(network, 'shares')
  const [first, second, alone] = await Promise.all(
    ['first', 'second', 'alone'].map((name) => TestClient.start(network, name, [provider])),
  )
  const messages = [{ role: 'user' as const, content: 'A text that everybody sends.' }]
  const cachedOf = async (client: TestClient, shareCache?: boolean) => {
    const { usage, text } = await client.chat({ messages, shareCache })
    return { cached: usage.cachedTokens, all: usage.promptTokens - 2, text }
  }
  const own = await cachedOf(alone!)
  expect(own.cached, 'nobody sent it before').toBe(0)
  const shared = await cachedOf(first!, true)
  expect(shared.cached, 'nothing of who does not share').toBe(0)
  const again = await cachedOf(second!, true)
  expect(again.cached).toBe(again.all)
  expect((await cachedOf(second!, false)).cached, 'false is the default').toBe(0)
  const known = await cachedOf(alone!)
  expect(known.cached, 'its own').toBe(known.all)
  expect(new Set([own, shared, again, known].map(({ text }) => text)).size).toBe(1)
  for (const client of [first!, second!, alone!]) {
    expect(client.codes).toEqual([])
    await client.stop()
  }
  await provider.stop()
})
