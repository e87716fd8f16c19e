/** The in-process network itself: an honest answer, money that adds up, an anchored receipt. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyReceiptFile } from '#node/receipts/verify.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

test('an honest pair: answer, receipt, cooperative close, anchored', async () => {
  const provider = await TestProvider.start(network, 'honest')
  const client = await TestClient.start(network, 'alice', [provider])
  const first = await client.chat()
  const second = await client.chat({ maxTokens: 90 })
  expect(client.codes).toEqual([])
  expect(first.usage.completionTokens).toBeGreaterThan(0)
  const [settled] = await client.settle()
  expect(provider.codes).toEqual([])
  expect(settled?.claimedNano).toBe(first.priceNano + second.priceNano)
  for (const { receiptFile } of [first, second]) {
    const verdict = await verifyReceiptFile(readFileSync(receiptFile), {
      network: network.file,
      chain: network.chain,
    })
    expect(verdict.steps.filter(({ status }) => status === 'failed')).toEqual([])
    expect(verdict.level).toBe('anchored')
  }
  await client.stop()
  await provider.stop()
})
