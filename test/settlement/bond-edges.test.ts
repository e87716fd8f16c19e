/**
 * The bond where one nanoTON, one token or one message decides. Found by mutation testing (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { priceNano } from '#protocol/money.ts'
import {
  bondDepositMessage,
  bondWithdrawMessage,
  slashMessage,
  startUnbondingMessage,
} from '#settlement/bond/bond.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import { COUNTS, FAIR, openBond, overBilling, QUOTE } from './bond-bench.ts'
import { dearRent, makeStorageDear } from './dear-storage.ts'
import { MESSAGE_PRICE_NANO, sizeOf, storageRent } from './fuzz/effects.ts'
import type { Sent } from './sandbox-bench.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
const REWARD = 0x534c5245
const SLASHED = 0x534c4244
const WITHDRAWN = 0x57445231

/** The least value with which a second deposit of 1 TON is taken: a change of the contract moves it, as it does GAS.md. */
const DEPOSIT_LEAST_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 1_000_543_068n,
  'mainnet-2024': 1_003_275_275n,
}

type Bond = Awaited<ReturnType<typeof openBond>>

async function bondOf(prices: PriceTable, amount: bigint): Promise<Bond> {
  const bond = await openBond(prices)
  const { bench, terms } = bond
  const sent = await bench.send(bench.provider, bondDepositMessage(terms, amount))
  if (!sent.success) throw new Error(`deposit failed with ${sent.exitCode}`)
  return bond
}

/** As after a rise of storage prices: so much time that about half of what is held is gone. */
async function letRentEat({ bench, address }: Bond, prices: PriceTable): Promise<void> {
  const perYear = storageRent(prices, 365 * DAY_S, sizeOf(await bench.state(address)))
  const gone = (await bench.balance(address)) / 2n
  bench.chain.now = (bench.chain.now ?? 0) + Number((gone * 365n) / perYear) * DAY_S
}

const values = ({ out }: Sent, opcode: number) =>
  out.filter((one) => one.opcode === opcode).map(({ valueNano }) => valueNano)

/** How the call itself came back. */
function bounceOf({ transactions: [own] }: Sent): string | undefined {
  return own?.description.type === 'generic' ? own.description.bouncePhase?.type : undefined
}

describe.each(PRICE_TABLES)('the bond at its edges, prices %s', (prices) => {
  it('takes a deposit of one, and all of it when one token too much was billed', async () => {
    const { bench, terms, state } = await bondOf(prices, 1n)
    const proof = overBilling(FAIR + 1n)
    expect((await bench.send(bench.stranger, slashMessage(terms, proof))).success).toBe(true)
    expect(await state()).toMatchObject({ bondedNano: 0n, slashedNano: 1n })
  })

  it('takes a deposit from the least value on that covers it, and refuses one nano less', async () => {
    const { bench, terms, state } = await bondOf(prices, TON)
    const deposit = { ...bondDepositMessage(terms, TON), valueNano: DEPOSIT_LEAST_NANO[prices] }
    const short = { ...deposit, valueNano: deposit.valueNano - 1n }
    expect((await bench.send(bench.provider, short)).exitCode).toBe(412)
    expect((await bench.send(bench.provider, deposit)).success).toBe(true)
    expect((await state())?.bondedNano).toBe(2n * TON)
  })

  it('asks for the rent of 400 days, to the second', async () => {
    const { bench, terms, address } = await openBond(prices)
    makeStorageDear(bench.chain)
    const deposit = { ...bondDepositMessage(terms, TON), valueNano: 20n * TON }
    expect((await bench.send(bench.provider, deposit)).success).toBe(true)
    // The state before the deposit: what that adds to it is left to the next one.
    const { code, data } = deposit.stateInit!
    const fresh = sizeOf({ code: code!.toBoc(), data: data!.toBoc() })
    expect((await bench.balance(address)) - TON).toBe(dearRent(400 * DAY_S, fresh))
  })

  it.each([120, 121])('counts no fresh token when %s of 120 were cached', async (cachedTokens) => {
    const { bench, terms } = await bondOf(prices, TON)
    const counts = { ...COUNTS, cachedTokens }
    const fair = priceNano(QUOTE.prices, { ...counts, promptTokens: cachedTokens })
    const slash = (used: bigint) =>
      bench.send(bench.stranger, slashMessage(terms, overBilling(used, { bill: { counts } })))
    expect((await slash(fair)).exitCode).toBe(424)
    expect((await slash(fair + 1n)).success).toBe(true)
  })

  it('rounds a price up from its least part', async () => {
    const { bench, terms } = await bondOf(prices, TON)
    const millionth = { promptNanoPerMtok: 1n, cachedNanoPerMtok: 0n, completionNanoPerMtok: 0n }
    const counts = { promptTokens: 1, cachedTokens: 0, completionTokens: 0 }
    const slash = (used: bigint) => {
      const proof = overBilling(used, { quote: { prices: millionth }, bill: { counts } })
      return bench.send(bench.stranger, slashMessage(terms, proof))
    }
    expect((await slash(1n)).exitCode).toBe(424)
    expect((await slash(2n)).success).toBe(true)
  })

  it('takes what is held, and no more, when rent has eaten into the stake', async () => {
    const bond = await bondOf(prices, TON / 50n)
    const { bench, terms, address, state } = bond
    await letRentEat(bond, prices)
    const sent = await bench.send(bench.stranger, slashMessage(terms, overBilling(FAIR + 1n)))
    const [reward, burnt] = [REWARD, SLASHED].map((opcode) => values(sent, opcode)[0] ?? 0n)
    expect(reward).toBe((reward! + burnt!) / 10n)
    expect(reward! + burnt!).toBeLessThan(TON / 50n)
    expect(reward! + burnt!).toBeGreaterThan(TON / 150n)
    expect(await bench.balance(address)).toBe(0n)
    expect(await state()).toMatchObject({ bondedNano: 0n, slashedNano: TON / 50n })
  })

  it('gives back the coins of a slash whose second message cannot be paid', async () => {
    const bond = await bondOf(prices, TON / 50n)
    const { bench, terms, state } = bond
    await letRentEat(bond, prices)
    const slash = slashMessage(terms, overBilling(FAIR + 1n))
    const snapshot = bench.chain.snapshot()
    const { gasNano } = await bench.send(bench.stranger, slash)
    await bench.chain.loadFrom(snapshot)
    const valueNano = gasNano + (3n * MESSAGE_PRICE_NANO[prices]) / 2n
    const sent = await bench.send(bench.stranger, { ...slash, valueNano })
    expect(sent.exitCode).toBe(0)
    expect(bounceOf(sent)).toBe('ok')
    expect((await state())?.bondedNano).toBe(TON / 50n)
  })

  it('ends although nothing is left to give back to the caller', async () => {
    const { bench, terms, address } = await bondOf(prices, TON)
    await bench.send(bench.provider, startUnbondingMessage(terms))
    bench.chain.now = (bench.chain.now ?? 0) + terms.unbondDelay
    const withdraw = bondWithdrawMessage(terms)
    const snapshot = bench.chain.snapshot()
    const { gasNano } = await bench.send(bench.stranger, withdraw)
    await bench.chain.loadFrom(snapshot)
    const valueNano = gasNano + MESSAGE_PRICE_NANO[prices] / 2n
    const sent = await bench.send(bench.stranger, { ...withdraw, valueNano })
    expect(sent.out.map(({ opcode }) => opcode)).toEqual([WITHDRAWN])
    expect(await bench.isDeployed(address)).toBe(false)
  })
})
