/** The TVM: one message at a time, each with its transaction. Books, blocks and order are the ledger's. */
import {
  type Address,
  beginCell,
  Cell,
  loadMessage,
  loadShardAccount,
  type Message,
  type ShardAccount,
  storeTransaction,
  type Transaction,
} from '@ton/core'
import { Blockchain, type BlockchainTransaction, EmulationError, SmartContract } from '@ton/sandbox'
import { Accounts } from './accounts.ts'
import { chainConfig, type PriceTable } from './prices.ts'
import { type DevchainSnapshot, sandboxSnapshot } from './snapshot.ts'

export interface Executed {
  readonly transaction: BlockchainTransaction
  readonly cell: Cell
  /** Internal messages that it sent, in order. */
  readonly sent: readonly Message[]
}

type GetterStack = Parameters<SmartContract['get']>[1]

export class Executor {
  readonly accounts: Accounts
  readonly #chain: Blockchain

  static async create(globalId: number, prices: PriceTable): Promise<Executor> {
    const accounts = new Accounts()
    const chain = await Blockchain.create({
      config: chainConfig(globalId, prices),
      storage: accounts,
    })
    chain.verbosity = { print: false, blockchainLogs: false, vmLogs: 'none', debugLogs: false }
    return new Executor(accounts, chain)
  }

  private constructor(accounts: Accounts, chain: Blockchain) {
    this.accounts = accounts
    this.#chain = chain
  }

  get logicalTime(): bigint {
    return this.#chain.lt
  }

  /** The blockchain configuration, as parameter 0 and up of a dictionary. */
  get config(): Cell {
    return this.#chain.config
  }

  /** Executes a message and commits it. @throws EmulationError when no contract accepted it */
  async execute(message: Message, nowS: number): Promise<Executed> {
    this.#chain.now = nowS
    const hops = await this.#chain.sendMessageIter(message, { allowParallel: true })
    const { value } = await hops[Symbol.asyncIterator]().next()
    // The sandbox keeps every transaction with its logs for ever; ours are in the index.
    ;(this.#chain as unknown as { transactions: unknown[] }).transactions.length = 0
    const transaction = value as BlockchainTransaction
    const cell = beginCell().store(storeTransaction(transaction)).endCell()
    const sent = [...transaction.outMessages.values()].filter(
      ({ info }) => info.type === 'internal',
    )
    return { transaction, cell, sent }
  }

  /** Executes a message on a copy of its destination: nothing is kept. @throws EmulationError */
  async attempt(message: Message, nowS: number, ignoreSignature = false): Promise<Transaction> {
    const { dest } = message.info
    if (!dest || !('workChain' in dest)) throw new RangeError('a message to no account')
    this.#chain.now = nowS
    const copy = this.#copy(dest, this.accounts.find(dest)?.account)
    return copy.receiveMessage(message, { now: nowS, ignoreChksig: ignoreSignature })
  }

  /** Runs a getter on the given state. @throws GetMethodError */
  get(account: ShardAccount, method: string | number, stack: GetterStack, nowS: number) {
    const address = account.account?.addr
    if (address === undefined) throw new RangeError('a getter of no account')
    return this.#copy(address, account).get(method, stack, { now: nowS })
  }

  async load(snapshot: DevchainSnapshot): Promise<void> {
    await this.#chain.loadFrom(sandboxSnapshot(snapshot, this.#chain.snapshot()))
  }

  #copy(address: Address, account: ShardAccount | undefined): SmartContract {
    if (account?.account === undefined) return SmartContract.empty(this.#chain, address)
    return new SmartContract(account, this.#chain)
  }
}

/** @throws Error on what is no message */
export function parseMessage(cell: Cell): Message {
  return loadMessage(cell.beginParse())
}

/** The state that `Accounts` keeps as base64. */
export function parseState(base64: string): ShardAccount {
  return loadShardAccount(Cell.fromBase64(base64).beginParse())
}

/** TVM's exit code when the contract ran and did not accept; undefined: it did not run. */
export function refusalCode(thrown: unknown): number | undefined {
  return thrown instanceof EmulationError ? thrown.exitCode : undefined
}
