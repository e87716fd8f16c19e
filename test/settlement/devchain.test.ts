/** The embedded chain over HTTP: unmodified TonClient, wallet, channel, restart, exact books. */
import { Address, beginCell, external, storeMessage } from '@ton/core'
import { TonClient } from '@ton/ton'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { signCell } from '#settlement/cells/signed.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import { snapshotReader } from '#settlement/chain/snapshot-reader.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import type { Devchain } from '#settlement/devchain/server.ts'
import {
  claimMessage,
  coopCloseMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { testChainReader } from '#test/contracts/chain-reader.ts'
import { clientKey, crypto, NOW_S, providerKey } from './channel-fixture.ts'
import { callDev, type Network, startNetwork, TON } from './devchain-fixture.ts'

const root = new Uint8Array(32).fill(9)

function voucherOf({ terms }: Network, amountNano: bigint, leafCount: number) {
  const channel = channelAddress(terms)
  const cell = voucherCell({ channel, amountNano, leafCount, receiptsRoot: root })
  return signCell(crypto, clientKey, cell)
}

function expectConserved(chain: Devchain): void {
  const { genesisNano, balancesNano, feesNano } = chain.totals()
  expect(genesisNano).toBe(balancesNano + feesNano)
}

const running: Network[] = []
async function start(options: Parameters<typeof startNetwork>[0] = {}): Promise<Network> {
  const network = await startNetwork(options)
  running.push(network)
  return network
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((network) => network.chain.stop()))
})

describe.each(PRICE_TABLES)('a channel over HTTP at prices %s', (prices) => {
  it('is opened, claimed and closed together, and no coin is lost', async () => {
    const network = await start({ prices })
    const { chain, client, provider, terms, access } = network
    const reader = tonClientReader(access)
    const address = channelAddress(terms)
    const opened = await client.send([topUpMessage(terms, 5n * TON)])
    expect(opened.feesNano).toBeGreaterThan(0n)
    await provider.send([claimMessage(terms, voucherOf(network, TON, 1))])
    expect(await reader.channel(address)).toMatchObject({ claimedNano: TON, leafCount: 1 })
    const totals = { channel: address, amountNano: 2n * TON, leafCount: 2, receiptsRoot: root }
    const auth = closeAuthCell({ ...totals, validUntil: NOW_S + 900 })
    await client.send([coopCloseMessage(terms, signCell(crypto, providerKey, auth))])
    expect(await reader.channel(address)).toMatchObject({ closed: true, claimedNano: 2n * TON })
    expect(await client.balance()).toBeGreaterThan(97n * TON)
    expectConserved(chain)
  })
})

describe('the embedded chain', () => {
  it('lets time pass, so that a unilateral close can end', async () => {
    const network = await start()
    const { chain, client, provider, terms, access } = network
    await client.send([topUpMessage(terms, 5n * TON)])
    await client.send([startCloseMessage(terms)])
    await expect(provider.send([finishMessage(terms)])).rejects.toMatchObject({
      code: 'TRANSACTION_FAILED',
      data: { exitCode: 414 },
    })
    await callDev(chain, 'dev_time', { addSeconds: terms.closeDelay })
    await provider.send([finishMessage(terms)])
    expect(await tonClientReader(access).channel(channelAddress(terms))).toMatchObject({
      closed: true,
    })
    expectConserved(chain)
  })

  it('goes on from a snapshot with the same state, seqno, history and books', async () => {
    const first = await start()
    await first.client.send([topUpMessage(first.terms, 5n * TON)])
    const before = await tonClientReader(first.access).latestBlock()
    const snapshot = await first.chain.snapshot()
    const totals = first.chain.totals()
    await first.chain.stop()
    const second = await start({ snapshot })
    const reader = tonClientReader(second.access)
    expect(second.chain.totals()).toEqual(totals)
    expect(await reader.block(before.seqno)).toEqual(before)
    await second.provider.send([claimMessage(second.terms, voucherOf(second, TON, 1))])
    await second.client.send([topUpMessage(second.terms, TON, false)])
    const channel = await reader.channel(channelAddress(second.terms))
    expect(channel).toMatchObject({ depositedNano: 6n * TON, claimedNano: TON })
    expect(await reader.transactions(channelAddress(second.terms), 10)).toHaveLength(3)
    expectConserved(second.chain)
  })

  it('serves the unmodified TonClient', async () => {
    const network = await start()
    const { chain, client, terms } = network
    await client.send([topUpMessage(terms, 5n * TON)])
    const ton = new TonClient({ endpoint: chain.url })
    const { latestSeqno } = await ton.getMasterchainInfo()
    const [shard] = await ton.getWorkchainShards(latestSeqno)
    expect(await ton.getShardTransactions(0, shard!.seqno, shard!.shard)).toHaveLength(1)
    const address = channelAddress(terms)
    const { stack } = await ton.runMethod(address, 'channel')
    expect(stack.readBigNumber()).toBe(5n * TON)
    expect((await ton.runMethodWithError(address, 'nothing')).exit_code).toBe(11)
    expect((await ton.runMethodWithError(new Address(0, Buffer.alloc(32, 1)), 'x')).exit_code).toBe(
      -13,
    )
    const [newest, ...older] = await ton.getTransactions(client.address, { limit: 10 })
    const page = { lt: String(newest!.lt), hash: newest!.hash().toString('base64') }
    const next = await ton.getTransactions(client.address, { limit: 10, ...page })
    expect(next.map((one) => one.lt)).toEqual(older.map((one) => one.lt))
  })

  it('reports external messages that no contract accepts, and changes nothing', async () => {
    const { chain, client } = await start()
    const before = chain.totals()
    const ton = new TonClient({ endpoint: chain.url })
    const contract = { address: client.address }
    const body = beginCell().storeUint(0, 32).endCell()
    await expect(ton.sendExternalMessage(contract, body)).rejects.toThrow('500')
    const message = external({ to: client.address, body })
    const boc = beginCell().store(storeMessage(message)).endCell().toBoc().toString('base64')
    await expect(callDev(chain, 'sendBoc', { boc })).rejects.toThrow(
      'cannot apply external message to current state',
    )
    await expect(callDev(chain, 'sendBoc', { boc: 'AAAA' })).rejects.toThrow('REQUEST_INVALID')
    expect(chain.totals()).toEqual(before)
  })

  it('refuses web pages, other paths, long bodies and unknown methods', async () => {
    const { chain } = await start()
    const origin = { origin: 'https://example.com' }
    await expect(callDev(chain, 'dev_totals', {}, origin)).rejects.toThrow('REQUEST_INVALID')
    await expect(callDev(chain, 'dev_nothing', {})).rejects.toThrow('METHOD_UNKNOWN')
    const long = { address: 'x'.repeat(300_000) }
    await expect(callDev(chain, 'getAddressInformation', long)).rejects.toThrow()
    expect((await fetch(chain.url.replace('/api/', '/other/'))).status).toBe(422)
    expect(await callDev(chain, 'dev_totals', {})).toMatchObject({ feesNano: '0' })
  })

  it('makes an empty block when the last one is old, each with its own root', async () => {
    const { clock, access } = await start()
    const reader = tonClientReader(access)
    const first = await reader.latestBlock()
    expect((await reader.latestBlock()).seqno).toBe(first.seqno)
    clock.timeMs += 10_000
    const second = await reader.latestBlock()
    expect([second.seqno, second.time]).toEqual([first.seqno + 1, first.time + 10])
  })
})

describe('the wallet', () => {
  it('serialises sends and reports what the destination refused', async () => {
    const network = await start()
    const { client, provider, terms, chain } = network
    await client.send([topUpMessage(terms, 5n * TON)])
    const amounts = [1n, 2n, 3n].map((times) => times * TON)
    await Promise.all(
      amounts.map((amountNano, at) =>
        provider.send([claimMessage(terms, voucherOf(network, amountNano, at))]),
      ),
    )
    const again = provider.send([claimMessage(terms, voucherOf(network, TON, 1))])
    await expect(again).rejects.toMatchObject({
      code: 'TRANSACTION_FAILED',
      data: { exitCode: 404 },
    })
    const body = beginCell().endCell()
    await client.send([{ to: new Address(0, Buffer.alloc(32, 7)), valueNano: TON, body }])
    const tooMuch = client.send([topUpMessage(terms, 1_000n * TON)])
    await expect(tooMuch).rejects.toMatchObject({ code: 'WALLET_BALANCE' })
    expect(await client.balance()).toBeGreaterThan(93n * TON)
    expectConserved(chain)
  })

  it('says that the chain cannot be reached when it is gone', async () => {
    const { chain, client, access } = await start()
    await chain.stop()
    await expect(client.balance()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
    const reader = tonClientReader(access)
    await expect(reader.latestBlock()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
    await expect(reader.channel(client.address)).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    })
  })

  it('refuses an endpoint of another network', async () => {
    const { access } = await start()
    const reader = tonClientReader({ ...access, globalId: -239 })
    await expect(reader.latestBlock()).rejects.toMatchObject({ code: 'CHAIN_WRONG_NETWORK' })
  })
})

describe('readers', () => {
  let network: Network
  let snapshot: string
  beforeAll(async () => {
    network = await startNetwork({ globalId: -77 })
    await network.client.send([topUpMessage(network.terms, 5n * TON)])
    await network.provider.send([claimMessage(network.terms, voucherOf(network, TON, 4))])
    await network.client.send([startCloseMessage(network.terms)])
    snapshot = await network.chain.snapshot()
  })
  afterAll(() => network.chain.stop())

  const subject = (create: () => ReturnType<typeof snapshotReader>) => async () => ({
    reader: create(),
    globalId: -77,
    expected: {
      terms: network.terms,
      depositedNano: 5n * TON,
      claimedNano: TON,
      closeAt: NOW_S + network.terms.closeDelay,
      closed: false,
      leafCount: 4,
      receiptsRoot: root,
    },
    wallet: network.provider.address,
    walletNano: await network.provider.balance(),
  })

  testChainReader(
    'TonClient',
    subject(() => tonClientReader(network.access)),
  )
  testChainReader(
    'saved chain',
    subject(() => snapshotReader(snapshot)),
  )

  it('refuse a snapshot that was changed by hand', () => {
    const broken = snapshot.replace('"cocoon-devchain/1"', '"cocoon-devchain/2"')
    for (const json of ['', '{}', broken, snapshot.slice(0, -1)]) {
      expect(() => snapshotReader(json)).toThrow('snapshot')
    }
  })
})
