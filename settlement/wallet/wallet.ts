/**
 * A wallet over TON's WalletContractV5R1. One external message is in flight at a time, so that the seqno
 * is never raced for; it is in the journal before it is on the wire, and what became of it is found out
 * before anything else is signed.
 */
import type { Address, Transaction } from '@ton/core'
import type { WalletContractV5R1 } from '@ton/ton'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import { type ChainAccess, reach } from '../chain/access.ts'
import { outcomeOf } from '../chain/transaction.ts'
import { WALLET_MESSAGE_VALID_S, WALLET_MESSAGES_MAX, WALLET_QUEUE_MAX } from '../constants.ts'
import type { Deposit, MessageOutcome, SendResult, Wallet, WalletMessage } from '../types.ts'
import { outcomesOf, unconfirmed } from './arrivals.ts'
import { digestOf, externalBoc, seqnoOfBody, transferBody, walletContract } from './body.ts'
import { memoryJournal, type PendingMessage, type WalletJournal } from './journal.ts'
import { Lines } from './lines.ts'
import type { WalletSigner } from './signer.ts'

export interface WalletOptions {
  readonly access: ChainAccess
  /** Other endpoints of the same network, used when the first does not answer. */
  readonly others?: readonly ChainAccess[] | undefined
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly signer: WalletSigner
  /** Waits; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Looks at the chain before a send counts as lost; WALLET_POLLS_MAX when left out. */
  readonly pollsMax?: number
  /** Where the message in flight is kept; in memory when left out. */
  readonly journal?: WalletJournal | undefined
  /** Asked before anything is signed; none when left out. */
  readonly caps?: DepositGuard | undefined
}

/** The wallet's own caps on what goes into channels. */
export interface DepositGuard {
  /**
   * Reserves, durably.
   * @returns called at the end: whether the deposits may have gone out
   * @throws SettlementError DEPOSIT_CAP_DAY, DEPOSIT_CAP_PROVIDER; nothing is reserved then
   */
  hold(deposits: readonly Deposit[]): (isSpent: boolean) => void
}

export function openWallet(options: WalletOptions): Wallet {
  return new ChainWallet(options)
}

/** What the chain says of the wallet at one moment. */
interface Account {
  readonly balanceNano: bigint
  readonly seqno: number
  readonly lastLt: bigint
  /** Unix seconds. */
  readonly timeS: number
}

interface Executed {
  readonly pending: PendingMessage
  readonly transaction: Transaction
}

class ChainWallet implements Wallet {
  readonly address: Address
  readonly #options: WalletOptions
  readonly #contract: WalletContractV5R1
  readonly #lines: Lines
  readonly #journal: WalletJournal
  #waiting = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: WalletOptions) {
    const { access, signer, journal } = options
    this.#options = options
    this.#contract = walletContract(signer.publicKey, access.globalId)
    this.address = this.#contract.address
    this.#lines = new Lines(options)
    this.#journal = journal ?? memoryJournal()
  }

  balance(): Promise<bigint> {
    return this.#lines.any(({ client }) => client.getBalance(this.address))
  }

  async send(messages: readonly WalletMessage[], signal?: AbortSignal) {
    const { feesNano, outcomes } = await this.sendEach(messages, signal)
    for (const outcome of outcomes) requireExecuted(outcome)
    return { feesNano }
  }

  sendEach(messages: readonly WalletMessage[], signal?: AbortSignal): Promise<SendResult> {
    if (messages.length === 0 || messages.length > WALLET_MESSAGES_MAX) {
      throw new ConfigError('WALLET_MESSAGES', `send 1 to ${WALLET_MESSAGES_MAX} messages at once`)
    }
    return this.#inOrder(() => this.#sendNow(messages, signal))
  }

  recover(signal?: AbortSignal): Promise<'nothing' | 'executed' | 'expired'> {
    return this.#inOrder(async () => {
      if (this.#journal.read() === undefined) return 'nothing'
      const earlier = await this.#settleEarlier(signal)
      if (earlier === undefined) return 'expired'
      await this.#lines.current.arrivals.follow(earlier.transaction, signal)
      this.#journal.clear()
      return 'executed'
    })
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WALLET_QUEUE_MAX) {
      throw new UnavailableError('WALLET_BUSY', 'too many sends wait for this wallet')
    }
    this.#waiting++
    const done = this.#tail
      .then(() => this.#lines.choose())
      .then(work)
      .finally(() => {
        this.#waiting--
      })
    this.#tail = done.catch(() => undefined)
    return done
  }

  async #sendNow(messages: readonly WalletMessage[], signal?: AbortSignal): Promise<SendResult> {
    signal?.throwIfAborted()
    const digest = toHex(digestOf(this.#options.crypto, messages))
    const earlier = await this.#settleEarlier(signal)
    if (earlier?.pending.digest === digest) {
      return { ...(await this.#resultOf(earlier, messages, signal)), wasSentBefore: true }
    }
    this.#journal.clear()
    const deposits = messages.flatMap(({ deposit }) => deposit ?? [])
    const settle = this.#options.caps?.hold(deposits)
    let isSigned = false
    try {
      const pending = await this.#sign(messages, digest, signal)
      isSigned = true
      this.#journal.write(pending)
      if (!(await this.#submit(pending))) {
        isSigned = false
        this.#journal.clear()
        throw refused()
      }
      const transaction = await this.#waitFor(pending, signal)
      const result = await this.#resultOf({ pending, transaction }, messages, signal)
      return { ...result, wasSentBefore: false }
    } finally {
      settle?.(isSigned)
    }
  }

  /**
   * What became of the message in the journal. The same bytes are handed in again while they are valid:
   * their seqno lets them be executed once. Undefined: there is none, or it can never be executed.
   * @throws UnavailableError TRANSACTION_UNCONFIRMED, CHAIN_UNREACHABLE: it is not known yet
   */
  async #settleEarlier(signal?: AbortSignal): Promise<Executed | undefined> {
    const pending = this.#journal.read()
    if (pending === undefined) return undefined
    // The account is read before its transactions: a seqno that has moved on has one to show.
    const account = await this.#account()
    const taken = await this.#lines.current.arrivals.look(
      this.address,
      pending.afterLt,
      (one) => externalSeqnoOf(one) === pending.seqno,
    )
    if (taken !== undefined) return this.#ownOrNone(pending, taken)
    if (account.seqno > pending.seqno) throw unconfirmed()
    if (account.timeS > pending.validUntilS) return undefined
    await this.#submit(pending)
    return this.#ownOrNone(pending, await this.#waitFor(pending, signal))
  }

  /** Another program that has the key may have used the seqno: then this message is void. */
  #ownOrNone(pending: PendingMessage, transaction: Transaction): Executed | undefined {
    const isOwn = transaction.inMessage?.body.hash().toString('hex') === pending.bodyHash
    return isOwn ? { pending, transaction } : undefined
  }

  /** The transaction that used up the seqno of a message. */
  #waitFor({ seqno, afterLt }: PendingMessage, signal?: AbortSignal): Promise<Transaction> {
    return this.#lines.current.arrivals.wait(
      this.address,
      afterLt,
      (one) => externalSeqnoOf(one) === seqno,
      signal,
    )
  }

  async #resultOf(
    { pending, transaction }: Executed,
    messages: readonly WalletMessage[],
    signal?: AbortSignal,
  ): Promise<Omit<SendResult, 'wasSentBefore'>> {
    if (this.#ownOrNone(pending, transaction) === undefined) {
      this.#journal.clear()
      throw seqnoTaken()
    }
    const { success, exitCode, actionCode } = outcomeOf(transaction)
    if (!success) {
      this.#journal.clear()
      throw failed('the wallet refused the message', exitCode || actionCode)
    }
    const arrivals = await this.#lines.current.arrivals.follow(transaction, signal)
    this.#journal.clear()
    return {
      feesNano: arrivals.reduce((sum, one) => sum + one.feesNano, transaction.totalFees.coins),
      outcomes: outcomesOf(messages, arrivals),
    }
  }

  async #sign(
    messages: readonly WalletMessage[],
    digest: string,
    signal?: AbortSignal,
  ): Promise<PendingMessage> {
    const { clock, signer, access } = this.#options
    const { balanceNano, seqno, timeS, lastLt } = await this.#account()
    requireBalance(messages, balanceNano)
    // By the later clock: a message that this clock calls valid must be so on the chain.
    const nowS = Math.max(Math.floor(clock.nowMs() / 1000), timeS)
    const validUntilS = nowS + WALLET_MESSAGE_VALID_S + signer.waitS
    const wallet = this.address
    const { globalId } = access
    const body = await transferBody(this.#contract, { seqno, validUntilS, messages }, (cell) =>
      signer.sign({ wallet, globalId, seqno, validUntilS, messages, cell }, signal),
    )
    const bodyHash = toHex(new Uint8Array(body.hash()))
    const boc = externalBoc(this.#contract, body, seqno === 0)
    return { seqno, validUntilS, bodyHash, digest, afterLt: lastLt, boc }
  }

  /** False: the chain refused it. Handed in elsewhere it is the same bytes, whose seqno works once. */
  #submit({ boc }: PendingMessage): Promise<boolean> {
    return this.#lines.handIn(boc)
  }

  async #account(): Promise<Account> {
    const state = await reach(() => this.#lines.current.client.getContractState(this.address))
    const seqno = await reach(() => this.#lines.current.client.open(this.#contract).getSeqno())
    const lastLt = BigInt(state.lastTransaction?.lt ?? 0)
    return { balanceNano: state.balance, seqno, lastLt, timeS: state.timestampt }
  }
}

function externalSeqnoOf({ inMessage }: Transaction): number | undefined {
  return inMessage?.info.type === 'external-in' ? seqnoOfBody(inMessage.body) : undefined
}

/** @throws SettlementError WALLET_BALANCE */
function requireBalance(messages: readonly WalletMessage[], balanceNano: bigint): void {
  const neededNano = messages.reduce((sum, message) => sum + message.valueNano, 0n)
  if (balanceNano > neededNano) return
  throw new SettlementError('WALLET_BALANCE', 'the wallet does not hold enough coins', {
    remedy: 'Fund it (`cocoon wallet fund` prints its address), then try again.',
    data: { neededNano, balanceNano },
  })
}

/** @throws SettlementError TRANSACTION_FAILED */
function requireExecuted({ status, exitCode }: MessageOutcome): void {
  if (status === 'failed') throw failed('the destination refused the message', exitCode)
  // Mode +2 makes the wallet skip what it cannot send instead of failing.
  if (status === 'not-sent') throw failed('the wallet could not send every message', undefined)
}

function refused(): UnavailableError {
  return new UnavailableError('EXTERNAL_REJECTED', 'the chain refused the signed message', {
    remedy:
      'Check the balance of the wallet and that no other program uses its key, then try again.',
  })
}

function seqnoTaken(): UnavailableError {
  return new UnavailableError('WALLET_SEQNO_TAKEN', 'another program used the wallet meanwhile', {
    remedy: 'Nothing was sent. Keep the key in one program, then try again.',
  })
}

function failed(why: string, exitCode: number | undefined): SettlementError {
  return new SettlementError('TRANSACTION_FAILED', `a transaction failed: ${why}`, {
    remedy: 'Look up the exit code in docs/spec/settlement.md.',
    data: exitCode === undefined ? {} : { exitCode },
  })
}
