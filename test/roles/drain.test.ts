/** A provider that drains: what runs ends as if nothing were, what comes goes elsewhere. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChatResult } from '#node/roles/client-service.ts'
import { WorkMeter } from '#node/roles/provider/work-meter.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

const TOKENS = 120
const LONG_MS = 120_000

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** Puts the meter before the engine, as the composition root does. */
function metered(provider: TestProvider): WorkMeter {
  const meter = new WorkMeter({ ...provider.engine }, network.clock)
  provider.engine.generate = (request) => meter.generate(request)
  return meter
}

test('running answers end whole and paid, the next ones go to another provider', async () => {
  const provider = await TestProvider.start(network, 'leaving')
  const other = await TestProvider.start(network, 'staying')
  const meter = metered(provider)
  const client = await TestClient.start(network, 'asking', [provider])
  let drained: Promise<void> | undefined
  let second: Promise<ChatResult> | undefined
  let first: ChatResult | undefined
  for await (const event of client.chatEvents({ maxTokens: TOKENS })) {
    if (event.kind === 'text' && drained === undefined) {
      expect(provider.provider.requestCount).toBe(1)
      meter.drain()
      drained = provider.provider.drain(AbortSignal.timeout(LONG_MS))
      // On the session that is still open: the engine takes it no more.
      client.providers.push(other)
      second = client.chat({ maxTokens: 20 })
    }
    if (event.kind === 'done') first = event.result
  }
  await drained
  expect(first).toMatchObject({ provider: provider.identity, finish: 'length' })
  expect(first?.usage.completionTokens).toBe(TOKENS)
  expect(await second).toMatchObject({ provider: other.identity, finish: 'length' })
  expect(provider.provider.requestCount).toBe(0)
  await eventually(() => provider.sessions === 0)
  const [desk] = provider.channels.all()
  expect(usedTotalNano(desk!.state)).toBeGreaterThanOrEqual(first!.priceNano)
  expect(desk!.state.best.amountNano).toBeGreaterThanOrEqual(usedTotalNano(desk!.state))
  expect((await client.chat({ maxTokens: 20 })).provider).toBe(other.identity)
  for (const one of [client, provider, other]) await one.stop()
})

test('at the limit a client that stopped reading is left, with its last checkpoint kept', async () => {
  const provider = await TestProvider.start(network, 'limited')
  const client = await TestClient.start(network, 'sleeping', [provider])
  const events = client.chatEvents({ maxTokens: TOKENS })[Symbol.asyncIterator]()
  while ((await events.next()).value.kind !== 'text');
  // The client reads no further: the request waits for its payment.
  const limit = new AbortController()
  let isDrained = false
  const drained = provider.provider.drain(limit.signal).then(() => {
    isDrained = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isDrained).toBe(false)
  limit.abort()
  await drained
  await provider.provider.stop()
  expect(provider.provider.requestCount).toBe(0)
  const [desk] = provider.channels.all()
  const checkpoints = provider.store.lastCheckpoints(desk!.address)
  expect(checkpoints.length + provider.store.leafCount(desk!.address)).toBeGreaterThan(0)
  await events.return?.(undefined)
  await client.stop()
  await provider.crash()
})
