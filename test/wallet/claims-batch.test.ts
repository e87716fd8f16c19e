/** The provider's claim loop: twenty channels in one wallet message, one of them spoilt. */
import { Cell } from '@ton/core'
import { TonClient } from '@ton/ton'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ProviderDesk } from '#node/roles/provider/channel-desk.ts'
import { Claims } from '#node/roles/provider/claims.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { CocoonError } from '#protocol/errors.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { voucherCell } from '#settlement/cells/voucher.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { newChannel } from '#settlement/channel/state.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import {
  clientKey,
  crypto,
  makeTerms,
  providerKey,
  strangerKey,
} from '../settlement/channel-fixture.ts'
import { callDev, type Network, startNetwork, TON } from '../settlement/devchain-fixture.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CHANNELS = 20
const DEPOSIT_NANO = TON / 2n
const OWED_NANO = TON / 5n
/** docs/GAS.md, held by test/settlement/gas.test.ts: "claim, by the provider". */
const CLAIM_GAS = 6_210n
const CLAIM_OPCODE = 0x434c4149

let network: Network
let store: ReturnType<typeof openPeerStore>

beforeEach(() => {
  store = openPeerStore(temporaryFolder())
})

afterEach(async () => {
  store.close()
  await network.chain.stop()
})

async function openChannels(prices: PriceTable): Promise<readonly ChannelTerms[]> {
  network = await startNetwork({ prices })
  const { chain, client, provider } = network
  await callDev(chain, 'dev_faucet', { address: String(provider.address), nano: `${5n * TON}` })
  const all = Array.from({ length: CHANNELS }, (_, at) =>
    makeTerms({
      globalId: chain.globalId,
      client: client.address,
      provider: provider.address,
      salt: BigInt(at + 1),
    }),
  )
  const { outcomes } = await client.sendEach(all.map((one) => topUpMessage(one, DEPOSIT_NANO)))
  expect(outcomes.map(({ status }) => status)).toEqual(all.map(() => 'executed'))
  return all
}

/** A desk that holds a voucher for OWED_NANO; a stranger signed it when `isSpoilt`. */
function deskOf(terms: ChannelTerms, isSpoilt: boolean): ProviderDesk {
  const { clock } = network
  const state = newChannel('provider', terms)
  const record = { amountNano: OWED_NANO, leafCount: 1, receiptsRoot: new Uint8Array(32).fill(9) }
  const cell = voucherCell({ channel: state.address, ...record })
  const signed = signCell(crypto, isSpoilt ? strangerKey : clientKey, cell)
  const best = { ...record, signed }
  return new ProviderDesk({ crypto, clock, store, settlementKey: providerKey }, { ...state, best })
}

it.each(PRICE_TABLES)('claims 20 channels in one external message at prices %s', async (prices) => {
  const all = await openChannels(prices)
  const spoilt = 7
  const desks = all.map((terms, at) => deskOf(terms, at === spoilt))
  const { clock, access, provider, chain } = network
  const reader = tonClientReader(access)
  const errors: unknown[] = []
  const events: unknown[] = []
  const before = await provider.balance()
  const claims = new Claims({
    ...{ clock, chain: reader, wallet: provider, desks: () => desks },
    emit: (event) => events.push(event),
    closeDelayMin: 3_600,
    claimAboveNano: undefined,
    onError: (error) => errors.push(error),
  })
  await claims.stop()

  const ton = new TonClient({ endpoint: chain.url })
  const own = await ton.getTransactions(provider.address, { limit: 100 })
  expect(own.filter(({ inMessage }) => inMessage?.info.type === 'external-in')).toHaveLength(1)
  const reported = errors.map((error) => (error instanceof CocoonError ? error : undefined))
  expect(reported.map((error) => [error?.code, error?.data])).toEqual([
    ['CLAIM_FAILED', { channel: desks[spoilt]!.address, exitCode: 401 }],
  ])
  expect(events).toHaveLength(CHANNELS - 1)
  for (const [at, desk] of desks.entries()) {
    const seen = await reader.channel(desk.state.address)
    expect(seen?.claimedNano).toBe(at === spoilt ? 0n : OWED_NANO)
  }
  const gas = await Promise.all(
    desks.filter((_, at) => at !== spoilt).map((desk) => claimGas(ton, desk)),
  )
  expect(new Set(gas)).toEqual(new Set([CLAIM_GAS]))
  const gained = (await provider.balance()) - before
  const paid = BigInt(CHANNELS - 1) * OWED_NANO - gained
  // Per claim, the wallet's own transaction and its answers included.
  expect(paid / BigInt(CHANNELS)).toBeLessThan(prices === 'mainnet-2024' ? TON / 150n : TON / 900n)
  const { genesisNano, balancesNano, feesNano } = chain.totals()
  expect(genesisNano).toBe(balancesNano + feesNano)
})

async function claimGas(ton: TonClient, desk: ProviderDesk): Promise<bigint | undefined> {
  const found = await ton.getTransactions(desk.state.address, { limit: 10 })
  const claim = found.find(({ inMessage }) => {
    const body = inMessage?.body.beginParse()
    return body !== undefined && body.remainingBits >= 32 && body.loadUint(32) === CLAIM_OPCODE
  })
  if (claim?.description.type !== 'generic') return undefined
  const { computePhase } = claim.description
  return computePhase.type === 'vm' ? computePhase.gasUsed : undefined
}

it('sends only as many claims at once as the wallet can carry', async () => {
  const all = await openChannels('mainnet-2026-08')
  const desks = all.map((terms) => deskOf(terms, false))
  const { clock, access, provider, chain, client } = network
  // Half a coin is left: it carries nine claims at 0.05.
  const leftNano = TON / 2n
  const valueNano = (await provider.balance()) - leftNano
  await provider.send([{ to: client.address, valueNano, body: Cell.EMPTY }])
  const errors: unknown[] = []
  const claims = new Claims({
    ...{ clock, chain: tonClientReader(access), wallet: provider, desks: () => desks },
    emit: () => undefined,
    closeDelayMin: 3_600,
    claimAboveNano: undefined,
    onError: (error) => errors.push(error),
  })
  await claims.stop()
  expect(errors).toEqual([])
  for (const { state } of desks) expect(state.claimedNano).toBe(OWED_NANO)
  const ton = new TonClient({ endpoint: chain.url })
  const own = await ton.getTransactions(provider.address, { limit: 100 })
  const externals = own.filter(({ inMessage }) => inMessage?.info.type === 'external-in')
  expect(externals.map(({ outMessagesCount }) => outMessagesCount)).toEqual([12, 8, 1])
})
