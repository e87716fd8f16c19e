/** One payment channel on a bare sandbox. */
import { type Address, beginCell, type Cell } from '@ton/core'
import type { Blockchain } from '@ton/sandbox'
import { toHex } from '#protocol/bytes.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { channelAddress, channelStateInit } from '#settlement/cells/terms.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import { readChannelAccount } from '#settlement/chain/storage.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { ChannelOnChain, ChannelTerms, SignedBytes, WalletMessage } from '#settlement/types.ts'
import { OPERATION, topUpMessage } from '#settlement/wallet/messages.ts'
import { clientKey, crypto, makeTerms, NOW_S, providerKey } from './channel-fixture.ts'
import { type Party, SandboxBench, type Sent } from './sandbox-bench.ts'

export type { Party, Sent } from './sandbox-bench.ts'

export class ContractBench {
  readonly #bench: SandboxBench
  readonly chain: Blockchain
  readonly client: Party
  readonly provider: Party
  readonly stranger: Party
  readonly terms: ChannelTerms
  readonly channel: Address

  /** A fresh chain. The one before it at these prices ends: only one is used at a time. */
  static async create(
    prices: PriceTable,
    changes: Partial<ChannelTerms> = {},
  ): Promise<ContractBench> {
    const bench = await SandboxBench.create(prices)
    const addresses = { client: bench.client.address, provider: bench.provider.address }
    return new ContractBench(bench, makeTerms({ ...addresses, ...changes }))
  }

  /** Another channel on the same chain. */
  sibling(changes: Partial<ChannelTerms>): ContractBench {
    return new ContractBench(this.#bench, { ...this.terms, ...changes })
  }

  private constructor(bench: SandboxBench, terms: ChannelTerms) {
    this.#bench = bench
    this.chain = bench.chain
    this.client = bench.client
    this.provider = bench.provider
    this.stranger = bench.stranger
    this.terms = terms
    this.channel = channelAddress(terms)
  }

  /** Deposits and fails the test when that fails. */
  async deposit(amountNano: bigint): Promise<void> {
    const sent = await this.send(this.client, topUpMessage(this.terms, amountNano))
    if (!sent.success) throw new Error(`top_up failed with ${sent.exitCode}`)
  }

  send(from: Party, message: WalletMessage, options: { bounce?: boolean } = {}): Promise<Sent> {
    return this.#bench.send(from, message, options)
  }

  /** Code and data as they lie in the account. */
  account() {
    return this.#bench.state(this.channel)
  }

  async state(): Promise<ChannelOnChain> {
    const { code, data } = await this.account()
    const found = readChannelAccount(this.channel, code, data)
    if (found === undefined) throw new Error('the channel cannot be read')
    return found
  }

  isDeployed(): Promise<boolean> {
    return this.#bench.isDeployed(this.channel)
  }

  balance(): Promise<bigint> {
    return this.#bench.balance(this.channel)
  }

  voucher(amountNano: bigint, leafCount: number, root = leafCount): SignedBytes {
    const receiptsRoot = new Uint8Array(32).fill(root)
    const cell = voucherCell({ channel: this.channel, amountNano, leafCount, receiptsRoot })
    return signCell(crypto, clientKey, cell)
  }

  closeAuth(amountNano: bigint, validUntil = NOW_S + 900, key = providerKey): SignedBytes {
    const totals = { channel: this.channel, amountNano, leafCount: 3 }
    const receiptsRoot = new Uint8Array(32).fill(3)
    return signCell(crypto, key, closeAuthCell({ ...totals, receiptsRoot, validUntil }))
  }

  /** All that a CloseAuth needs, under another tag. */
  closeAuthOfTag(tag: number): SignedBytes {
    const cell = beginCell()
      .storeUint(tag, 32)
      .storeAddress(this.channel)
      .storeCoins(2_000_000_000n)
      .storeUint(3, 32)
      .storeUint(3n, 256)
      .storeUint(NOW_S + 900, 32)
      .endCell()
    return signCell(crypto, providerKey, cell)
  }

  /** Any message to the channel, with state init so that it also reaches an account not yet there. */
  raw(body: Cell, valueNano: bigint): WalletMessage {
    return { to: this.channel, valueNano, body, stateInit: channelStateInit(this.terms) }
  }

  operation(code: number) {
    return beginCell().storeUint(code, 32).storeUint(0, 64)
  }
}

/** A claim of any cell, whoever signed it and whatever it says. */
export function claimOf(bench: ContractBench, cell: Cell, signature: Uint8Array): WalletMessage {
  const body = bench
    .operation(OPERATION.claim)
    .storeBuffer(Buffer.from(signature))
    .storeRef(cell)
    .endCell()
  return { to: bench.channel, valueNano: 50_000_000n, body }
}

export const rootOf = (state: ChannelOnChain) => toHex(state.receiptsRoot).slice(0, 2)
