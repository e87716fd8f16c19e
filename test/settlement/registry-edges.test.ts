/**
 * The registry where one entry or one second decides. Found by mutation testing (`npm run mutants`).
 */
import { beginCell, contractAddress, type StateInit } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import {
  actionCell,
  additionCell,
  type Decision,
  signAction,
} from '#settlement/registry/actions.ts'
import { decideMessage } from '#settlement/registry/registry.ts'
import { crypto } from './channel-fixture.ts'
import { dearRent, makeStorageDear } from './dear-storage.ts'
import { bytes, model, owners, POLICY, RegistryBench } from './registry-bench.ts'

const ENTRIES_MAX = 1_024

/** The state of a fresh registry that counts so many entries already. */
function crowded({ code, data }: StateInit, entries: number) {
  const slice = data!.beginParse()
  const head = slice.loadBits(64)
  slice.loadUint(16)
  const counted = beginCell().storeBits(head).storeUint(entries, 16).storeSlice(slice).endCell()
  return { code: code!, data: counted }
}

/** The first decision of a registry that was started with so many entries. */
async function decideCrowded(bench: RegistryBench, entries: number, decision: Decision) {
  const action = bench.action(decision)
  const init = crowded(decideMessage(bench.terms, action, new Map()).stateInit!, entries)
  const to = contractAddress(0, init)
  const own = { ...action, registry: to }
  const signatures = new Map([0, 1].map((at) => [at, signAction(crypto, owners[at]!, own)]))
  const message = decideMessage(bench.terms, own, signatures)
  return bench.bench.send(bench.bench.stranger, { ...message, to, stateInit: init })
}

/** A proposal of an entry of any kind, soundly signed. */
async function proposeKind(bench: RegistryBench, kind: number) {
  const addition = beginCell()
    .storeUint(0x02, 8)
    .storeBuffer(Buffer.from(bytes(5)))
    .storeUint(kind, 8)
    .storeBuffer(Buffer.from(bytes(0x77)))
  const decision = beginCell().storeUint(0x11, 8).storeRef(addition.endCell()).endCell()
  const sound = bench.action({ kind: 'propose', addition: model(5) })
  const head = actionCell(sound).beginParse()
  const action = beginCell().storeBits(head.loadBits(head.remainingBits)).storeRef(decision)
  const cell = action.endCell()
  const sign = (at: number) => crypto.ed25519Sign(owners[at]!, cell.hash())
  const message = decideMessage(bench.terms, sound, new Map([0, 1].map((at) => [at, sign(at)])))
  const body = message.body.beginParse()
  const [operation] = [body.loadBits(96), body.loadRef()]
  const forged = beginCell().storeBits(operation).storeRef(cell).storeSlice(body).endCell()
  return bench.bench.send(bench.bench.stranger, { ...message, body: forged })
}

describe.each(PRICE_TABLES)('the registry at its edges, prices %s', (prices) => {
  it.each<[string, Decision]>([
    ['proposal of one', { kind: 'propose', addition: model(5) }],
    ['revocation of one that nobody added', { kind: 'revoke', key: bytes(5) }],
  ])('has room for 1,024 entries: a %s', async (_, decision) => {
    const bench = await RegistryBench.open(prices)
    expect((await decideCrowded(bench, ENTRIES_MAX, decision)).exitCode).toBe(430)
    expect((await decideCrowded(bench, ENTRIES_MAX - 1, decision)).success).toBe(true)
  })

  it('asks for the rent of five years, to the second, of itself and of what is added', async () => {
    const bench = await RegistryBench.open(prices)
    makeStorageDear(bench.bench.chain)
    const action = bench.action({ kind: 'propose', addition: model(5) })
    const signatures = new Map([0, 1].map((at) => [at, signAction(crypto, owners[at]!, action)]))
    const message = decideMessage(bench.terms, action, signatures)
    const rich = { ...message, valueNano: 10_000_000_000n }
    expect((await bench.bench.send(bench.bench.stranger, rich)).success).toBe(true)
    const years = 5 * 365 * 86_400
    const own = dearRent(years, { bits: 16_000n, cells: 64n })
    const proposal = dearRent(years, { bits: 1_023n, cells: 4n })
    expect(await bench.bench.balance(bench.address)).toBe(own + proposal)
  })

  it('revokes and cancels by no fewer owners than its terms say', async () => {
    const bench = await RegistryBench.open(prices)
    await bench.propose(model(5))
    const proposal = new Uint8Array(additionCell(model(5)).hash())
    for (const decision of [
      { kind: 'revoke', key: bytes(6) },
      { kind: 'cancel', proposal },
    ] as const) {
      expect((await bench.decide(decision, [])).exitCode).toBe(428)
      expect((await bench.decide(decision, [1])).success).toBe(true)
    }
  })

  it('lets one proposal of a kind wait, from when it was made', async () => {
    const bench = await RegistryBench.open(prices)
    await bench.propose(model(5))
    const waiting = (await bench.state()).proposals
    bench.wait(7)
    expect((await bench.propose(model(5))).exitCode).toBe(404)
    expect((await bench.state()).proposals).toEqual(waiting)
  })

  it('knows two kinds of entries', async () => {
    const bench = await RegistryBench.open(prices)
    for (const kind of [0, 3]) expect((await proposeKind(bench, kind)).exitCode).toBe(431)
    expect((await proposeKind(bench, 2)).success).toBe(true)
  })

  it('begins with the policy that follows none', async () => {
    const bench = await RegistryBench.open(prices)
    for (const change of [{ epoch: 2 }, { epoch: 0 }, { previousHash: bytes(1) }]) {
      const addition = { kind: 'policy', policy: { ...POLICY, ...change } } as const
      expect((await bench.propose(addition)).exitCode).toBe(432)
    }
  })

  it('counts its changes, what is in it and what waits', async () => {
    const bench = await RegistryBench.open(prices)
    const counts = async () => {
      const { stackReader } = await bench.bench.chain.runGetMethod(bench.address, 'registry')
      return Array.from({ length: 4 }, () => stackReader.readNumber()).slice(1)
    }
    await bench.propose(model(5))
    expect(await counts()).toEqual([0, 0, 1])
    const proposal = new Uint8Array(additionCell(model(5)).hash())
    await bench.decide({ kind: 'cancel', proposal })
    expect(await counts()).toEqual([0, 0, 0])
    await bench.add(model(5))
    expect(await counts()).toEqual([1, 1, 0])
    await bench.add({ kind: 'measurement', key: bytes(5), meta: bytes(1) })
    expect(await counts()).toEqual([2, 1, 0])
    await bench.decide({ kind: 'revoke', key: bytes(5) })
    expect(await counts()).toEqual([3, 1, 0])
    await bench.decide({ kind: 'revoke', key: bytes(6) })
    expect(await counts()).toEqual([4, 2, 0])
  })

  it('says of a revoked entry what it was and since when it is none, and of no entry nothing', async () => {
    const bench = await RegistryBench.open(prices)
    await bench.add(model(5))
    bench.wait(7)
    await bench.decide({ kind: 'revoke', key: bytes(5) })
    const said = async (key: Uint8Array) => {
      const value = BigInt(`0x${Buffer.from(key).toString('hex')}`)
      const asked = [{ type: 'int' as const, value }]
      const { stackReader } = await bench.bench.chain.runGetMethod(bench.address, 'entry', asked)
      return Array.from({ length: 4 }, () => stackReader.readBigNumber())
    }
    const meta = BigInt(`0x${'77'.repeat(32)}`)
    expect(await said(bytes(5))).toEqual([1n, 2n, BigInt(bench.bench.chain.now ?? 0), meta])
    expect(await said(bytes(6))).toEqual([0n, 0n, 0n, 0n])
  })
})
