/**
 * The registry where one entry or one second decides. Found by mutation testing (`npm run mutants`).
 */
import { beginCell, contractAddress, type StateInit } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { additionCell, type Decision, signAction } from '#settlement/registry/actions.ts'
import { decideMessage } from '#settlement/registry/registry.ts'
import { crypto } from './channel-fixture.ts'
import { dearRent, makeStorageDear } from './dear-storage.ts'
import { bytes, model, owners, RegistryBench } from './registry-bench.ts'

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

  it('counts what waits and what is in it', async () => {
    const bench = await RegistryBench.open(prices)
    const counts = async () => {
      const { stackReader } = await bench.bench.chain.runGetMethod(bench.address, 'registry')
      return Array.from({ length: 4 }, () => stackReader.readNumber()).slice(2)
    }
    await bench.propose(model(5))
    expect(await counts()).toEqual([0, 1])
    const proposal = new Uint8Array(additionCell(model(5)).hash())
    await bench.decide({ kind: 'cancel', proposal })
    expect(await counts()).toEqual([0, 0])
    await bench.add(model(5))
    expect(await counts()).toEqual([1, 0])
    await bench.decide({ kind: 'revoke', key: bytes(5) })
    expect(await counts()).toEqual([1, 0])
    await bench.decide({ kind: 'revoke', key: bytes(6) })
    expect(await counts()).toEqual([2, 0])
  })

  it('says of a revoked entry what it was, and since when it is none', async () => {
    const bench = await RegistryBench.open(prices)
    await bench.add(model(5))
    bench.wait(7)
    await bench.decide({ kind: 'revoke', key: bytes(5) })
    const key = BigInt(`0x${Buffer.from(bytes(5)).toString('hex')}`)
    const asked = [{ type: 'int' as const, value: key }]
    const { stackReader } = await bench.bench.chain.runGetMethod(bench.address, 'entry', asked)
    const said = Array.from({ length: 3 }, () => stackReader.readNumber())
    expect(said).toEqual([1, 2, bench.bench.chain.now])
  })
})
