/**
 * The payment channel where one nanoTON decides: the least payment, the least refund, the least value of a call. Found
 * by mutation testing (`npm run mutants`), as the limits in contract-limits.test.ts were.
 */
import { Address, beginCell, Cell, contractAddress, type Transaction } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { channelStateInit } from '#settlement/cells/terms.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import type { WalletMessage } from '#settlement/types.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  destroyMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { NOW_S } from './channel-fixture.ts'
import { ContractBench, type Sent } from './contract-bench.ts'
import { sizeOf, storageRent } from './fuzz/effects.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
const PAID = 0x50414944
const REFUNDED = 0x52464e44
/** As in docs/GAS.md. */
const DESTROY_GAS = 5_347n
/** TVM's exit code for more cells than may be counted. */
const CELL_OVERFLOW = 8

/** What a gas unit and a message without references cost, rounded up, nanoTON. */
const GAS_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 67n,
  'mainnet-2024': 400n,
}
const FORWARD_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 66_667n,
  'mainnet-2024': 400_000n,
}

/** The least value with which a second top_up of 1 TON is taken: a change of the contract moves it, as it does GAS.md. */
const TOP_UP_LEAST_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 1_000_836_268n,
  'mainnet-2024': 1_005_022_664n,
}

const values = ({ out }: Sent, opcode: number) =>
  out.filter((one) => one.opcode === opcode).map(({ valueNano }) => valueNano)

const withValue = (message: WalletMessage, valueNano: bigint): WalletMessage => ({
  ...message,
  valueNano,
})

/** As after a rise of storage prices: so much time that about half of what is held is gone. */
async function letRentEat(bench: ContractBench, prices: PriceTable): Promise<void> {
  const perYear = storageRent(prices, 365 * DAY_S, sizeOf(await bench.account()))
  const gone = (await bench.balance()) / 2n
  bench.chain.now = NOW_S + Number((gone * 365n) / perYear) * DAY_S
}

/** The transaction of the channel itself. */
function ownOf(bench: ContractBench, { transactions }: Sent): Transaction {
  return transactions.find(
    ({ inMessage }) => inMessage?.info.dest?.toString() === `${bench.channel}`,
  )!
}

function storageOf(bench: ContractBench, sent: Sent): bigint {
  const { description } = ownOf(bench, sent)
  return description.type === 'generic'
    ? (description.storagePhase?.storageFeesCollected ?? 0n)
    : 0n
}

/** A first state of so many cells, all but two of them behind the terms, where no deposit looks. */
function stateOf({ terms }: ContractBench, cells: number) {
  const { code, data } = channelStateInit(terms)
  let rest = Cell.EMPTY
  for (let more = cells - 3; more > 0; more--) rest = beginCell().storeRef(rest).endCell()
  const head = data.beginParse()
  const known = head.loadRef()
  const padded = beginCell().storeBits(known.bits).storeRef(rest).endCell()
  return { code, data: beginCell().storeBits(data.bits).storeRef(padded).endCell() }
}

describe.each(PRICE_TABLES)('the payment channel at one nanoTON, prices %s', (prices) => {
  it('takes a deposit of one, and pays one to the provider, whoever asks', async () => {
    const bench = await ContractBench.create(prices)
    await bench.deposit(1n)
    await bench.deposit(5n)
    const byStranger = claimMessage(bench.terms, bench.voucher(1n, 0))
    expect(values(await bench.send(bench.stranger, byStranger), PAID)).toEqual([1n])
    const byProvider = await bench.send(
      bench.provider,
      claimMessage(bench.terms, bench.voucher(2n, 0)),
    )
    // The provider's own call is answered by one message: the payment and what the call brought too much.
    expect(byProvider.out.map(({ opcode }) => opcode)).toEqual([PAID])
    expect((await bench.state()).claimedNano).toBe(2n)
  })

  it('closes together at exactly what was claimed with no payment, and refunds one', async () => {
    const bench = await ContractBench.create(prices)
    await bench.deposit(TON)
    await bench.send(bench.provider, claimMessage(bench.terms, bench.voucher(TON - 1n, 1)))
    const sent = await bench.send(
      bench.client,
      coopCloseMessage(bench.terms, bench.closeAuth(TON - 1n)),
    )
    expect(sent.success).toBe(true)
    expect(values(sent, PAID)).toEqual([])
    expect(values(sent, REFUNDED)).toEqual([1n])
  })

  it('refunds what is held less what is paid, when rent has eaten into a deposit', async () => {
    const bench = await ContractBench.create(prices)
    const [deposit, used] = [20_000_000n, 2_000_000n]
    await bench.deposit(deposit)
    await letRentEat(bench, prices)
    const held = await bench.balance()
    const validUntil = (bench.chain.now ?? NOW_S) + 900
    const auth = bench.closeAuth(used, validUntil)
    const sent = await bench.send(bench.client, coopCloseMessage(bench.terms, auth))
    expect(values(sent, PAID)).toEqual([used])
    expect(values(sent, REFUNDED)).toEqual([held - storageOf(bench, sent) - used])
  })

  it('takes a top_up from the least value on that covers it, and refuses one less', async () => {
    const least = TOP_UP_LEAST_NANO[prices]
    const bench = await ContractBench.create(prices)
    await bench.deposit(TON)
    const topUp = topUpMessage(bench.terms, TON, false)
    const short = await bench.send(bench.client, withValue(topUp, least - 1n))
    expect(short.exitCode).toBe(412)
    expect((await bench.send(bench.client, withValue(topUp, least))).success).toBe(true)
    expect((await bench.state()).depositedNano).toBe(2n * TON)
  })

  it('sizes a state of 256 cells, and takes no deposit into a larger one', async () => {
    const bench = await ContractBench.create(prices)
    const topUp = withValue(topUpMessage(bench.terms, TON), 3n * TON)
    for (const [cells, exitCode] of [
      [256, 0],
      [257, CELL_OVERFLOW],
    ] as const) {
      const stateInit = stateOf(bench, cells)
      const message = { ...topUp, to: contractAddress(0, stateInit), stateInit }
      expect((await bench.send(bench.client, message)).exitCode).toBe(exitCode)
    }
  })

  it('gives back the coins of a close whose second message cannot be paid', async () => {
    const bench = await ContractBench.create(prices)
    const other = bench.sibling({ salt: 8n })
    await bench.deposit(20_000_000n)
    await other.deposit(20_000_000n)
    await letRentEat(bench, prices)
    const close = (one: ContractBench) => closeMessage(one.terms, one.voucher(2_000_000n, 1))
    const { gas } = await other.send(other.provider, close(other))
    const valueNano = gas * GAS_NANO[prices] + (3n * FORWARD_NANO[prices]) / 2n
    const sent = await bench.send(bench.provider, withValue(close(bench), valueNano), {
      bounce: true,
    })
    const { description } = ownOf(bench, sent)
    expect(sent.success).toBe(false)
    expect(description.type === 'generic' && description.bouncePhase?.type).toBe('ok')
    expect((await bench.state()).closed).toBe(false)
  })

  it('gives back the coins of a start_close that cannot tell its provider', async () => {
    // In a workchain that the network does not have.
    const provider = new Address(5, Buffer.alloc(32, 7))
    const bench = await ContractBench.create(prices, { provider })
    await bench.deposit(TON)
    const [before, held] = [await bench.account(), await bench.balance()]
    const sent = await bench.send(bench.client, startCloseMessage(bench.terms))
    const { description } = ownOf(bench, sent)
    expect(description.type === 'generic' && description.bouncePhase?.type).toBe('ok')
    expect(await bench.balance()).toBe(held)
    expect(await bench.account()).toEqual(before)
  })

  it('refuses a call that forbade a bounce, also where nothing is left for an answer', async () => {
    const bench = await ContractBench.create(prices)
    await bench.deposit(TON)
    const before = await bench.account()
    const refused = closeMessage(bench.terms)
    const { gasNano } = await bench.send(bench.stranger, refused, { bounce: false })
    const poor = withValue(refused, gasNano + FORWARD_NANO[prices] / 2n)
    const sent = await bench.send(bench.stranger, poor, { bounce: false })
    expect(sent.success).toBe(true)
    expect(sent.out).toEqual([])
    expect(await bench.account()).toEqual(before)
  })

  it('is destroyed although nothing is left to give back to the caller', async () => {
    const bench = await ContractBench.create(prices)
    await bench.deposit(TON)
    await bench.send(bench.provider, closeMessage(bench.terms))
    bench.chain.now = bench.terms.expiresAt + bench.terms.closeDelay + 1
    const destroy = destroyMessage(bench.terms)
    const valueNano = DESTROY_GAS * GAS_NANO[prices] + FORWARD_NANO[prices] / 2n
    const sent = await bench.send(bench.stranger, withValue(destroy, valueNano))
    expect(sent.out.map(({ opcode }) => opcode)).toEqual([REFUNDED])
    expect(await bench.isDeployed()).toBe(false)
  })
})
