/**
 * The embedded chain itself: executes messages with the real TVM, one hop of them a block, and keeps
 * exact books. Mining is instant (a message and all it causes, at once) or left to a miner.
 */
import { Address, beginCell, Cell, type Message, type ShardAccount, storeMessage } from '@ton/core'
import { EmulationError, internal } from '@ton/sandbox'
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { ChainBlock } from '../types.ts'
import { Blocks } from './blocks.ts'
import {
  BLOCK_MESSAGES_MAX,
  EMPTY_BLOCK_S,
  FAUCET_NANO_MAX,
  PENDING_MAX,
  SUBMISSIONS_MAX,
} from './constants.ts'
import { type Executed, Executor, parseMessage, parseState } from './executor.ts'
import { History } from './history.ts'
import type { BlockChange, DevchainJournal } from './journal.ts'
import type { PriceTable } from './prices.ts'
import { externalRejected, notExternal } from './refusals.ts'
import type { DevchainSnapshot } from './snapshot.ts'
import { feesNanoOf, readTransaction, Transactions } from './transactions.ts'

/** No account: coins that come from here were made. */
export const FAUCET = new Address(0, Buffer.alloc(32))

/** genesis = balances + fees + in flight, to the last nanoTON, after every block. */
export interface DevchainTotals {
  /** All coins that the faucet ever made. */
  readonly genesisNano: bigint
  readonly balancesNano: bigint
  /** Storage, gas and forward fees that nobody on this chain received. */
  readonly feesNano: bigint
  /** Coins of messages that wait for their block; 0 with instant mining. */
  readonly inFlightNano: bigint
}

export interface LedgerOptions {
  readonly clock: Clock
  readonly globalId: number
  readonly prices: PriceTable
  readonly snapshot?: DevchainSnapshot
  readonly journal?: DevchainJournal
  /** Messages wait for `mine` instead of being executed at once. Default: false. */
  readonly minedApart?: boolean
}

/** The order in which the messages of a block are executed; messages of one pair of accounts keep theirs. */
export type Arrange = (messages: readonly Message[]) => readonly Message[]

export class Ledger {
  readonly globalId: number
  readonly prices: PriceTable
  readonly minedApart: boolean
  arrange: Arrange = (messages) => messages
  readonly #clock: Clock
  readonly #executor: Executor
  readonly #journal: DevchainJournal | undefined
  #blocks: Blocks
  #transactions = new Transactions()
  #history: History
  #pending: Message[] = []
  #genesisNano = 0n
  #feesNano = 0n
  #timeOffsetS = 0
  #waiting = 0
  #busy = false
  #broken: UnavailableError | undefined
  #tail: Promise<unknown> = Promise.resolve()

  static async create(options: LedgerOptions): Promise<Ledger> {
    const executor = await Executor.create(options.globalId, options.prices)
    const ledger = new Ledger(options, executor)
    if (options.snapshot === undefined) options.journal?.replace(ledger.#image())
    else ledger.#load(options.snapshot)
    // What a process that was killed had left for later blocks.
    if (!ledger.minedApart) await ledger.#inTurn(() => ledger.#drain())
    return ledger
  }

  private constructor(options: LedgerOptions, executor: Executor) {
    this.#clock = options.clock
    this.globalId = options.globalId
    this.prices = options.prices
    this.minedApart = options.minedApart ?? false
    this.#executor = executor
    this.#journal = options.journal
    this.#timeOffsetS = options.snapshot?.timeOffsetS ?? 0
    const saved = options.snapshot?.blocks ?? []
    this.#blocks = new Blocks(options.globalId, this.#machineS(), saved)
    this.#history = new History(this.#blocks.latest.seqno)
  }

  get blocks(): Blocks {
    return this.#blocks
  }

  get transactions(): Transactions {
    return this.#transactions
  }

  get config(): Cell {
    return this.#executor.config
  }

  /** Sizes of the tables, each bounded by a constant. */
  sizes() {
    return {
      accounts: this.#executor.accounts.size,
      blocks: this.#blocks.all().length,
      transactions: this.#transactions.all().length,
      historyBlocks: this.#history.size,
      pending: this.#pending.length,
    }
  }

  /** Unix seconds; never goes back, even when the machine's clock does. */
  nowS(): number {
    return Math.max(this.#machineS(), this.#blocks?.latest.time ?? 0)
  }

  #machineS(): number {
    return Math.floor(this.#clock.nowMs() / 1000) + this.#timeOffsetS
  }

  /** Moves this chain's time forward, so that delays of days can be tried in a moment. */
  advanceTime(seconds: number): Promise<number> {
    return this.#inTurn(async () => {
      this.#timeOffsetS += seconds
      this.#seal([], new Map())
      return this.nowS()
    })
  }

  /** A chain whose last block is old gets an empty one; with a miner it makes them itself. */
  tick(): void {
    if (this.#busy || this.minedApart) return
    if (this.nowS() - this.#blocks.latest.time >= EMPTY_BLOCK_S) this.#seal([], new Map())
  }

  totals(): DevchainTotals {
    return {
      genesisNano: this.#genesisNano,
      balancesNano: this.#executor.accounts.balancesNano(),
      feesNano: this.#feesNano,
      inFlightNano: this.#pending.reduce((sum, message) => sum + carriedNano(message), 0n),
    }
  }

  /**
   * Executes an external message and all that follows from it, or leaves that to the miner.
   * @throws UnavailableError EXTERNAL_REJECTED when no contract accepted it; nothing changed then
   * @throws UnavailableError CHAIN_BUSY when too many are waiting
   */
  submit(cell: Cell): Promise<Buffer> {
    return this.#inTurn(async () => {
      const message = parseMessage(cell)
      if (message.info.type !== 'external-in') throw notExternal()
      try {
        if (this.minedApart) await this.#takeUp(message)
        else await this.#mineAll([message])
      } catch (cause) {
        if (cause instanceof EmulationError) throw externalRejected(message, cause)
        throw cause
      }
      return cell.hash()
    })
  }

  /** Fees of an external message, found by executing it on a copy. @throws as `submit` */
  async attempt(message: Message, ignoreSignature: boolean) {
    try {
      return await this.#executor.attempt(message, this.nowS(), ignoreSignature)
    } catch (cause) {
      if (cause instanceof EmulationError) throw externalRejected(message, cause)
      throw cause
    }
  }

  /** Makes coins: the only place where they come from. `body` makes it a call of a contract. */
  faucet(to: Address, amountNano: bigint, call?: Pick<Message, 'body' | 'init'>): Promise<void> {
    if (amountNano <= 0n || amountNano > FAUCET_NANO_MAX) throw new RangeError('faucet amount')
    return this.#inTurn(async () => {
      this.#genesisNano += amountNano
      const message = internal({
        from: FAUCET,
        to,
        value: amountNano,
        bounce: false,
        ...(call === undefined ? {} : { body: call.body }),
        ...(call?.init ? { stateInit: call.init } : {}),
      })
      if (this.minedApart) await this.#mine([message])
      else await this.#mineAll([message])
    })
  }

  /** One block from the messages that wait. For a miner. */
  mine(): Promise<ChainBlock> {
    return this.#inTurn(() => this.#mine(this.#pending.splice(0, BLOCK_MESSAGES_MAX)), false)
  }

  /** The account right after block `seqno`; undefined: none then. @throws RangeError: too long ago */
  account(address: Address, seqno = this.#blocks.latest.seqno): ShardAccount | undefined {
    if (!this.#history.knows(seqno)) throw new RangeError('too long ago')
    const key = address.toRawString()
    const present = this.#executor.accounts.stateOf(key)
    const state = this.#history.stateAt(key, seqno, present)
    return state === undefined ? undefined : parseState(state)
  }

  /** The answer of a getter on this state. @throws GetMethodError */
  runGetMethod(account: ShardAccount, ...call: [string | number, Parameters<Executor['get']>[2]]) {
    return this.#executor.get(account, ...call, this.nowS())
  }

  save(): Promise<DevchainSnapshot> {
    return this.#inTurn(async () => this.#image())
  }

  /** Goes back (or over) to what `snapshot` holds: blocks, time and all. */
  restore(snapshot: DevchainSnapshot): Promise<void> {
    return this.#inTurn(async () => {
      this.#load(snapshot)
      this.#journal?.replace(snapshot)
    })
  }

  #image(): DevchainSnapshot {
    return {
      format: 'cocoon-devchain/1',
      globalId: this.globalId,
      prices: this.prices,
      genesisNano: this.#genesisNano,
      feesNano: this.#feesNano,
      timeOffsetS: this.#timeOffsetS,
      lt: this.#executor.logicalTime,
      blocks: this.#blocks.all().slice(),
      accounts: this.#executor.accounts.toSave(),
      transactions: this.#transactions
        .all()
        .map(({ seqno, boc }) => ({ seqno, cell: Cell.fromBase64(boc) })),
      pending: this.#pending.map(messageCell),
    }
  }

  #load(snapshot: DevchainSnapshot): void {
    this.#executor.load(snapshot)
    this.#genesisNano = snapshot.genesisNano
    this.#feesNano = snapshot.feesNano
    this.#timeOffsetS = snapshot.timeOffsetS
    this.#pending = snapshot.pending.map(parseMessage)
    this.#transactions = new Transactions()
    for (const { cell, seqno } of snapshot.transactions) {
      this.#transactions.add(readTransaction(cell), seqno)
    }
    this.#blocks = new Blocks(this.globalId, this.#machineS(), snapshot.blocks)
    this.#history = new History(this.#blocks.latest.seqno)
  }

  /** One change at a time: the TVM and the books have one writer. */
  #inTurn<T>(work: () => Promise<T>, isBounded = true): Promise<T> {
    if (isBounded && this.#waiting >= SUBMISSIONS_MAX) {
      throw new UnavailableError('CHAIN_BUSY', 'too many messages wait for the embedded chain')
    }
    this.#waiting++
    const result = this.#tail
      .then(() => {
        if (this.#broken !== undefined) throw this.#broken
        this.#busy = true
        return work()
      })
      .finally(() => {
        this.#waiting--
        this.#busy = false
      })
    this.#tail = result.catch(() => undefined)
    return result
  }

  /** As a node does: what would be refused now is refused at once, the rest waits for its block. */
  async #takeUp(message: Message): Promise<void> {
    if (this.#pending.length >= PENDING_MAX) {
      throw new UnavailableError('CHAIN_BUSY', 'too many messages wait for a block')
    }
    await this.#executor.attempt(message, this.nowS())
    this.#pending.push(message)
  }

  /** Every hop pays gas, so a loop of contracts ends when their coins do. */
  async #mineAll(messages: Message[]): Promise<void> {
    await this.#mine(messages)
    await this.#drain()
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) await this.#mine(this.#pending.splice(0, BLOCK_MESSAGES_MAX))
  }

  async #mine(messages: Message[]): Promise<ChainBlock> {
    const now = this.nowS()
    const executed: Executed[] = []
    const before = new Map<string, string | undefined>()
    for (const message of this.arrange(messages)) {
      const address = rawDestination(message)
      const state = this.#executor.accounts.stateOf(address)
      const one = await this.#execute(message, now)
      if (one === undefined) continue
      if (!before.has(address)) before.set(address, state)
      executed.push(one)
      this.#feesNano += feesNanoOf(one.transaction)
      this.#pending.push(...one.sent)
    }
    return this.#seal(executed, before)
  }

  /** Undefined: nothing came of it. With instant mining a refused external message is thrown. */
  async #execute(message: Message, now: number): Promise<Executed | undefined> {
    try {
      return await this.#executor.execute(message, now)
    } catch (cause) {
      if (message.info.type === 'internal') {
        // No account to give it to, because the chain is full: the coins are gone, and booked as such.
        this.#feesNano += carriedNano(message)
        return undefined
      }
      if (this.minedApart) return undefined
      throw cause
    }
  }

  #seal(executed: readonly Executed[], before: ReadonlyMap<string, string | undefined>) {
    const hashes = executed.map(({ hash }) => hash)
    const block = this.#blocks.append(this.nowS(), hashes)
    const transactions = executed.map((one) => this.#transactions.add(one, block.seqno))
    this.#history.append(block.seqno, before)
    this.#write({ block, transactions, accounts: this.#statesOf(before.keys()) })
    return block
  }

  #statesOf(addresses: Iterable<string>): Map<string, string> {
    const { accounts } = this.#executor
    return new Map([...addresses].map((address) => [address, accounts.stateOf(address) ?? '']))
  }

  /** A chain that cannot write stops: what it does afterwards would not fit what is on the disk. */
  #write(change: Pick<BlockChange, 'block' | 'transactions' | 'accounts'>): void {
    if (this.#journal === undefined) return
    try {
      this.#journal.append({
        ...change,
        pending: this.#pending.map(messageCell),
        genesisNano: this.#genesisNano,
        feesNano: this.#feesNano,
        timeOffsetS: this.#timeOffsetS,
        logicalTime: this.#executor.logicalTime,
      })
    } catch (cause) {
      this.#broken = new UnavailableError('CHAIN_DISK', 'the embedded chain cannot write', {
        remedy: 'Make room on the disk, then start the chain again.',
        cause,
      })
      throw this.#broken
    }
  }
}

function rawDestination({ info }: Message): string {
  return info.type === 'external-out' ? '' : info.dest.toRawString()
}

function messageCell(message: Message): Cell {
  return beginCell().store(storeMessage(message)).endCell()
}

/** Coins on their way: the value and what is left of its forward fee. */
function carriedNano({ info }: Message): bigint {
  return info.type === 'internal' ? info.value.coins + info.forwardFee : 0n
}
