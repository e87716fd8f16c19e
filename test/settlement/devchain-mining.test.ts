/** Blocks at intervals, snapshots by name, faults on demand, and tables that stay bounded. */
import { Address, beginCell, internal } from '@ton/core'
import { afterEach, describe, expect, it } from 'vitest'
import { sleep } from '#node/async.ts'
import { ChainLoad } from '#node/bench/chain-load.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import * as limits from '#settlement/devchain/constants.ts'
import { FAULT_KINDS, Faults, faultsSchema, parseFault } from '#settlement/devchain/faults.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import { eventually } from '#test/support/eventually.ts'
import { callDev, type Network, startNetwork, TON } from './devchain-fixture.ts'

const running: Network[] = []
async function start(options: Parameters<typeof startNetwork>[0] = {}): Promise<Network> {
  const network = await startNetwork({ sleep, ...options })
  running.push(network)
  return network
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ chain }) => chain.stop()))
})

function faults(network: Network, rules: object[], seed = 1) {
  return callDev(network.chain, 'dev_faults', { rules, seed })
}

describe('blocks at intervals', () => {
  it('execute one hop a block, count coins on their way, and end where instant ones do', async () => {
    const network = await start({ interval: { ms: 5, sleep } })
    const { chain, client, provider, terms, access } = network
    await client.send([topUpMessage(terms, 5n * TON)])
    const reader = tonClientReader(access)
    expect(await reader.channel(channelAddress(terms))).toMatchObject({ depositedNano: 5n * TON })
    const hops = await Promise.all(
      [client.address, channelAddress(terms)].map((address) =>
        callDev<{ transaction_id: { lt: string } }[]>(chain, 'getTransactions', {
          address: address.toString(),
        }),
      ),
    )
    expect(hops.every((list) => list.length > 0)).toBe(true)
    const before = (await reader.latestBlock()).seqno
    await eventually(async () => (await reader.latestBlock()).seqno > before + 2)
    const body = beginCell().endCell()
    await Promise.all([
      client.send([{ to: provider.address, valueNano: TON, body }]),
      provider.send([{ to: client.address, valueNano: 1n, body }]),
    ])
    const { genesisNano, balancesNano, feesNano, inFlightNano } = chain.totals()
    expect(genesisNano).toBe(balancesNano + feesNano + inFlightNano)
  })
})

describe('snapshots by name', () => {
  it('bring back state, books, blocks and time; unknown names and a ninth are refused', async () => {
    const network = await start()
    const { chain, access, client } = network
    const call = (method: string, params: object = {}) => callDev(chain, method, params)
    const reader = tonClientReader(access)
    const [balance, block, totals] = [
      await client.balance(),
      await reader.latestBlock(),
      chain.totals(),
    ]
    await call('dev_snapshot_save', { name: 'before' })
    await call('dev_time', { addSeconds: 86_400 })
    await client.send([topUpMessage(network.terms, 5n * TON)])
    expect(await client.balance()).toBeLessThan(balance)
    await call('dev_snapshot_restore', { name: 'before' })
    expect(await client.balance()).toBe(balance)
    expect(await reader.latestBlock()).toEqual(block)
    expect(chain.totals()).toEqual(totals)
    // The other history may now take another way.
    await client.send([topUpMessage(network.terms, 6n * TON)])
    await expect(call('dev_snapshot_restore', { name: 'x' })).rejects.toThrow('SNAPSHOT_UNKNOWN')
    for (let at = 1; at < limits.SNAPSHOTS_MAX; at++) {
      await call('dev_snapshot_save', { name: `s${at}` })
    }
    await expect(call('dev_snapshot_save', { name: 'full' })).rejects.toThrow('SNAPSHOTS_FULL')
    await call('dev_snapshot_drop', { name: 's1' })
    expect(await call('dev_snapshots')).toHaveLength(limits.SNAPSHOTS_MAX - 1)
  })
})

describe('faults on demand', () => {
  it('refuse, lose, drop, err, delay and age what they name, so often as they say', async () => {
    const network = await start()
    const { chain, client, provider } = network
    const body = beginCell().endCell()
    const transfer = () => client.send([{ to: provider.address, valueNano: 1n, body }])
    await faults(network, [{ fault: 'reject', times: 1 }])
    await expect(transfer()).rejects.toMatchObject({ code: 'EXTERNAL_REJECTED' })
    await transfer()

    await faults(network, [{ fault: 'error', methods: ['getMasterchainInfo'], times: 1 }])
    const info = () => callDev(chain, 'getMasterchainInfo', {})
    await expect(info()).rejects.toThrow('JSON')
    await info()

    await faults(network, [{ fault: 'drop', times: 1 }])
    await expect(info()).rejects.toThrow('fetch failed')

    await faults(network, [{ fault: 'delay', delayMs: 60, times: 1 }])
    const startedMs = performance.now()
    await info()
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(55)

    const balance = await client.balance()
    await faults(network, [{ fault: 'lose' }])
    const lost = callDev(chain, 'sendBoc', { boc: body.toBoc().toString('base64') })
    expect(await lost).toMatchObject({ '@type': 'ok' })
    expect(await client.balance()).toBe(balance)
  })

  it('serve a consistent past when they age answers', async () => {
    const network = await start()
    const { chain, client, access } = network
    const reader = tonClientReader(access)
    const before = { block: await reader.latestBlock(), balance: await client.balance() }
    await client.send([topUpMessage(network.terms, 5n * TON)])
    const { seqno } = await reader.latestBlock()
    await faults(network, [{ fault: 'stale', blocks: seqno - before.block.seqno }])
    expect(await reader.latestBlock()).toEqual(before.block)
    expect(await client.balance()).toBe(before.balance)
    expect(await reader.channel(channelAddress(network.terms))).toBeUndefined()
    expect(await reader.transactions(channelAddress(network.terms), 5)).toEqual([])
    await faults(network, [])
    expect((await reader.latestBlock()).seqno).toBe(seqno)
    expect(chain.sizes().pending).toBe(0)
  })

  it('put messages of a block in another order, those of a pair of accounts in theirs', () => {
    const reordering = new Faults()
    reordering.set(faultsSchema.parse({ rules: [{ fault: 'reorder' }], seed: 7 }))
    const address = (byte: number) => new Address(0, Buffer.alloc(32, byte))
    const messages = Array.from({ length: 60 }, (_, at) => {
      const message = internal({ to: address(at % 3), value: BigInt(at) })
      return { ...message, info: { ...message.info, src: address(9) } }
    }) as unknown as Parameters<Faults['arrange']>[0]
    const arranged = reordering.arrange(messages)
    expect(arranged).not.toEqual(messages)
    expect(new Set(arranged)).toEqual(new Set(messages))
    const to = (byte: number) => (message: (typeof messages)[number]) =>
      message.info.dest?.toString() === address(byte).toString()
    for (const byte of [0, 1, 2]) {
      expect(arranged.filter(to(byte))).toEqual(messages.filter(to(byte)))
    }
  })

  it('are the same for the same seed, and written as one line each', () => {
    const drawn = (seed: number) => {
      const some = new Faults()
      some.set(faultsSchema.parse({ rules: [{ fault: 'drop', probability: 0.5 }], seed }))
      return Array.from({ length: 40 }, () => some.take('drop', 'shards') !== undefined)
    }
    expect(drawn(3)).toEqual(drawn(3))
    expect(drawn(3)).not.toEqual(drawn(4))
    expect(drawn(3).filter(Boolean).length).toBeGreaterThan(8)
    expect(parseFault('delay:delayMs=500,probability=0.1,methods=sendBoc+shards')).toMatchObject({
      fault: 'delay',
      delayMs: 500,
      probability: 0.1,
      methods: ['sendBoc', 'shards'],
    })
    for (const kind of FAULT_KINDS) expect(parseFault(kind).fault).toBe(kind)
    for (const wrong of ['', 'melt', 'drop:probability=2', 'drop:why=1', 'error:status=200']) {
      expect(() => parseFault(wrong)).toThrow(expect.objectContaining({ code: 'FAULT_INVALID' }))
    }
  })
})

describe('memory', () => {
  it('is held by tables of fixed size: each stops at its limit while transactions go on', async () => {
    const load = await ChainLoad.create(5)
    // In the short form the oldest state, not the oldest transaction, is what runs out first.
    const transactionsMax = process.env['LONG'] ? 100_000 : 900
    let transactions = 0
    while (transactions < transactionsMax) transactions += await load.round()
    const sizes = load.ledger.sizes()
    expect(sizes.historyBlocks).toBe(limits.HISTORY_BLOCKS_MAX)
    expect(sizes.transactions).toBe(
      Math.min(load.ledger.transactions.added, limits.TRANSACTIONS_MAX),
    )
    expect(sizes.blocks).toBeLessThanOrEqual(limits.BLOCKS_MAX)
    expect(sizes.accounts).toBeLessThanOrEqual(limits.ACCOUNTS_MAX)
    expect(sizes.pending).toBe(0)
    if (process.env['LONG']) {
      expect(sizes).toMatchObject({
        blocks: limits.BLOCKS_MAX,
        accounts: limits.ACCOUNTS_MAX,
        transactions: limits.TRANSACTIONS_MAX,
      })
    }
    const { genesisNano, balancesNano, feesNano } = load.ledger.totals()
    expect(genesisNano).toBe(balancesNano + feesNano)
  }, 3_600_000)

  it('drops the oldest transactions and forgets accounts that have none left', async () => {
    const { readTransaction, Transactions } = await import('#settlement/devchain/transactions.ts')
    const load = await ChainLoad.create(6)
    for (let round = 0; round < 6; round++) await load.round()
    const some = load.ledger.transactions.all().map(({ boc }) => boc)
    const { Cell } = await import('@ton/core')
    const table = new Transactions(8)
    for (let turn = 0; turn < 20; turn++) {
      for (const boc of some) table.add(readTransaction(Cell.fromBase64(boc)), turn)
    }
    expect(table.all()).toHaveLength(8)
    expect(table.added).toBe(20 * some.length)
    expect(table.accounts).toBeLessThanOrEqual(8)
  })
})
