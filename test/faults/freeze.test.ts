/** FORMATS, "Freeze": on a dispute prepaid chunks are finished, nothing more is signed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProviderContent } from '#protocol/session/provider-content.ts'
import { eventually } from '../support/eventually.ts'
import { forgeReceipt } from '../support/role-forgeries.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { lying } from '../support/role-tamper.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

const CHEAP = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }

test('a wrong receipt ends that answer at once; the other gets what was paid for, and nothing more is signed', async () => {
  const liar = await TestProvider.start(network, 'lies in one', { prices: CHEAP })
  const honest = await TestProvider.start(network, 'takes over')
  const client = await TestClient.start(network, 'asks twice', [liar, honest])
  client.store.setMeta(`kept-units:${liar.identity}`, '4096')
  let lied = false
  let voucherNano = -1n
  let deliveredAfter = 0
  liar.wrap = lying({
    content: async (content: ProviderContent, provider) => {
      if (lied && content.kind === 'tokens') deliveredAfter += content.tokens.ids.length
      const isReady = content.kind === 'checkpoint' && provider.engine.load().active > 1
      if (lied || !isReady) return [content]
      lied = true
      const desk = client.funding.desks.find(
        (one) => client.funding.providerOf(one) === provider.identity,
      )
      voucherNano = desk?.state.best.amountNano ?? -1n
      const receipt = await forgeReceipt(provider, content.receipt, (body) => ({
        usedNano: body.usedNano + 1n,
        usedTotalNano: body.usedTotalNano + 1n,
      }))
      return [{ kind: 'checkpoint', receipt }]
    },
  }).wrap
  const results = await Promise.all([
    client.chat({ maxTokens: 120 }),
    client.chat({ maxTokens: 120 }),
  ])
  expect(lied).toBe(true)
  // Both are whole in the end, by somebody else.
  expect(results.map(({ usage }) => usage.completionTokens)).toEqual([120, 120])
  expect(results.every(({ provider }) => provider === honest.identity)).toBe(true)
  const desk = client.funding.desks.find((one) => client.funding.providerOf(one) === liar.identity)
  expect(desk?.state.status).toBe('frozen')
  expect(desk?.state.best.amountNano).toBe(voucherNano)
  expect(deliveredAfter).toBeGreaterThan(0)
  await eventually(() => liar.sessions === 0)
  await client.stop()
  await liar.stop()
  await honest.stop()
})

test('an answer that its provider cut short goes on with the next one', async () => {
  const liar = await TestProvider.start(network, 'stops early', { prices: CHEAP })
  const honest = await TestProvider.start(network, 'finishes')
  const client = await TestClient.start(network, 'wants it all', [liar, honest])
  liar.wrap = lying({
    content: async (content, provider) =>
      content.kind === 'leaf'
        ? [
            {
              kind: 'leaf',
              receipt: await forgeReceipt(provider, content.receipt, () => ({
                finish: 'cancelled',
              })),
            },
          ]
        : [content],
  }).wrap
  const { provider, usage } = await client.chat()
  expect(provider).toBe(honest.identity)
  expect(usage.completionTokens).toBe(40)
  expect(client.codes).toContain('ENGINE_FAILED')
  await client.stop()
  await liar.stop()
  await honest.stop()
})
