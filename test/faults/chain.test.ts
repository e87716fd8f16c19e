/** The chain is stopped, slow, erroring or talks nonsense: what is funded goes on, the rest fails clearly. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { ChainFault } from '../support/fault-chain.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { slowness } from '../support/slowness.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

const FAULTS: readonly Exclude<ChainFault, 'none'>[] = ['stopped', 'erroring', 'nonsense']

describe.each(FAULTS)('a chain that is %s', (fault) => {
  test('running sessions go on, new channels fail with a typed error, recovery needs no restart', async () => {
    const provider = await TestProvider.start(network, `under ${fault}`)
    const running = await TestClient.start(network, `running under ${fault}`, [provider])
    const late = await TestClient.start(network, `late under ${fault}`, [provider])
    await running.chat({ maxTokens: 4 })

    network.gate.fault = fault
    const results = [await running.chat(), await running.chat()]
    expect(results.every(({ usage }) => usage.completionTokens === 40)).toBe(true)
    expect(running.codes).toEqual([])
    const startedMs = performance.now()
    const refused = await late.chat().catch((error: unknown) => error)
    expect(performance.now() - startedMs).toBeLessThan(10_000 * slowness())
    expect(refused).toMatchObject({ code: 'NO_PROVIDER' })
    expect(late.codes).toContain('CHAIN_UNREACHABLE')
    expect(network.gate.refused).toBeGreaterThan(0)
    // Settling cannot work now: it says so, and promises nothing that is not so.
    await running.settle()
    expect(running.codes).toContain('CHAIN_UNREACHABLE')

    network.gate.fault = 'none'
    late.forgive()
    expect((await late.chat()).usage.completionTokens).toBe(40)
    await running.sessions.stop()
    running.forgive()
    const again = await running.chat()
    expect(again.usage.completionTokens).toBe(40)
    const [settled] = await running.settle()
    await late.settle()
    expect(settled?.claimedNano).toBeGreaterThan(0n)
    await provider.stop()
    network.advance(network.file.closeDelay + 1)
    for (const client of [running, late]) {
      await client.settle()
      for (const desk of client.funding.desks) {
        expect((await network.chain.channel(desk.state.address))?.closed).toBe(true)
      }
      await client.stop()
    }
  })
})

test('a slow chain only makes a new channel slow', async () => {
  const provider = await TestProvider.start(network, 'slowly funded')
  const client = await TestClient.start(network, 'patient', [provider])
  network.gate.fault = 'slow'
  network.gate.slowMs = 100
  const first = await client.chat()
  const second = await client.chat()
  expect(first.usage.completionTokens).toBe(40)
  // The second answer asked the chain for nothing.
  expect(second.timings.fundMs).toBe(0)
  network.gate.fault = 'none'
  const [settled] = await client.settle()
  expect(settled?.claimedNano).toBe(first.priceNano + second.priceNano)
  await client.stop()
  await provider.stop()
})

test('a chain that falls between a deposit and its confirmation costs no second deposit', async () => {
  const provider = await TestProvider.start(network, 'funded blindly')
  const client = await TestClient.start(network, 'blind', [provider], { depositNano: 5_000_000n })
  const { wallet } = client
  const send = wallet.send.bind(wallet)
  let sends = 0
  Object.assign(wallet, {
    send: async (...parameters: Parameters<typeof send>) => {
      sends++
      const sent = await send(...parameters)
      if (sends === 1) network.gate.fault = 'stopped'
      return sent
    },
  })
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  network.gate.fault = 'none'
  client.forgive()
  await client.chat()
  expect(sends).toBe(1)
  expect(client.funding.desks).toHaveLength(1)
  await eventually(async () => {
    const seen = await network.chain.channel(client.desk.state.address)
    return seen?.depositedNano === 5_000_000n
  })
  await client.stop()
  await provider.stop()
})
