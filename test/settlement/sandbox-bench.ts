/** Contracts on a bare sandbox: every send is checked for conservation of coins. */
import type { Address, Cell, Message, Transaction } from '@ton/core'
import {
  Blockchain,
  type BlockchainSnapshot,
  type SandboxContract,
  type TreasuryContract,
} from '@ton/sandbox'
import { outcomeOf } from '#settlement/chain/transaction.ts'
import { chainConfig, type PriceTable } from '#settlement/devchain/prices.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { NOW_S } from './channel-fixture.ts'
import { SandboxAccounts } from './sandbox-accounts.ts'

export type Party = SandboxContract<TreasuryContract>

export interface SentMessage {
  readonly opcode: number
  readonly to: string
  readonly valueNano: bigint
  readonly body: Cell
}

export interface Sent {
  /** Exit code of the called contract's compute phase. */
  readonly exitCode: number | undefined
  readonly success: boolean
  /** Spent by the called contract. */
  readonly gas: bigint
  /** What that gas cost. */
  readonly gasNano: bigint
  /** Fees of everything that followed from the message; what happens in the sender's wallet is left out. */
  readonly feesNano: bigint
  /** What the called contract sent in answer to the call. */
  readonly out: readonly SentMessage[]
  /** What it sent in the same trace after that: its answers to bounces. */
  readonly later: readonly SentMessage[]
  /** The whole trace, for contracts that call others. */
  readonly transactions: readonly Transaction[]
}

interface Base {
  readonly chain: Blockchain
  readonly accounts: SandboxAccounts
  readonly parties: { readonly client: Party; readonly provider: Party; readonly stranger: Party }
  readonly fresh: BlockchainSnapshot
}

/** Starting a sandbox takes longer than a test: each price table has one, set back to `fresh`. */
const bases = new Map<PriceTable, Base>()

async function startBase(prices: PriceTable): Promise<Base> {
  const accounts = new SandboxAccounts()
  const chain = await Blockchain.create({ config: chainConfig(-3, prices), storage: accounts })
  chain.now = NOW_S
  const parties = {
    client: await chain.treasury('client'),
    provider: await chain.treasury('provider'),
    stranger: await chain.treasury('stranger'),
  }
  return { chain, accounts, parties, fresh: chain.snapshot() }
}

export class SandboxBench {
  readonly chain: Blockchain
  readonly accounts: SandboxAccounts
  readonly client: Party
  readonly provider: Party
  readonly stranger: Party

  /** A fresh chain. The one before it at these prices ends: only one is used at a time. */
  static async create(prices: PriceTable): Promise<SandboxBench> {
    const base = bases.get(prices) ?? (await startBase(prices))
    bases.set(prices, base)
    await base.chain.loadFrom(base.fresh)
    return new SandboxBench(base)
  }

  private constructor({ chain, accounts, parties }: Base) {
    this.chain = chain
    this.accounts = accounts
    this.client = parties.client
    this.provider = parties.provider
    this.stranger = parties.stranger
  }

  /** @throws Error when the coins before are not the coins after and the fees */
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
    return describeSent(transactions.slice(1), message.to, from.address)
  }

  async isDeployed(address: Address): Promise<boolean> {
    return (await this.chain.getContract(address)).accountState?.type === 'active'
  }

  async balance(address: Address): Promise<bigint> {
    return (await this.chain.getContract(address)).balance
  }

  /** Code and data of an account, as a chain endpoint would give them. */
  async state(address: Address): Promise<{ code: Uint8Array; data: Uint8Array }> {
    const state = (await this.chain.getContract(address)).accountState
    if (state?.type !== 'active') throw new Error('the contract is not deployed')
    return { code: state.state.code!.toBoc(), data: state.state.data!.toBoc() }
  }
}

function feesOf(transaction: Transaction): bigint {
  const info = transaction.inMessage?.info
  return transaction.totalFees.coins + (info?.type === 'internal' ? info.forwardFee : 0n)
}

/** @throws Error when no message reached the contract */
export function describeSent(
  transactions: readonly Transaction[],
  called: Address,
  sender: Address,
): Sent {
  const [own, ...later] = transactions.filter((one) => receiverOf(one) === String(called))
  if (own === undefined) throw new Error('the message did not reach the contract')
  const { success, exitCode } = outcomeOf(own)
  const compute = own.description.type === 'generic' ? own.description.computePhase : undefined
  return {
    success,
    exitCode,
    gas: compute?.type === 'vm' ? compute.gasUsed : 0n,
    gasNano: compute?.type === 'vm' ? compute.gasFees : 0n,
    feesNano: transactions
      .filter((one) => receiverOf(one) !== String(sender))
      .reduce((sum, one) => sum + one.totalFees.coins + forwardFeesOf(one), 0n),
    out: outOf(own),
    later: later.flatMap(outOf),
    transactions,
  }
}

function receiverOf(transaction: Transaction): string {
  return String(transaction.inMessage?.info.dest)
}

/** What the messages that a transaction sent cost on their way. */
function forwardFeesOf(transaction: Transaction): bigint {
  return [...transaction.outMessages.values()].reduce(
    (sum, { info }) => sum + (info.type === 'internal' ? info.forwardFee : 0n),
    0n,
  )
}

function outOf(transaction: Transaction): SentMessage[] {
  return [...transaction.outMessages.values()].filter(isInternal).map(describeOut)
}

function isInternal(message: Message): boolean {
  return message.info.type === 'internal'
}

function describeOut(message: Message): SentMessage {
  const body = message.body.beginParse()
  return {
    opcode: body.remainingBits >= 32 ? body.loadUint(32) : 0,
    to: String(message.info.dest),
    valueNano: message.info.type === 'internal' ? message.info.value.coins : 0n,
    body: message.body,
  }
}
