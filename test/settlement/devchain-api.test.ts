/** The REST form and the methods that wallets use beside those of TonClient. */
import { Address, beginCell, external, internal, SendMode, storeMessage } from '@ton/core'
import { TonClient, WalletContractV4 } from '@ton/ton'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { callDev, type Network, startNetwork, TON } from './devchain-fixture.ts'

let network: Network
let api: string
beforeAll(async () => {
  network = await startNetwork()
  api = network.chain.url.replace('jsonRPC', '')
  await network.client.send([
    { to: network.provider.address, valueNano: TON, body: beginCell().endCell() },
  ])
})
afterAll(() => network.chain.stop())

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${api}${path}`, { headers })
  return { status: response.status, ...((await response.json()) as { ok: boolean; result: never }) }
}

describe('toncenter v2, a path for each method', () => {
  it('answers what only reads to GET, in the same words as JSON-RPC', async () => {
    const address = network.client.address.toString()
    for (const name of ['getAddressInformation', 'getAddressBalance', 'getWalletInformation']) {
      const rest = await get(`${name}?address=${encodeURIComponent(address)}`)
      expect(rest).toMatchObject({ status: 200, ok: true })
      expect(rest.result).toEqual(await callDev(network.chain, name, { address }))
    }
    const page = await get(`getTransactions?address=${encodeURIComponent(address)}&limit=1`)
    expect(page.result).toHaveLength(1)
  })

  it('changes the chain by POST only, and never for a web page', async () => {
    for (const path of ['dev_time?addSeconds=5', 'sendBoc?boc=AAAA', 'dev_totals']) {
      expect(await get(path)).toMatchObject({ status: 422, ok: false })
    }
    const page = { 'sec-fetch-site': 'cross-site' }
    expect(await get('getMasterchainInfo', page)).toMatchObject({ status: 422 })
    const response = await fetch(`${api}sendBoc`, { method: 'POST', body: '{"boc":"AAAA"}' })
    expect(response.status).toBe(422)
    const posted = await fetch(`${api}dev_totals`, { method: 'POST', body: '{}' })
    expect(await posted.json()).toMatchObject({ ok: true, result: { inFlightNano: '0' } })
  })
})

describe('methods that wallets use', () => {
  const call = <T>(method: string, params: object = {}) => callDev<T>(network.chain, method, params)

  it('tell states, balances and kinds of wallets', async () => {
    const address = network.client.address.toString()
    expect(await call('getAddressState', { address })).toBe('active')
    const nobody = new Address(0, Buffer.alloc(32, 0xab)).toString()
    expect(await call('getAddressState', { address: nobody })).toBe('uninitialized')
    expect(await call('getAddressBalance', { address: nobody })).toBe('0')
    expect(await call('getWalletInformation', { address })).toMatchObject({
      wallet: true,
      wallet_type: 'wallet v5 r1',
      seqno: 1,
      account_state: 'active',
    })
    expect(await call('getWalletInformation', { address: nobody })).toMatchObject({ wallet: false })
    expect(await call('detectAddress', { address })).toMatchObject({
      raw_form: network.client.address.toRawString(),
      non_bounceable: { b64url: network.client.address.toString({ bounceable: false }) },
    })
    const raw = network.client.address.toRawString()
    expect(await call('unpackAddress', { address })).toBe(raw)
    expect(await call('packAddress', { address: raw })).toBe(address)
  })

  it('give blocks, the consensus block and the parameters of the configuration', async () => {
    const { last } = await call<{ last: { seqno: number } }>('getMasterchainInfo')
    expect(await call('getConsensusBlock')).toMatchObject({ consensus_block: last.seqno })
    const place = { workchain: -1, shard: '-9223372036854775808', seqno: last.seqno }
    expect(await call('lookupBlock', place)).toMatchObject({ seqno: last.seqno })
    const gas = await call<{ config: { bytes: string } }>('getConfigParam', { config_id: 21 })
    expect(gas.config.bytes.length).toBeGreaterThan(40)
    await expect(call('getConfigParam', { config_id: 9_999 })).rejects.toThrow(
      'CONFIG_PARAM_UNKNOWN',
    )
  })

  it('read an account as it was right after an earlier block', async () => {
    const address = network.provider.address.toString()
    const now = await call<string>('getAddressBalance', { address })
    const { last } = await call<{ last: { seqno: number } }>('getMasterchainInfo')
    await callDev(network.chain, 'dev_faucet', { address, nano: '7' })
    expect(await call('getAddressBalance', { address, seqno: last.seqno })).toBe(now)
    expect(BigInt(await call<string>('getAddressBalance', { address }))).toBe(BigInt(now) + 7n)
    await expect(call('getAddressBalance', { address, seqno: 1_000_000 })).rejects.toThrow(
      'BLOCK_UNKNOWN',
    )
  })

  it('estimate by executing: a wallet of another kind pays exactly what was estimated', async () => {
    const pair = nodeCrypto.ed25519FromSeed(new Uint8Array(32).fill(77))
    const wallet = WalletContractV4.create({
      workchain: 0,
      publicKey: Buffer.from(pair.publicKey),
    })
    await call('dev_faucet', { address: wallet.address.toString(), nano: String(TON) })
    const body = wallet.createTransfer({
      seqno: 0,
      secretKey: Buffer.concat([Buffer.from(pair.seed), Buffer.from(pair.publicKey)]),
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      timeout: 0xffff_fff0,
      messages: [internal({ to: network.client.address, value: 1_000n, bounce: false })],
    })
    const ton = new TonClient({ endpoint: network.chain.url })
    const { source_fees: fees } = await ton.estimateExternalMessageFee(wallet.address, {
      body,
      initCode: wallet.init.code,
      initData: wallet.init.data,
      ignoreSignature: true,
    })
    const message = external({ to: wallet.address, init: wallet.init, body })
    const boc = beginCell().store(storeMessage(message)).endCell().toBoc()
    await ton.sendFile(boc)
    const left = await ton.getBalance(wallet.address)
    const total = fees.in_fwd_fee + fees.storage_fee + fees.gas_fee + fees.fwd_fee
    expect(fees.gas_fee).toBeGreaterThan(0)
    expect(TON - left - 1_000n).toBe(BigInt(total))
  })

  it('say why an external message was refused as a lite server says it', async () => {
    const message = external({
      to: network.client.address,
      body: beginCell().storeUint(0, 32).endCell(),
    })
    const boc = beginCell().store(storeMessage(message)).endCell().toBoc().toString('base64')
    await expect(call('sendBoc', { boc })).rejects.toThrow(
      /500 LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message was not accepted\nCannot run message on account: .*\nexitcode=\d+/,
    )
  })
})
