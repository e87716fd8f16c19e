/** The TVM: one message at a time, each with its transaction. Books, blocks and order are the ledger's. */
import {
  type Address,
  beginCell,
  Cell,
  loadMessage,
  loadShardAccount,
  loadTransaction,
  type Message,
  type ShardAccount,
  storeMessage,
  storeShardAccount,
  type Transaction,
} from '@ton/core'
import {
  Blockchain,
  createEmptyShardAccount,
  EmulationError,
  type IExecutor,
  Executor as Machine,
  SmartContract,
} from '@ton/sandbox'
import { Accounts } from './accounts.ts'
import { chainConfig, type PriceTable } from './prices.ts'
import type { DevchainSnapshot } from './snapshot.ts'
import type { ReadTransaction } from './transactions.ts'

export interface Executed extends ReadTransaction {
  /** Internal messages that it sent, in order. */
  readonly sent: readonly Message[]
}

type GetterStack = Parameters<SmartContract['get']>[1]

/** Between two transactions, as in the sandbox: a transaction's messages have theirs in between. */
const LOGICAL_TIME_STEP = 1_000_000n
const RANDOM_SEED = Buffer.alloc(32)

/** What became of one message, before anything is kept of it. */
interface Outcome extends ReadTransaction {
  readonly state: string
}

export class Executor {
  readonly accounts = new Accounts()
  /** The blockchain configuration, as parameter 0 and up of a dictionary. */
  readonly config: Cell
  readonly #machine: IExecutor
  /** For getters only: the sandbox's own chain keeps and parses more than this one needs. */
  readonly #chain: Blockchain
  #lt = 0n

  static async create(globalId: number, prices: PriceTable): Promise<Executor> {
    const config = chainConfig(globalId, prices)
    const machine = await Machine.create()
    const chain = await Blockchain.create({ config, executor: machine })
    chain.verbosity = { print: false, blockchainLogs: false, vmLogs: 'none', debugLogs: false }
    return new Executor(config, machine, chain)
  }

  private constructor(config: Cell, machine: IExecutor, chain: Blockchain) {
    this.config = config
    this.#machine = machine
    this.#chain = chain
  }

  get logicalTime(): bigint {
    return this.#lt
  }

  /** Executes a message and commits it. @throws EmulationError when no contract accepted it */
  async execute(message: Message, nowS: number): Promise<Executed> {
    const address = destinationOf(message)
    const rawAddress = address.toRawString()
    if (!this.accounts.has(rawAddress) && this.accounts.isFull) {
      throw new Error('the embedded chain is full')
    }
    this.#lt += LOGICAL_TIME_STEP
    const { transaction, hash, boc, state } = await this.#run(address, message, nowS, false)
    this.accounts.put(rawAddress, state)
    const sent = [...transaction.outMessages.values()].filter(
      ({ info }) => info.type === 'internal',
    )
    return { transaction, hash, boc, sent }
  }

  /** Executes a message on a copy of its destination: nothing is kept. @throws EmulationError */
  async attempt(message: Message, nowS: number, ignoreSignature = false): Promise<Transaction> {
    return (await this.#run(destinationOf(message), message, nowS, ignoreSignature)).transaction
  }

  /** Runs a getter on the given state. @throws GetMethodError */
  get(account: ShardAccount, method: string | number, stack: GetterStack, nowS: number) {
    if (account.account === undefined) throw new RangeError('a getter of no account')
    return new SmartContract(account, this.#chain).get(method, stack, { now: nowS })
  }

  load({ accounts, lt }: Pick<DevchainSnapshot, 'accounts' | 'lt'>): void {
    this.accounts.replace(accounts)
    this.#lt = lt
  }

  async #run(
    address: Address,
    message: Message,
    now: number,
    ignoreChksig: boolean,
  ): Promise<Outcome> {
    const { result } = await this.#machine.runTransaction({
      config: this.#chain.configBase64,
      libs: null,
      verbosity: 'short',
      shardAccount: this.accounts.stateOf(address.toRawString()) ?? emptyState(address),
      message: beginCell().store(storeMessage(message)).endCell(),
      now,
      lt: this.#lt,
      randomSeed: RANDOM_SEED,
      ignoreChksig,
      debugEnabled: false,
    })
    if (!result.success) {
      throw new EmulationError(result.error, undefined, result.vmResults?.vmExitCode)
    }
    const cell = Cell.fromBase64(result.transaction)
    return {
      transaction: loadTransaction(cell.beginParse()),
      hash: cell.hash(),
      boc: result.transaction,
      state: result.shardAccount,
    }
  }
}

function destinationOf({ info }: Message): Address {
  if (info.type === 'external-out') throw new RangeError('a message to no account')
  return info.dest
}

function emptyState(address: Address): string {
  const account = createEmptyShardAccount(address)
  return beginCell().store(storeShardAccount(account)).endCell().toBoc().toString('base64')
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
