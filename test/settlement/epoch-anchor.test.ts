/** The epoch anchor: one root over all of a provider's receipts, and what it costs a receipt. */
import { describe, expect, it } from 'vitest'
import { utf8 } from '#protocol/bytes.ts'
import {
  type AnchorTerms,
  anchorAddress,
  anchorMessage,
  epochTree,
  isAnchored,
  nextHistory,
  readAnchor,
} from '#settlement/anchor/epoch-anchor.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import { crypto, NOW_S } from './channel-fixture.ts'
import { dearRent, makeStorageDear } from './dear-storage.ts'
import { sizeOf } from './fuzz/effects.ts'
import { SandboxBench } from './sandbox-bench.ts'

const FEES_MAX = 30_000_000n

async function open(prices: PriceTable, changes: Partial<AnchorTerms> = {}) {
  const bench = await SandboxBench.create(prices)
  bench.chain.now = NOW_S
  const terms = { globalId: -3, owner: bench.provider.address, salt: 1n, ...changes }
  const address = anchorAddress(terms)
  const state = async () => readAnchor(address, await bench.state(address))
  return { bench, terms, address, state }
}

const receiptsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => utf8(`receipt ${index}`))

describe.each(PRICE_TABLES)('the epoch anchor at prices %s', (prices) => {
  it('records roots in order and binds them in one history', async () => {
    const { bench, terms, address, state } = await open(prices)
    let history: Uint8Array = new Uint8Array(32)
    for (const [epoch, count] of [
      [1, 3],
      [2, 1],
      [7, 1_000],
    ] as const) {
      const root = { epoch, ...epochTree(crypto, receiptsOf(count)) }
      const held = epoch === 1 ? 0n : await bench.balance(address)
      const sent = await bench.send(bench.provider, anchorMessage(terms, root))
      expect(sent.success).toBe(true)
      expect(sent.feesNano).toBeLessThan(FEES_MAX)
      history = nextHistory(history, { ...root, anchoredAt: NOW_S })
      const { leafCount } = root
      expect(await state()).toMatchObject({ epoch, leafCount, root: root.root, history })
      expect(await bench.balance(address)).toBeGreaterThanOrEqual(held)
    }
  })

  it('asks for the rent of 400 days, to the second', async () => {
    const { bench, terms, address } = await open(prices)
    makeStorageDear(bench.chain)
    const root = { epoch: 1, leafCount: 2n, root: new Uint8Array(32).fill(1) }
    const anchor = { ...anchorMessage(terms, root), valueNano: 20_000_000_000n }
    expect((await bench.send(bench.provider, anchor)).success).toBe(true)
    const rent = dearRent(400 * 86_400, sizeOf(await bench.state(address)))
    expect(await bench.balance(address)).toBe(rent)
  })

  it('proves each receipt of an epoch and no other', async () => {
    const { bench, terms, state } = await open(prices)
    const receipts = receiptsOf(21)
    const tree = epochTree(crypto, receipts)
    await bench.send(bench.provider, anchorMessage(terms, { epoch: 1, ...tree }))
    const anchored = (await state())!
    for (const [index, receipt] of receipts.entries()) {
      expect(isAnchored(crypto, anchored, receipt, tree.prove(index))).toBe(true)
      expect(isAnchored(crypto, anchored, utf8('another'), tree.prove(index))).toBe(false)
    }
    const other = epochTree(crypto, receiptsOf(20))
    expect(isAnchored(crypto, anchored, receipts[0]!, other.prove(0))).toBe(false)
  })

  it('refuses strangers, epochs that do not rise, empty ones and other networks', async () => {
    const { bench, terms } = await open(prices)
    const root = { epoch: 5, leafCount: 2n, root: new Uint8Array(32).fill(1) }
    expect((await bench.send(bench.stranger, anchorMessage(terms, root))).exitCode).toBe(411)
    const empty = anchorMessage(terms, { ...root, leafCount: 0n })
    expect((await bench.send(bench.provider, empty)).exitCode).toBe(423)
    expect((await bench.send(bench.provider, anchorMessage(terms, root))).success).toBe(true)
    expect((await bench.send(bench.provider, anchorMessage(terms, root))).exitCode).toBe(422)
    const earlier = anchorMessage(terms, { ...root, epoch: 4 })
    expect((await bench.send(bench.provider, earlier)).exitCode).toBe(422)
    const mainnet = { ...terms, globalId: -239 }
    expect((await bench.send(bench.provider, anchorMessage(mainnet, root))).exitCode).toBe(417)
  })
})
