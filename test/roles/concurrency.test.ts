/** Many answers at once over one channel: every one ends, every nanoTON is accounted for. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyReceiptFile } from '#node/receipts/verify.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { decodeReceiptBody, decodeReceiptFile } from '#protocol/receipt.ts'
import { openCloseAuth } from '#settlement/cells.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

const request = fc.record({
  maxTokens: fc.integer({ min: 1, max: 120 }),
  words: fc.integer({ min: 1, max: 30 }),
  seed: fc.bigInt({ min: 0n, max: 1_000n }),
})

test('eight answers of any size at once: sums of used, used_total and CloseAuth are one', async () => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 8, maxLength: 8 }),
      fc.constantFrom(1, 3, 8),
      async (requests, slotsTotal) => {
        runs++
        const provider = await TestProvider.start(network, `many-${runs}`, { slotsTotal })
        const client = await TestClient.start(network, `busy-${runs}`, [provider])
        const results = await Promise.all(
          requests.map(({ maxTokens, words, seed }) =>
            client.chat({
              ...{ maxTokens, seed, temperature: 1 },
              messages: [{ role: 'user', content: 'hello '.repeat(words) }],
            }),
          ),
        )
        expect(client.codes).toEqual([])
        const usedNano = results.reduce((sum, { priceNano }) => sum + priceNano, 0n)
        await eventually(() => provider.channels.all()[0]?.state.best.leafCount === 8)
        expect(usedTotalNano(client.desk.state)).toBe(usedNano)

        const { session } = await client.sessions.get(client.target(provider))
        const { terms, address } = client.desk.state
        const closeAuth = await session.requestClose()
        const { amountNano } = openCloseAuth(crypto, closeAuth, terms.providerKey, address)
        expect(amountNano).toBe(usedNano)
        await settleWith(client)
        await checkReceipts(
          results.map(({ receiptFile }) => receiptFile),
          usedNano,
        )
        await client.stop()
        await provider.stop()
        expect(provider.codes).toEqual([])
      },
    ),
    { numRuns: process.env['LONG'] === '1' ? 40 : 4, endOnFailure: true },
  )
  const totals = network.devchain.totals()
  expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
}, 300_000)

async function settleWith(client: TestClient): Promise<void> {
  const [settled] = await client.settle()
  const seen = await network.chain.channel(client.desk.state.address)
  expect(seen?.closed).toBe(true)
  expect(settled?.claimedNano).toBe(usedTotalNano(client.desk.state))
}

async function checkReceipts(files: readonly string[], usedNano: bigint): Promise<void> {
  const bodies = files.map((file) =>
    decodeReceiptBody(decodeReceiptFile(readFileSync(file)).receipt.body),
  )
  expect(bodies.map(({ leafIndex }) => leafIndex).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(bodies.reduce((sum, body) => sum + body.usedNano, 0n)).toBe(usedNano)
  for (const file of files) {
    const verdict = await verifyReceiptFile(readFileSync(file), {
      network: network.file,
      chain: network.chain,
    })
    expect(verdict.steps.filter(({ status }) => status === 'failed')).toEqual([])
    expect(verdict.level).toBe('anchored')
  }
}
