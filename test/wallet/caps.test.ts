/** The wallet's own caps on deposits: refused before anything is signed, counted over crashes. */
import { Cell } from '@ton/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'
import { DepositCaps, type DepositLimits } from '#node/wallet/deposit-caps.ts'
import { moneyOf, moneyRows } from '#node/wallet/money.ts'
import { newChannel } from '#settlement/channel/state.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { crypto, makeTerms } from '../settlement/channel-fixture.ts'
import { type Network, startNetwork, TON, walletOf } from '../settlement/devchain-fixture.ts'
import { rejectionCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DAY_MS = 86_400_000
const LIMITS: DepositLimits = { perDayNano: 5n * TON, perProviderDayNano: 3n * TON }

let network: Network
let folder: string

beforeEach(async () => {
  network = await startNetwork()
  folder = temporaryFolder()
})

afterEach(async () => {
  await network.chain.stop()
})

/** A wallet that counts its signatures, with caps in the folder's ledger. */
function capped(limits = LIMITS) {
  const database = openLedgerDatabase(folder)
  const ledger = new Ledger(database)
  const recovered = ledger.recover()
  const caps = new DepositCaps(ledger, network.clock, limits)
  const own = seedSigner(crypto, new Uint8Array(32).fill(1))
  const state = { signatures: 0, fails: false }
  const signer = {
    ...own,
    sign(request: Parameters<typeof own.sign>[0]) {
      state.signatures++
      if (state.fails) return Promise.reject(new Error('no signature'))
      return own.sign(request)
    },
  }
  const wallet = walletOf(network.access, network.clock, 1, { signer, caps })
  return { wallet, caps, state, recovered, close: () => database.close() }
}

const deposit = (nano: bigint, salt: bigint, provider = network.provider.address) =>
  topUpMessage(
    makeTerms({ globalId: network.chain.globalId, client: network.client.address, provider, salt }),
    nano,
  )

it('refuses a deposit above the cap of a provider or of the day before it signs', async () => {
  const { wallet, caps, state, close } = capped()
  const other = network.client.address
  await wallet.send([deposit(2n * TON, 1n)])
  const tooMuch = wallet.send([deposit(2n * TON, 2n)])
  await expect(tooMuch).rejects.toMatchObject({
    code: 'DEPOSIT_CAP_PROVIDER',
    data: { neededNano: 2n * TON, leftNano: TON },
  })
  await wallet.send([deposit(2n * TON, 3n, other)])
  // Two in one message: the second is above the day's cap, so that neither is sent or counted.
  const both = wallet.send([deposit(TON / 2n, 4n), deposit(TON, 5n, other)])
  expect(await rejectionCode(both)).toBe('DEPOSIT_CAP_DAY')
  expect(state.signatures).toBe(2)
  expect(caps.view()).toMatchObject({ usedNano: 4n * TON, usedByProviderNano: 2n * TON })
  network.clock.timeMs += DAY_MS
  expect(caps.view()).toMatchObject({ usedNano: 0n })
  await wallet.send([deposit(3n * TON, 6n)])
  close()
})

it('gives back what was not sent, and counts in full what a crash left open', async () => {
  const { wallet, caps, state, close } = capped()
  state.fails = true
  await expect(wallet.send([deposit(2n * TON, 1n)])).rejects.toThrow('no signature')
  expect(caps.view().usedNano).toBe(0n)
  // A process that dies between holding and settling: nobody calls what hold() returned.
  caps.hold([{ amountNano: 2n * TON, provider: network.provider.address }])
  close()
  const again = capped()
  expect(again.recovered).toBe(2)
  expect(again.caps.view().usedNano).toBe(2n * TON)
  again.close()
})

it('a withdrawal is no deposit: caps do not keep an owner from their coins', async () => {
  const { wallet, close } = capped({ perDayNano: 0n, perProviderDayNano: 0n })
  expect(await rejectionCode(wallet.send([deposit(1n, 1n)]))).toBe('DEPOSIT_CAP_DAY')
  await wallet.send([{ to: network.provider.address, valueNano: TON, body: Cell.EMPTY }])
  close()
})

it('shows what is out, what is unclaimed, and what is left of each cap', async () => {
  const { wallet, caps, close } = capped()
  await wallet.send([deposit(2n * TON, 1n)])
  const open = newChannel('client', makeTerms())
  const channel = {
    ...open,
    status: 'open' as const,
    depositedNano: 2n * TON,
    claimedNano: TON / 4n,
    best: { ...open.best, amountNano: TON },
  }
  const closed = { ...channel, status: 'closed' as const }
  const money = moneyOf({
    balanceNano: 7n * TON,
    channels: [channel, closed],
    deposits: caps.view(),
    spending: {
      ...{ day: '2026-11-23', spentNano: TON, heldNano: 0n, providers: [] },
      ...{ perRequestNano: undefined, perDayNano: 4n * TON, perProviderDayNano: undefined },
    },
  })
  expect(moneyRows(money, (nano) => `${Number(nano) / 1e9} GRAM`)).toEqual([
    ['balance', '7 GRAM'],
    ['deposits out', '1.75 GRAM'],
    ['unclaimed', '0.75 GRAM'],
    ['cap', 'spendPerDay 4 GRAM, 3 GRAM left'],
    ['cap', 'depositPerDay 5 GRAM, 3 GRAM left'],
    ['cap', 'depositPerProvider 3 GRAM, 1 GRAM left'],
  ])
  close()
})
