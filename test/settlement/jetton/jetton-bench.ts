/** One jetton channel on a bare sandbox, with a jetton of its own. */
import { type Address, beginCell } from '@ton/core'
import { signCell } from '#settlement/cells/signed.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import { JETTON_TRANSFER_GAS } from '#settlement/jetton/constants.ts'
import {
  type JettonChannelOnChain,
  type JettonChannelTerms,
  jettonChannelAddress,
  jettonTopUpMessage,
  readJettonChannel,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import { clientKey, crypto, makeTerms, NOW_S, providerKey } from '../channel-fixture.ts'
import { SandboxBench } from '../sandbox-bench.ts'
import { Jetton } from './jetton.ts'

export const UNIT = 1_000_000n

export class JettonBench {
  readonly bench: SandboxBench
  readonly jetton: Jetton
  readonly terms: JettonChannelTerms
  readonly channel: Address

  constructor(bench: SandboxBench, jetton: Jetton, terms: JettonChannelTerms) {
    this.bench = bench
    this.jetton = jetton
    this.terms = terms
    this.channel = jettonChannelAddress(terms)
  }

  /** A jetton of which the client has 1,000 units, and the terms of a channel not yet deployed. */
  static async prepare(prices: PriceTable, changes: Partial<JettonChannelTerms> = {}) {
    const bench = await SandboxBench.create(prices)
    const jetton = await Jetton.deploy(bench, bench.stranger)
    await jetton.mint(bench.client.address, 1_000n * UNIT)
    const { client, provider } = bench
    const parties = { client: client.address, provider: provider.address }
    const terms = {
      jettonMaster: jetton.master,
      transferGas: JETTON_TRANSFER_GAS,
      ...makeTerms(parties),
      ...changes,
    }
    return new JettonBench(bench, jetton, terms)
  }

  /** @param as whoever is to stand for its jetton wallet; left out, the jetton's own */
  static async open(
    prices: PriceTable,
    changes: Partial<JettonChannelTerms> = {},
    as?: 'stranger' | Address,
  ) {
    const self = await JettonBench.prepare(prices, changes)
    const { bench, jetton, terms } = self
    const given = as === 'stranger' ? bench.stranger.address : as
    const wallet = given ?? (await jetton.walletOf(self.channel))
    const sent = await bench.send(bench.client, setJettonWalletMessage(terms, wallet))
    if (!sent.success) throw new Error(`set_wallet failed with ${sent.exitCode}`)
    return self
  }

  async deposit(amount: bigint) {
    const wallet = await this.jetton.walletOf(this.bench.client.address)
    return this.bench.send(this.bench.client, jettonTopUpMessage(this.terms, wallet, amount))
  }

  /** Code and data as they lie in the account, or as a first message would make it. */
  async account() {
    if (await this.bench.isDeployed(this.channel)) return this.bench.state(this.channel)
    const { code, data } = setJettonWalletMessage(this.terms, this.channel).stateInit!
    return { code: code!.toBoc(), data: data!.toBoc() }
  }

  async state(): Promise<JettonChannelOnChain> {
    const found = readJettonChannel(this.channel, await this.bench.state(this.channel))
    if (found === undefined) throw new Error('the channel cannot be read')
    return found
  }

  voucher(amountNano: bigint, leafCount: number, key = clientKey, root = leafCount) {
    const receiptsRoot = new Uint8Array(32).fill(root)
    const cell = voucherCell({ channel: this.channel, amountNano, leafCount, receiptsRoot })
    return signCell(crypto, key, cell)
  }

  /** All that a voucher needs, under another tag. */
  ofTag(tag: number) {
    const cell = beginCell()
      .storeUint(tag, 32)
      .storeAddress(this.channel)
      .storeCoins(UNIT)
      .storeUint(1, 32)
      .storeUint(1n, 256)
      .endCell()
    return signCell(crypto, clientKey, cell)
  }

  closeAuth(amountNano: bigint, key = providerKey) {
    const receiptsRoot = new Uint8Array(32).fill(3)
    const totals = { channel: this.channel, amountNano, leafCount: 3, receiptsRoot }
    return signCell(crypto, key, closeAuthCell({ ...totals, validUntil: NOW_S + 900 }))
  }

  balances() {
    const { client, provider } = this.bench
    return Promise.all(
      [client.address, provider.address, this.channel].map((who) => this.jetton.balanceOf(who)),
    )
  }
}
