/** The channel contract on a bare sandbox: every send is checked for conservation of coins. */
import { type Address, beginCell, type Cell, type Message, type Transaction } from '@ton/core'
import {
  Blockchain,
  type BlockchainSnapshot,
  type SandboxContract,
  type TreasuryContract,
} from '@ton/sandbox'
import { toHex } from '#protocol/bytes.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { channelAddress, channelStateInit } from '#settlement/cells/terms.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import { readChannelAccount } from '#settlement/chain/storage.ts'
import { outcomeOf } from '#settlement/chain/transaction.ts'
import { Accounts } from '#settlement/devchain/accounts.ts'
import { chainConfig, type PriceTable } from '#settlement/devchain/prices.ts'
import type { ChannelOnChain, ChannelTerms, SignedBytes, WalletMessage } from '#settlement/types.ts'
import { OPERATION, topUpMessage } from '#settlement/wallet/messages.ts'
import { clientKey, crypto, makeTerms, NOW_S, providerKey } from './channel-fixture.ts'

export type Party = SandboxContract<TreasuryContract>

export interface Sent {
  /** Exit code of the channel's compute phase. */
  readonly exitCode: number | undefined
  readonly success: boolean
  readonly gas: bigint
  /** Fees of everything that followed from the message, the sender's wallet left out. */
  readonly feesNano: bigint
  /** What the channel sent: operation code, receiver, value. */
  readonly out: readonly { opcode: number; to: string; valueNano: bigint }[]
}

interface Base {
  readonly chain: Blockchain
  readonly accounts: Accounts
  readonly parties: { readonly client: Party; readonly provider: Party; readonly stranger: Party }
  readonly fresh: BlockchainSnapshot
}

/** Starting a sandbox takes longer than a test: each price table has one, set back to `fresh`. */
const bases = new Map<PriceTable, Base>()

async function startBase(prices: PriceTable): Promise<Base> {
  const accounts = new Accounts()
  const chain = await Blockchain.create({ config: chainConfig(-3, prices), storage: accounts })
  chain.now = NOW_S
  const parties = {
    client: await chain.treasury('client'),
    provider: await chain.treasury('provider'),
    stranger: await chain.treasury('stranger'),
  }
  return { chain, accounts, parties, fresh: chain.snapshot() }
}

export class ContractBench {
  readonly #base: Base
  readonly chain: Blockchain
  readonly accounts: Accounts
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
    const base = bases.get(prices) ?? (await startBase(prices))
    bases.set(prices, base)
    await base.chain.loadFrom(base.fresh)
    const { client, provider } = base.parties
    const addresses = { client: client.address, provider: provider.address }
    return new ContractBench(base, makeTerms({ ...addresses, ...changes }))
  }

  /** Another channel on the same chain. */
  sibling(changes: Partial<ChannelTerms>): ContractBench {
    return new ContractBench(this.#base, { ...this.terms, ...changes })
  }

  private constructor(base: Base, terms: ChannelTerms) {
    this.#base = base
    this.chain = base.chain
    this.accounts = base.accounts
    this.client = base.parties.client
    this.provider = base.parties.provider
    this.stranger = base.parties.stranger
    this.terms = terms
    this.channel = channelAddress(terms)
  }

  /** Deposits and fails the test when that fails. */
  async deposit(amountNano: bigint): Promise<void> {
    const sent = await this.send(this.client, topUpMessage(this.terms, amountNano))
    if (!sent.success) throw new Error(`top_up failed with ${sent.exitCode}`)
  }

  async send(
    from: Party,
    message: WalletMessage,
    options: { bounce?: boolean } = {},
  ): Promise<Sent> {
    const before = this.accounts.balancesNano()
    const { transactions } = await from.send({
      to: message.to,
      value: message.valueNano,
      body: message.body,
      bounce: options.bounce ?? true,
      init: message.stateInit ?? null,
    })
    const lost = before - this.accounts.balancesNano()
    const fees = transactions.reduce((sum, one) => sum + feesOf(one), 0n)
    if (lost !== fees) throw new Error(`coins are not conserved: lost ${lost}, fees ${fees}`)
    return describeSent(transactions.slice(1), this.channel)
  }

  async state(): Promise<ChannelOnChain> {
    const state = (await this.#account()).accountState
    if (state?.type !== 'active') throw new Error('the channel is not deployed')
    const { code, data } = state.state
    const found = readChannelAccount(this.channel, code!.toBoc(), data!.toBoc())
    if (found === undefined) throw new Error('the channel cannot be read')
    return found
  }

  async isDeployed(): Promise<boolean> {
    return (await this.#account()).accountState?.type === 'active'
  }

  async balance(): Promise<bigint> {
    return (await this.#account()).balance
  }

  #account() {
    return this.chain.getContract(this.channel)
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

function feesOf(transaction: Transaction): bigint {
  const info = transaction.inMessage?.info
  return transaction.totalFees.coins + (info?.type === 'internal' ? info.forwardFee : 0n)
}

function describeSent(transactions: readonly Transaction[], channel: Address): Sent {
  const own = transactions.find((one) => one.inMessage?.info.dest?.toString() === String(channel))
  if (own === undefined) throw new Error('the message did not reach the channel')
  const { success, exitCode } = outcomeOf(own)
  const compute = own.description.type === 'generic' ? own.description.computePhase : undefined
  return {
    success,
    exitCode,
    gas: compute?.type === 'vm' ? compute.gasUsed : 0n,
    feesNano: transactions.reduce((sum, one) => sum + feesOf(one), 0n),
    out: [...own.outMessages.values()].map(describeOut),
  }
}

function describeOut(message: Message) {
  const body = message.body.beginParse()
  return {
    opcode: body.remainingBits >= 32 ? body.loadUint(32) : 0,
    to: String(message.info.dest),
    valueNano: message.info.type === 'internal' ? message.info.value.coins : 0n,
  }
}

export const rootOf = (state: ChannelOnChain) => toHex(state.receiptsRoot).slice(0, 2)
