/**
 * A provider that falls silent is given up within its time, whatever it was doing, and the client goes
 * on with the next one. The three silences run side by side: each takes the real limit.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HANDSHAKE_TIMEOUT_MS, PROVIDER_SILENCE_MS } from '#node/roles/constants.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { type Lie, lying } from '../support/role-tamper.ts'

let network: RoleNetwork
let honest: TestProvider
beforeAll(async () => {
  network = await startRoleNetwork()
  honest = await TestProvider.start(network, 'honest')
})
afterAll(async () => {
  await honest.stop()
  await network.stop()
})

const CHEAP = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }

const SILENCES: Record<string, { lie: Lie; asks: number }> = {
  'before its evidence': { lie: { message: () => 'stall' }, asks: 0 },
  'before it accepts': {
    lie: { content: (content) => (content.kind === 'accept' ? 'stall' : [content]) },
    asks: 0,
  },
  'after it accepts': {
    lie: { content: (content) => (content.kind === 'accept' ? [content] : 'stall') },
    asks: 1,
  },
  'in the middle of an answer': { lie: silentAfterTokens(), asks: 1 },
}

function silentAfterTokens(): Lie {
  let messages = 0
  return {
    content: (content) => {
      if (content.kind === 'tokens') messages++
      return messages > 3 ? 'stall' : [content]
    },
  }
}

test.concurrent.each(Object.entries(SILENCES))('silent %s', async (name, { lie, asks }) => {
  const silent = await TestProvider.start(network, `silent ${name}`, { prices: CHEAP })
  const { wrap, heard } = lying(lie)
  silent.wrap = wrap
  const client = await TestClient.start(network, `waits ${name}`, [silent, honest])
  const startedMs = performance.now()
  const result = await client.chat()
  const waitedMs = performance.now() - startedMs
  expect(result.provider).toBe(honest.identity)
  expect(result.usage.completionTokens).toBe(40)
  expect(client.codes).toHaveLength(1)
  expect(['PROVIDER_SILENT', 'STREAM_RESET']).toContain(client.codes[0])
  expect(heard.asks).toBe(asks)
  expect(waitedMs).toBeGreaterThanOrEqual(Math.min(HANDSHAKE_TIMEOUT_MS, PROVIDER_SILENCE_MS) - 50)
  await client.stop()
  await silent.stop()
})
