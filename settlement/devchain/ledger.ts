/**
 * The embedded chain itself: executes messages with the real TVM and keeps exact books. Mining is
 * instant: a message and everything it causes are executed at once, one block per hop.
 */
import { Address, beginCell, Cell, loadMessage, storeTransaction } from '@ton/core'
import { Blockchain, type BlockchainTransaction, EmulationError, internal } from '@ton/sandbox'
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { Accounts } from './accounts.ts'
import { Blocks } from './blocks.ts'
import { EMPTY_BLOCK_S, FAUCET_NANO_MAX, SUBMISSIONS_MAX } from './constants.ts'
import { chainConfig, type PriceTable } from './prices.ts'
import { accountsToSave, type DevchainSnapshot, sandboxSnapshot } from './snapshot.ts'
import { Transactions } from './transactions.ts'

/** No account: coins that come from here were made. */
const FAUCET = new Address(0, Buffer.alloc(32))

/** genesis = balances + fees, to the last nanoTON, after every submission. */
export interface DevchainTotals {
  /** All coins that the faucet ever made. */
  readonly genesisNano: bigint
  readonly balancesNano: bigint
  /** Storage, gas and forward fees that nobody on this chain received. */
  readonly feesNano: bigint
}

export interface LedgerOptions {
  readonly clock: Clock
  readonly globalId: number
  readonly prices: PriceTable
  readonly snapshot?: DevchainSnapshot
}

export class Ledger {
  readonly globalId: number
  readonly prices: PriceTable
  readonly accounts: Accounts
  readonly transactions = new Transactions()
  readonly blocks: Blocks
  readonly #clock: Clock
  readonly #chain: Blockchain
  #genesisNano = 0n
  #feesNano = 0n
  #timeOffsetS = 0
  #waiting = 0
  #tail: Promise<unknown> = Promise.resolve()

  static async create(options: LedgerOptions): Promise<Ledger> {
    const accounts = new Accounts()
    const chain = await Blockchain.create({
      config: chainConfig(options.globalId, options.prices),
      storage: accounts,
    })
    chain.verbosity = {
      print: false,
      blockchainLogs: false,
      vmLogs: 'none',
      debugLogs: false,
    }
    const ledger = new Ledger(options, accounts, chain)
    if (options.snapshot !== undefined) await ledger.#load(options.snapshot)
    return ledger
  }

  private constructor(options: LedgerOptions, accounts: Accounts, chain: Blockchain) {
    this.#clock = options.clock
    this.globalId = options.globalId
    this.prices = options.prices
    this.accounts = accounts
    this.#chain = chain
    this.#timeOffsetS = options.snapshot?.timeOffsetS ?? 0
    const saved = options.snapshot?.blocks ?? []
    this.blocks = new Blocks(options.globalId, this.#machineS(), saved)
  }

  /** Unix seconds; never goes back, even when the machine's clock does. */
  nowS(): number {
    return Math.max(this.#machineS(), this.blocks?.latest.time ?? 0)
  }

  #machineS(): number {
    return Math.floor(this.#clock.nowMs() / 1000) + this.#timeOffsetS
  }

  /** Moves this chain's time forward, so that delays of days can be tried in a moment. */
  advanceTime(seconds: number): number {
    this.#timeOffsetS += seconds
    this.tick()
    return this.nowS()
  }

  /** A chain whose last block is old gets an empty one. */
  tick(): void {
    const now = this.nowS()
    if (now - this.blocks.latest.time >= EMPTY_BLOCK_S) this.blocks.append(now, [])
  }

  totals(): DevchainTotals {
    return {
      genesisNano: this.#genesisNano,
      balancesNano: this.accounts.balancesNano(),
      feesNano: this.#feesNano,
    }
  }

  /**
   * Executes an external message and all that follows from it.
   * @throws UnavailableError EXTERNAL_REJECTED when no contract accepted it; nothing changed then
   * @throws UnavailableError CHAIN_BUSY when too many are waiting
   */
  submit(message: Cell): Promise<Buffer> {
    return this.#inTurn(async () => {
      const parsed = loadMessage(message.beginParse())
      if (parsed.info.type !== 'external-in') throw rejected('it is not an external message')
      try {
        await this.#run(message)
      } catch (cause) {
        if (cause instanceof EmulationError) throw rejected('no contract accepted it', cause)
        throw cause
      }
      return message.hash()
    })
  }

  /** Makes coins: the only place where they come from. */
  faucet(to: Address, amountNano: bigint): Promise<void> {
    if (amountNano <= 0n || amountNano > FAUCET_NANO_MAX) throw new RangeError('faucet amount')
    return this.#inTurn(async () => {
      this.#genesisNano += amountNano
      await this.#run(internal({ from: FAUCET, to, value: amountNano, bounce: false }))
    })
  }

  /** The answer of a getter, or the exit code that it ended with. */
  async runGetMethod(
    address: Address,
    method: string | number,
    stack: Parameters<Blockchain['runGetMethod']>[2],
  ) {
    this.#chain.now = this.nowS()
    return this.#chain.runGetMethod(address, method, stack)
  }

  save(): Promise<DevchainSnapshot> {
    return this.#inTurn(async () => ({
      format: 'cocoon-devchain/1',
      globalId: this.globalId,
      prices: this.prices,
      genesisNano: this.#genesisNano,
      feesNano: this.#feesNano,
      timeOffsetS: this.#timeOffsetS,
      lt: this.#chain.lt,
      blocks: this.blocks.all().slice(),
      accounts: accountsToSave(this.accounts.knownContracts()),
      transactions: this.transactions
        .all()
        .map(({ seqno, boc }) => ({ seqno, cell: Cell.fromBoc(boc)[0]! })),
    }))
  }

  async #load(snapshot: DevchainSnapshot): Promise<void> {
    const before = this.#chain.snapshot()
    await this.#chain.loadFrom(sandboxSnapshot(snapshot, before))
    this.#genesisNano = snapshot.genesisNano
    this.#feesNano = snapshot.feesNano
    for (const { cell, seqno } of snapshot.transactions) this.transactions.add(cell, seqno)
  }

  /** One submission at a time: the TVM and the books have one writer. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= SUBMISSIONS_MAX) {
      throw new UnavailableError('CHAIN_BUSY', 'too many messages wait for the embedded chain')
    }
    this.#waiting++
    const result = this.#tail.then(work).finally(() => {
      this.#waiting--
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  /** Every hop pays gas, so a loop of contracts ends when their coins do. */
  async #run(message: Parameters<Blockchain['sendMessageIter']>[0]): Promise<void> {
    const now = this.nowS()
    this.#chain.now = now
    const hops = new Map<BlockchainTransaction, number>()
    const block: BlockchainTransaction[] = []
    let blockHop = 0
    for await (const transaction of await this.#chain.sendMessageIter(message, {
      allowParallel: true,
    })) {
      const hop = transaction.parent === undefined ? 0 : (hops.get(transaction.parent) ?? 0) + 1
      hops.set(transaction, hop)
      if (hop !== blockHop) this.#seal(now, block.splice(0))
      blockHop = hop
      block.push(transaction)
      this.#feesNano += feesOf(transaction)
    }
    this.#seal(now, block)
    // The sandbox keeps every transaction with its logs for ever; ours are in the index.
    ;(this.#chain as unknown as { transactions: unknown[] }).transactions.length = 0
  }

  #seal(now: number, transactions: readonly BlockchainTransaction[]): void {
    const cells = transactions.map((one) => beginCell().store(storeTransaction(one)).endCell())
    const block = this.blocks.append(
      now,
      cells.map((cell) => cell.hash()),
    )
    for (const cell of cells) this.transactions.add(cell, block.seqno)
  }
}

/** What validators keep: the transaction's fees and what was left of its message's forward fee. */
function feesOf(transaction: BlockchainTransaction): bigint {
  const info = transaction.inMessage?.info
  return transaction.totalFees.coins + (info?.type === 'internal' ? info.forwardFee : 0n)
}

function rejected(why: string, cause?: unknown): UnavailableError {
  return new UnavailableError('EXTERNAL_REJECTED', `the external message was refused: ${why}`, {
    remedy: 'Check the seqno, the expiry and the balance of the wallet, then sign again.',
    ...(cause === undefined ? {} : { cause }),
  })
}
