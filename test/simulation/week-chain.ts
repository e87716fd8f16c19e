/**
 * The real channel contract on the TVM of a sandbox, with time that moves and a way to it that fails: down,
 * stale, and transactions that are lost before or unseen after they were executed.
 */
import type { Address, Transaction } from '@ton/core'
import { UnavailableError } from '#protocol/errors.ts'
import { readChannelAccount } from '#settlement/chain/storage.ts'
import { describeTransaction } from '#settlement/chain/transaction.ts'
import type { ChainReader, ChannelOnChain, WalletMessage } from '#settlement/types.ts'
import { type Party, SandboxBench } from '../settlement/sandbox-bench.ts'
import type { Random } from './random.ts'

export const WEEK_GLOBAL_ID = -3

export interface ChainFaults {
  readonly down: number
  readonly stale: number
  readonly lost: number
  readonly unseen: number
}

/** What the audit at the end reads through: nothing fails any more. */
export const NO_FAULTS: ChainFaults = { down: 0, stale: 0, lost: 0, unseen: 0 }

export class WeekChain {
  readonly #bench: SandboxBench
  readonly #random: Random
  readonly #history = new Map<string, Transaction[]>()
  readonly #seen = new Map<string, ChannelOnChain | undefined>()
  faults: ChainFaults = NO_FAULTS
  readonly counts = { transactions: 0, down: 0, stale: 0, lost: 0, unseen: 0, refused: 0 }

  private constructor(bench: SandboxBench, random: Random) {
    this.#bench = bench
    this.#random = random
  }

  static async start(random: Random): Promise<WeekChain> {
    return new WeekChain(await SandboxBench.create('mainnet-2026-08'), random)
  }

  party(name: string): Promise<Party> {
    return this.#bench.chain.treasury(name)
  }

  get nowS(): number {
    return this.#bench.chain.now!
  }

  advance(seconds: number): void {
    this.#bench.chain.now = this.nowS + seconds
  }

  /** @throws UnavailableError CHAIN_UNREACHABLE: it was lost, or it was executed and nobody saw it */
  async send(from: Party, message: WalletMessage): Promise<void> {
    this.#mayFail('lost')
    // The bench compares all coins before and after with the fees of every transaction.
    const { transactions, success } = await this.#bench.send(from, message)
    for (const one of transactions) this.#remember(one)
    if (!success) this.counts.refused++
    this.#mayFail('unseen')
  }

  #remember(transaction: Transaction): void {
    this.counts.transactions++
    const key = transaction.address.toString(16).padStart(64, '0')
    const known = this.#history.get(key) ?? []
    known.push(transaction)
    this.#history.set(key, known)
  }

  get reader(): ChainReader {
    const block = { seqno: 1, rootHash: new Uint8Array(32), time: this.nowS }
    return {
      globalId: WEEK_GLOBAL_ID,
      latestBlock: async () => block,
      block: async () => block,
      balance: (address) => this.#bench.balance(address),
      account: async (address) => {
        return (await this.#bench.isDeployed(address)) ? this.#bench.state(address) : undefined
      },
      channel: (address) => this.#channel(address),
      transactions: async (address, limit, before) =>
        (this.#history.get(address.hash.toString('hex')) ?? [])
          .filter(({ lt }) => before === undefined || lt < before.lt)
          .toReversed()
          .slice(0, limit)
          .map(describeTransaction),
    } as ChainReader
  }

  async #channel(address: Address): Promise<ChannelOnChain | undefined> {
    this.#mayFail('down')
    const key = address.toRawString()
    if (this.#seen.has(key) && this.#random.chance(this.faults.stale)) {
      this.counts.stale++
      return this.#seen.get(key)
    }
    const found = await this.#read(address)
    this.#seen.set(key, found)
    return found
  }

  async #read(address: Address): Promise<ChannelOnChain | undefined> {
    if (!(await this.#bench.isDeployed(address))) return undefined
    const { code, data } = await this.#bench.state(address)
    return readChannelAccount(address, code, data)
  }

  #mayFail(kind: 'down' | 'lost' | 'unseen'): void {
    if (!this.#random.chance(this.faults[kind])) return
    this.counts[kind]++
    throw new UnavailableError('CHAIN_UNREACHABLE', `SIMULATED: ${kind}`)
  }
}
