/** FORMATS, "Freeze": on a dispute prepaid chunks are finished, nothing more is signed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CONTROL_REQUEST_ID } from '#node/roles/shared/sealed-link.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { ProviderContent } from '#protocol/session/provider-content.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import { eventually } from '../support/eventually.ts'
import { Attacker, askOf } from '../support/role-attacker.ts'
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

test('a voucher over a false root freezes the channel; what was paid for still arrives, unsigned, and is claimed', async () => {
  const provider = await TestProvider.start(network, 'keeps its word')
  const client = await TestClient.start(network, 'signs a false root', [provider])
  // A first answer opens the channel; its leaf is the tree.
  await client.chat({ maxTokens: 4 })
  const { desk } = client
  await client.sessions.stop()
  const gate = Promise.withResolvers<void>()
  let isProducing = false
  provider.wrap = lying({
    content: async (content: ProviderContent) => {
      if (content.kind !== 'tokens' || content.tokens.ids.length === 0) return [content]
      isProducing = true
      await gate.promise
      return [content]
    },
  }).wrap
  const attacker = await Attacker.open(client, provider, desk)
  await attacker.accepted()
  const requestId = crypto.randomBytes(16)
  const ask = askOf(provider)
  const paidTokens = 24
  const paidNano = unitsCostNano(PRICES, ask.promptTokens, 0, ask.promptTokens + paidTokens)
  const amountNano = desk.state.best.amountNano + paidNano
  await attacker.send(requestId, { kind: 'ask', ask })
  await attacker.allocate(requestId, paidNano, attacker.voucher({ amountNano }))
  await eventually(() => isProducing)
  const falseRoot = { amountNano: amountNano + 1n, receiptsRoot: new Uint8Array(32).fill(7) }
  await attacker.allocate(CONTROL_REQUEST_ID, 0n, attacker.voucher(falseRoot))
  const held = () => provider.channels.all().find(({ address }) => address === desk.address)?.state
  await eventually(() => held()?.status === 'frozen')
  const signed = () => provider.store.checkpoints(desk.address, toHex(requestId)).length
  const signedBefore = signed()
  gate.resolve()
  const said: ProviderContent[] = []
  expect(await attacker.refusal(said)).toBe('VOUCHER_ROOT')
  const ids = said.flatMap((one) => (one.kind === 'tokens' ? one.tokens.ids : []))
  expect(ids).toHaveLength(paidTokens)
  expect(signed()).toBe(signedBefore)
  expect(said.some(({ kind }) => kind === 'leaf')).toBe(false)
  expect(held()).toMatchObject({ status: 'frozen', dispute: 'root' })
  await provider.stop()
  // The channel is settled at the last voucher that was good.
  expect((await network.chain.channel(desk.state.address))?.claimedNano).toBe(amountNano)
  await client.stop()
})
