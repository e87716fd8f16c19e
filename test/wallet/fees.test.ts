/** Fees are worked out from the chain's own configuration, and equal what the executor takes. */
import { Address, Cell } from '@ton/core'
import { afterEach, describe, expect, it } from 'vitest'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import {
  type ChannelOperation,
  OPERATION_WORK,
  operationFeeNano,
  sendFeeNano,
} from '#settlement/fees/operations.ts'
import { readPrices } from '#settlement/fees/prices.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { sourceFiles } from '#test/support/source-files.ts'
import { crypto, NOW_S } from '../settlement/channel-fixture.ts'
import { ContractBench } from '../settlement/contract-bench.ts'
import { type Network, startNetwork, TON } from '../settlement/devchain-fixture.ts'
import type { Sent } from '../settlement/sandbox-bench.ts'

let network: Network | undefined

afterEach(() => network?.chain.stop())

async function start(prices: PriceTable): Promise<Network> {
  network = await startNetwork({ prices })
  return network
}

async function measured(prices: PriceTable): Promise<Record<ChannelOperation, Sent>> {
  const first = await ContractBench.create(prices)
  const { client, provider, terms } = first
  first.chain.now = NOW_S
  const topUp = await first.send(client, topUpMessage(terms, 5n * TON))
  const claim = await first.send(provider, claimMessage(terms, first.voucher(TON, 1)))
  const close = await first.send(provider, closeMessage(terms, first.voucher(3n * TON, 10)))
  const second = await ContractBench.create(prices)
  await second.deposit(5n * TON)
  const coop = coopCloseMessage(terms, second.closeAuth(2n * TON))
  const coopClose = await second.send(second.client, coop)
  const third = await ContractBench.create(prices)
  await third.deposit(5n * TON)
  const startClose = await third.send(third.client, startCloseMessage(terms))
  third.chain.now = NOW_S + terms.closeDelay
  const finish = await third.send(third.stranger, finishMessage(terms))
  third.chain.now = NOW_S
  return { topUp, claim, close, coopClose, startClose, finish }
}

/** Of the channel's own transaction and of what it sent; receivers pay for receiving. */
function channelFees({ transactions }: Sent): bigint {
  const [own] = transactions
  const sent = [...own!.outMessages.values()]
  const forwarding = sent.map(({ info }) => (info.type === 'internal' ? info.forwardFee : 0n))
  const { description } = own!
  const storage = description.type === 'generic' ? description.storagePhase : undefined
  // Rent depends on the time that has passed: it is no part of an operation.
  const worked = own!.totalFees.coins - (storage?.storageFeesCollected ?? 0n)
  return forwarding.reduce((sum, fee) => sum + fee, worked)
}

describe.each(PRICE_TABLES)('at prices %s', (prices) => {
  it('reads every price from the configuration, of both workchains', async () => {
    const { access } = await start(prices)
    const base = await readPrices(access)
    const old = prices === 'mainnet-2024'
    expect(base.gas.price / 65_536n).toBe(old ? 400n : 66n)
    expect(base.forward.lumpNano).toBe(old ? 400_000n : 66_667n)
    expect(base.storage).toEqual(old ? { bit: 1n, cell: 500n } : { bit: 0n, cell: 135n })
    const master = await readPrices(access, -1)
    expect(master.gas.price).toBeGreaterThan(base.gas.price)
    expect(master.storage.cell).toBeGreaterThan(base.storage.cell)
  })

  it('the table of work is what the executor does, and its fees are what the channel paid', async () => {
    const { access } = await start(prices)
    const read = await readPrices(access)
    const all = await measured(prices)
    for (const operation of Object.keys(OPERATION_WORK) as ChannelOperation[]) {
      const { gas, success } = all[operation]
      const feesNano = channelFees(all[operation])
      expect([operation, success, gas]).toEqual([operation, true, OPERATION_WORK[operation].gas])
      expect([operation, operationFeeNano(read, operation)]).toEqual([operation, feesNano])
    }
  })

  it.each([1, 40])('a wallet pays for %i messages what was estimated', async (count) => {
    const { chain, client, access } = await start(prices)
    const publicKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(1)).publicKey
    const wallet = { publicKey, globalId: chain.globalId }
    const read = await readPrices(access)
    const pay = (at: number) => ({
      to: new Address(0, Buffer.alloc(32, at + 1)),
      valueNano: TON / 1000n,
      body: Cell.EMPTY,
    })
    for (const isDeployed of [false, true]) {
      const messages = Array.from({ length: count }, (_, at) => pay(at))
      const estimate = await sendFeeNano(read, { ...wallet, isDeployed }, messages)
      const before = await client.balance()
      await client.send(messages)
      const paid = before - (await client.balance()) - (BigInt(count) * TON) / 1000n
      // An estimate is never below what is paid, and hardly above it (rounding, rent).
      expect(estimate).toBeGreaterThanOrEqual(paid)
      expect(estimate).toBeLessThanOrEqual((paid * 102n) / 100n)
    }
  })
})

it('an endpoint that tells another shape is an endpoint that does not answer', async () => {
  const { access } = await start('mainnet-2026-08')
  const odd = { ...access, fetch: async () => Response.json({ ok: true, result: { config: {} } }) }
  await expect(readPrices(odd)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
})

/** Files where amounts of coins are limits, choices of an owner, or upper bounds that come back. */
const AMOUNTS_BELONG = /constants\.ts$|config\/table\.ts$|devchain\/|testnet\/|peer-home\.ts$/

it('no fee is a constant off the chain', () => {
  const files = ['settlement', 'node'].flatMap((room) => sourceFiles(room as 'node'))
  const suspicious = files
    .filter(({ path }) => !AMOUNTS_BELONG.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\b\w*(?:FEE|GAS_PRICE|LUMP)\w*(?<!_MAX)\s*=\s*[\d_]+n?\b/g)].map(
        ([found]) => `${path}: ${found}`,
      ),
    )
  expect(files.length).toBeGreaterThan(100)
  expect(suspicious).toEqual([])
})
