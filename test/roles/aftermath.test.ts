/** What a channel comes to after a crash, a restored backup or a dispute. */
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyReceiptFile } from '#node/receipts/verify.ts'
import { equal } from '#protocol/bytes.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { forgeReceipt } from '../support/role-forgeries.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { lying } from '../support/role-tamper.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

test('a client restored from a backup adopts the higher voucher before it signs', async () => {
  const provider = await TestProvider.start(network, 'remembers')
  const client = await TestClient.start(network, 'restored', [provider])
  await client.chat({ maxTokens: 4 })
  await client.stop()
  const backup = `${client.dataDir}-backup`
  cpSync(client.dataDir, backup, { recursive: true })
  await client.start()
  await client.chat()
  await client.chat()
  const latest = client.desk.state
  await client.stop()
  rmSync(client.dataDir, { recursive: true })
  cpSync(backup, client.dataDir, { recursive: true })

  await client.start()
  expect(client.desk.state.best.amountNano).toBeLessThan(latest.best.amountNano)
  const { session } = await client.sessions.get(client.target(provider))
  const { state } = session.desk
  expect(state.best.amountNano).toBe(latest.best.amountNano)
  expect(state.tree.count).toBe(latest.tree.count)
  expect(usedTotalNano(state)).toBe(usedTotalNano(latest))
  await client.chat({ maxTokens: 60 })
  const [settled] = await client.settle()
  expect(client.codes).toEqual([])
  expect(settled?.claimedNano).toBe(usedTotalNano(client.desk.state))
  await client.stop()
  await provider.stop()
})

test('receipts stay anchored when the last answer before the close was cut', async () => {
  const provider = await TestProvider.start(network, 'cuts-last')
  const client = await TestClient.start(network, 'cut-last', [provider])
  const whole = await client.chat({ maxTokens: 4 })
  await client.sessions.stop()
  provider.wrap = lying({
    content: (content) => (content.kind === 'leaf' ? 'hang-up' : [content]),
  }).wrap
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  provider.wrap = (stream) => stream
  await client.settle()
  const verdict = await verifyReceiptFile(readFileSync(whole.receiptFile), {
    network: network.file,
    chain: network.chain,
  })
  expect(verdict.ok).toBe(true)
  expect(verdict.level).toBe('anchored')
  await client.stop()
  await provider.stop()
})

test('a client that forgets its checkpoints is not served again for the same credit', async () => {
  const provider = await TestProvider.start(network, 'keeps-count')
  const client = await TestClient.start(network, 'forgets', [provider])
  let checkpoints = 0
  let crashed: Promise<void> | undefined
  provider.wrap = lying({
    content: (content) => {
      if (content.kind === 'checkpoint') checkpoints++
      if (checkpoints <= 4) return [content]
      // A provider that lives on signs the final receipt itself: only after its death is there a choice.
      crashed ??= provider.crash()
      return 'hang-up'
    },
  }).wrap
  await expect(client.chat({ maxTokens: 120 })).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  await crashed
  provider.wrap = (stream) => stream
  await provider.start()
  const { desk } = client
  for (const { requestId } of desk.state.requests) {
    client.store.dropCheckpoints(desk.address, requestId)
  }

  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  const [kept] = provider.channels.all()
  expect(kept?.state.status).toBe('frozen')
  expect(usedTotalNano(kept!.state)).toBeGreaterThan(0n)
  expect(desk.state.status).toBe('frozen')
  await client.stop()
  await provider.stop()
})

test('a wrong used_total freezes the channel; it closes at the last voucher, after the delay', async () => {
  const provider = await TestProvider.start(network, 'overcharges')
  const client = await TestClient.start(network, 'overcharged', [provider])
  await client.chat({ maxTokens: 10 })
  await client.sessions.stop()
  provider.wrap = lying({
    content: async (content, liar) => {
      if (content.kind !== 'leaf') return [content]
      const receipt = await forgeReceipt(liar, content.receipt, ({ usedTotalNano: total }) => ({
        usedTotalNano: total + 1n,
      }))
      return [{ kind: 'leaf', receipt }]
    },
  }).wrap
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  const { desk } = client
  const voucher = desk.state.best
  expect(desk.state.status).toBe('frozen')
  expect(desk.state.dispute).toBe('used-total')
  await client.restart()
  expect(client.desk.state.status).toBe('frozen')

  await client.settle()
  expect((await network.chain.channel(desk.state.address))?.closeAt).toBeGreaterThan(0)
  expect(client.desk.state.best.amountNano).toBe(voucher.amountNano)
  await provider.stop()
  network.advance(network.file.closeDelay + 1)
  const [settled] = await client.settle()
  const seen = await network.chain.channel(desk.state.address)
  expect(seen?.closed).toBe(true)
  expect(seen?.claimedNano).toBe(voucher.amountNano)
  expect(settled?.refundedNano).toBe((settled?.depositedNano ?? 0n) - voucher.amountNano)
  expect(equal(seen?.receiptsRoot ?? new Uint8Array(), voucher.receiptsRoot)).toBe(true)
  await client.stop()
  const totals = network.devchain.totals()
  expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
})

test('a close that the client lost between CloseAuth and chain ends after the delay', async () => {
  const provider = await TestProvider.start(network, 'closes')
  const client = await TestClient.start(network, 'dies-closing', [provider])
  const { priceNano } = await client.chat({ maxTokens: 10 })
  const { session } = await client.sessions.get(client.target(provider))
  await session.requestClose()
  session.desk.beginClosing()
  await client.restart()
  await client.settle()
  await provider.stop()
  network.advance(network.file.closeDelay + 1)
  const [settled] = await client.settle()
  expect(settled?.refundedNano).toBeGreaterThan(0n)
  expect(settled?.claimedNano).toBeGreaterThanOrEqual(priceNano)
  await client.stop()
})

test('eight answers at once never need more than the deposit covers', async () => {
  const provider = await TestProvider.start(network, 'many')
  const small = { depositNano: 2_000n }
  const client = await TestClient.start(network, 'small-deposit', [provider], small)
  const results = await Promise.all(Array.from({ length: 8 }, () => client.chat({ maxTokens: 60 })))
  expect(client.codes).toEqual([])
  expect(client.desk.state.status).toBe('open')
  await eventually(() => provider.channels.all()[0]?.state.best.leafCount === 8)
  const used = results.reduce((sum, { priceNano }) => sum + priceNano, 0n)
  expect(usedTotalNano(client.desk.state)).toBe(used)
  await client.stop()
  await provider.stop()
})
