/**
 * Limits of the contracts, on both sides of each: found by mutation testing where neither the tests of
 * the operations nor the fuzz looked (`npm run mutants`).
 */
import { beginCell, Cell } from '@ton/core'
import { internal } from '@ton/sandbox'
import { describe, expect, it } from 'vitest'
import { bondDepositMessage, slashMessage, startUnbondingMessage } from '#settlement/bond/bond.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { jettonClaimMessage, setJettonWalletMessage } from '#settlement/jetton/jetton-channel.ts'
import { actionCell, additionCell, signAction } from '#settlement/registry/actions.ts'
import { decideMessage } from '#settlement/registry/registry.ts'
import { claimMessage, closeMessage, topUpMessage } from '#settlement/wallet/messages.ts'
import { FAIR, openBond, overBilling } from './bond-bench.ts'
import { clientKey, crypto, NOW_S, providerKey } from './channel-fixture.ts'
import { ContractBench } from './contract-bench.ts'
import { sizeOf, storageRent } from './fuzz/effects.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'
import { bytes, model, owners, POLICY, RegistryBench, TIMELOCK_S } from './registry-bench.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400

describe.each(PRICE_TABLES)('the payment channel at its limits, prices %s', (prices) => {
  it('takes the longest life and the longest close delay', async () => {
    const changes = { expiresAt: NOW_S + 400 * DAY_S, closeDelay: 7 * DAY_S }
    const bench = await ContractBench.create(prices, changes)
    expect((await bench.send(bench.client, topUpMessage(bench.terms, TON))).success).toBe(true)
  })

  it('pays what is held, and no more, when rent has eaten into a deposit', async () => {
    const bench = await ContractBench.create(prices)
    const deposit = 20_000_000n
    await bench.deposit(deposit)
    const size = sizeOf(await bench.account())
    // As after a rise of storage prices: so long that half of the deposit is gone.
    const perYear = storageRent(prices, 365 * DAY_S, size)
    const gone = (await bench.balance()) - deposit / 2n
    bench.chain.now = NOW_S + Number((gone * 365n) / perYear) * DAY_S
    const claim = claimMessage(bench.terms, bench.voucher(deposit, 1))
    expect((await bench.send(bench.stranger, claim)).success).toBe(true)
    const { claimedNano } = await bench.state()
    expect(claimedNano).toBeGreaterThan(deposit / 3n)
    expect(claimedNano).toBeLessThan(deposit)
    expect(await bench.balance()).toBe(0n)
    const closed = await bench.send(bench.provider, closeMessage(bench.terms))
    expect(closed.success).toBe(true)
    expect((await bench.state()).closed).toBe(true)
  })

  it('says all of its state to whoever asks', async () => {
    const bench = await ContractBench.create(prices)
    await bench.deposit(5n * TON)
    await bench.send(bench.provider, claimMessage(bench.terms, bench.voucher(2n * TON, 9)))
    const { stackReader } = await bench.chain.runGetMethod(bench.channel, 'channel')
    const said = Array.from({ length: 5 }, () => stackReader.readBigNumber())
    expect(said).toEqual([5n * TON, 2n * TON, 0n, 0n, 9n])
  })
})

describe.each(PRICE_TABLES)('the jetton channel at its limits, prices %s', (prices) => {
  it('takes the longest life and the longest close delay', async () => {
    const changes = { expiresAt: NOW_S + 400 * DAY_S, closeDelay: 7 * DAY_S }
    const bench = await JettonBench.open(prices, changes)
    expect((await bench.state()).wallet).toBeDefined()
  })

  it('believes no bounce but that of a transfer by its own jetton wallet', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    await bench.bench.send(bench.bench.provider, claim)
    const wallet = await bench.jetton.walletOf(bench.channel)
    const bounceOf = (opcode: number) =>
      beginCell()
        .storeUint(0xfffffffe, 32)
        .storeRef(
          beginCell()
            .storeUint(opcode, 32)
            .storeUint(0, 64)
            .storeCoins(40n * UNIT)
            .storeAddress(bench.terms.provider)
            .storeAddress(bench.terms.client)
            .endCell(),
        )
        .storeRef(beginCell().storeCoins(TON).storeUint(0, 96).endCell())
        .storeUint(0, 8)
        .storeInt(0, 32)
        .storeBit(false)
        .endCell()
    for (const [from, opcode, paid] of [
      [bench.bench.stranger.address, 0x0f8a7ea5, 40n * UNIT],
      [wallet, 0x178d4519, 40n * UNIT],
      // The same words from the wallet itself are believed: so the two above were well formed.
      [wallet, 0x0f8a7ea5, 0n],
    ] as const) {
      const to = bench.channel
      const body = bounceOf(opcode)
      const fake = internal({ from, to, value: TON, bounced: true, bounce: false, body })
      await bench.bench.chain.sendMessage(fake)
      expect((await bench.state()).paid).toBe(paid)
    }
  })

  it('shows its wallet to whoever asks and takes no other', async () => {
    const bench = await JettonBench.open(prices)
    const again = setJettonWalletMessage(bench.terms, bench.channel)
    expect((await bench.bench.send(bench.bench.client, again)).exitCode).toBe(420)
    const { stackReader } = await bench.bench.chain.runGetMethod(bench.channel, 'channel')
    const numbers = Array.from({ length: 8 }, () => stackReader.readBigNumber())
    expect(numbers.every((one) => one === 0n)).toBe(true)
    const wallet = await bench.jetton.walletOf(bench.channel)
    expect(stackReader.readAddress().equals(wallet)).toBe(true)
  })
})

describe.each(PRICE_TABLES)('the bond at its limits, prices %s', (prices) => {
  it.each([14 * DAY_S, 400 * DAY_S])('takes a delay of %s seconds', async (unbondDelay) => {
    const { bench, terms } = await openBond(prices, { unbondDelay })
    expect((await bench.send(bench.provider, bondDepositMessage(terms, TON))).success).toBe(true)
  })

  it.each(['quote', 'delegate', 'bill'] as const)('asks for the tag of the %s', async (which) => {
    const { bench, terms, state } = await openBond(prices)
    await bench.send(bench.provider, bondDepositMessage(terms, TON))
    const proof = overBilling(FAIR + 1n)
    const cell = retagged(proof[which].boc)
    const key = which === 'bill' ? clientKey : providerKey
    const forged = { ...proof, [which]: signCell(crypto, key, cell) }
    expect((await bench.send(bench.stranger, slashMessage(terms, forged))).exitCode).toBe(402)
    expect((await state())?.bondedNano).toBe(TON)
  })

  it('says all of its state to whoever asks', async () => {
    const { bench, terms, address } = await openBond(prices)
    await bench.send(bench.provider, bondDepositMessage(terms, TON))
    await bench.send(bench.provider, startUnbondingMessage(terms))
    const { stackReader } = await bench.chain.runGetMethod(address, 'bonding')
    const said = Array.from({ length: 3 }, () => stackReader.readBigNumber())
    expect(said).toEqual([TON, 0n, BigInt(NOW_S + terms.unbondDelay)])
  })
})

describe.each(PRICE_TABLES)('the registry at its limits, prices %s', (prices) => {
  it.each([{ timelock: DAY_S }, { timelock: 90 * DAY_S }, { threshold: 1, revokeThreshold: 1 }])(
    'takes terms with %o',
    async (changes) => {
      const bench = await RegistryBench.open(prices, changes)
      expect((await bench.propose(model(5))).success).toBe(true)
    },
  )

  it('applies a proposal until the last second of its life', async () => {
    const bench = await RegistryBench.open(prices)
    await bench.propose(model(5))
    bench.wait(TIMELOCK_S + 90 * DAY_S)
    expect((await bench.apply(model(5))).success).toBe(true)
    expect((await bench.state()).entries.size).toBe(1)
  })

  it('counts sixteen owners and no more', async () => {
    const many = Array.from({ length: 17 }, (_, index) =>
      crypto.ed25519FromSeed(new Uint8Array(32).fill(0x60 + index)),
    )
    const keys = many.map((one) => one.publicKey)
    const bench = await RegistryBench.open(prices, { owners: keys, threshold: 16 })
    const send = (count: number) => {
      const action = bench.action({ kind: 'propose', addition: model(5) })
      const signed = many.slice(0, count).map((one) => signAction(crypto, one, action))
      const message = decideMessage(bench.terms, action, new Map(signed.entries()))
      return bench.bench.send(bench.bench.stranger, message)
    }
    expect((await send(15)).exitCode).toBe(428)
    expect((await send(17)).exitCode).toBe(430)
    expect((await send(16)).success).toBe(true)
  })

  it('asks for the tag of an action', async () => {
    const bench = await RegistryBench.open(prices)
    const action = bench.action({ kind: 'propose', addition: model(5) })
    const cell = retagged(actionCell(action).toBoc())
    const signatures = new Map(
      [0, 1].map((index) => [index, crypto.ed25519Sign(owners[index]!, cell.hash())] as const),
    )
    const sound = decideMessage(bench.terms, action, signatures)
    const body = sound.body.beginParse()
    const head = body.loadBits(96)
    body.loadRef()
    const forged = beginCell().storeBits(head).storeRef(cell).storeSlice(body).endCell()
    const sent = await bench.bench.send(bench.bench.stranger, { ...sound, body: forged })
    expect(sent.exitCode).toBe(402)
  })

  it('answers for entries, proposals and the policy', async () => {
    const bench = await RegistryBench.open(prices)
    const { chain } = bench.bench
    const key = (value: Uint8Array) => [
      { type: 'int' as const, value: BigInt(`0x${Buffer.from(value).toString('hex')}`) },
    ]
    await bench.propose(model(5))
    const hash = new Uint8Array(additionCell(model(5)).hash())
    const ready = await chain.runGetMethod(bench.address, 'proposalReadyAt', key(hash))
    expect(ready.stackReader.readNumber()).toBe(NOW_S + TIMELOCK_S)
    const none = await chain.runGetMethod(bench.address, 'proposalReadyAt', key(bytes(1)))
    expect(none.stackReader.readNumber()).toBe(0)
    bench.wait(TIMELOCK_S)
    await bench.apply(model(5))
    const entry = (await chain.runGetMethod(bench.address, 'entry', key(bytes(5)))).stackReader
    expect([entry.readNumber(), entry.readNumber(), entry.readNumber()]).toEqual([
      1,
      1,
      NOW_S + TIMELOCK_S,
    ])
    const unknown = (await chain.runGetMethod(bench.address, 'entry', key(bytes(9)))).stackReader
    expect([unknown.readNumber(), unknown.readNumber(), unknown.readNumber()]).toEqual([0, 0, 0])
    await bench.add({ kind: 'policy', policy: POLICY })
    const { stackReader } = await chain.runGetMethod(bench.address, 'registry')
    const said = Array.from({ length: 4 }, () => stackReader.readNumber())
    expect(said).toEqual([2, 2, 1, 0])
  })
})

/** The same cell under a tag that nothing has. */
function retagged(boc: Uint8Array) {
  const slice = Cell.fromBoc(Buffer.from(boc))[0]!.beginParse()
  const tag = slice.loadUint(32)
  return beginCell()
    .storeUint(tag ^ 1, 32)
    .storeSlice(slice)
    .endCell()
}
