/**
 * A wallet over TON's WalletContractV5R1. Its key signs external messages only, through the crypto
 * port (the wallet contract's own signer is @ton/crypto, a hundred times slower). One external
 * message is in flight at a time, so that the seqno is never raced for.
 */
import {
  type Address,
  beginCell,
  external,
  internal,
  type MessageRelaxed,
  SendMode,
  storeMessage,
  type Transaction,
} from '@ton/core'
import { type TonClient, WalletContractV5R1 } from '@ton/ton'
import { z } from 'zod'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import { type ChainAccess, callChain, createTonClient, reach } from '../chain/access.ts'
import { outcomeOf } from '../chain/transaction.ts'
import {
  WALLET_LOOK_BACK,
  WALLET_MESSAGE_VALID_S,
  WALLET_MESSAGES_MAX,
  WALLET_POLL_MS,
  WALLET_POLLS_MAX,
  WALLET_QUEUE_MAX,
} from '../constants.ts'
import type { Wallet, WalletMessage } from '../types.ts'

export interface WalletOptions {
  readonly access: ChainAccess
  readonly crypto: CryptoPort
  readonly clock: Clock
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array
  /** Waits; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** The contract of a public key on one network: the wallet id holds the global id. */
function walletContract(publicKey: Uint8Array, globalId: number): WalletContractV5R1 {
  return WalletContractV5R1.create({
    publicKey: Buffer.from(publicKey),
    walletId: { networkGlobalId: globalId },
  })
}

export function walletAddress(publicKey: Uint8Array, globalId: number): Address {
  return walletContract(publicKey, globalId).address
}

export function openWallet(options: WalletOptions): Wallet {
  return new SeedWallet(options)
}

class SeedWallet implements Wallet {
  readonly address: Address
  readonly #options: WalletOptions
  readonly #key: Ed25519KeyPair
  readonly #contract: WalletContractV5R1
  readonly #client: TonClient
  #waiting = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: WalletOptions) {
    this.#options = options
    this.#key = options.crypto.ed25519FromSeed(options.seed)
    this.#contract = walletContract(this.#key.publicKey, options.access.globalId)
    this.address = this.#contract.address
    this.#client = createTonClient(options.access)
  }

  balance(): Promise<bigint> {
    return reach(() => this.#client.getBalance(this.address))
  }

  send(messages: readonly WalletMessage[], signal?: AbortSignal): Promise<{ feesNano: bigint }> {
    if (messages.length === 0 || messages.length > WALLET_MESSAGES_MAX) {
      throw new ConfigError('WALLET_MESSAGES', `send 1 to ${WALLET_MESSAGES_MAX} messages at once`)
    }
    if (this.#waiting >= WALLET_QUEUE_MAX) {
      throw new UnavailableError('WALLET_BUSY', 'too many sends wait for this wallet')
    }
    this.#waiting++
    const sent = this.#tail
      .then(() => this.#sendNow(messages, signal))
      .finally(() => {
        this.#waiting--
      })
    this.#tail = sent.catch(() => undefined)
    return sent
  }

  async #sendNow(messages: readonly WalletMessage[], signal?: AbortSignal) {
    signal?.throwIfAborted()
    const chainTimeS = await this.#checkBalance(messages)
    const bodyHash = await this.#submit(messages, chainTimeS)
    const own = await this.#await(this.address, (one) => bodyHashOf(one) === bodyHash, signal)
    requireSuccess(own, 'the wallet')
    if (own.outMessagesCount !== messages.length) {
      // Mode +2 makes the wallet skip what it cannot send instead of failing.
      throw failed('the wallet could not send every message', undefined)
    }
    let feesNano = own.totalFees.coins
    for (const message of own.outMessages.values()) {
      if (message.info.type !== 'internal') continue
      const { dest, createdLt, forwardFee } = message.info
      const arrived = await this.#await(
        dest,
        (one) => causedBy(one, this.address, createdLt),
        signal,
      )
      requireSuccess(arrived, 'the destination')
      feesNano += forwardFee + arrived.totalFees.coins
    }
    return { feesNano }
  }

  /** Returns the chain's own time: a message that this clock calls valid must be so there. */
  async #checkBalance(messages: readonly WalletMessage[]): Promise<number> {
    const neededNano = messages.reduce((sum, message) => sum + message.valueNano, 0n)
    const state = await reach(() => this.#client.getContractState(this.address))
    const balanceNano = state.balance
    if (balanceNano > neededNano) return state.timestampt
    throw new SettlementError('WALLET_BALANCE', 'the wallet does not hold enough coins', {
      remedy: 'Fund the wallet, then try again.',
      data: { neededNano, balanceNano },
    })
  }

  /** Signs and hands in one external message; its body's hash finds the transaction again. */
  async #submit(messages: readonly WalletMessage[], chainTimeS: number): Promise<string> {
    const { crypto, clock } = this.#options
    const opened = this.#client.open(this.#contract)
    const seqno = await reach(() => opened.getSeqno())
    const body = await this.#contract.createTransfer({
      seqno,
      timeout: Math.max(Math.floor(clock.nowMs() / 1000), chainTimeS) + WALLET_MESSAGE_VALID_S,
      sendMode: SendMode.PAY_GAS_SEPARATELY | SendMode.IGNORE_ERRORS,
      messages: messages.map(toInternal),
      signer: async (cell) => Buffer.from(crypto.ed25519Sign(this.#key, cell.hash())),
    })
    const init = seqno === 0 ? this.#contract.init : undefined
    const message = external({ to: this.address, body, ...(init === undefined ? {} : { init }) })
    const boc = beginCell().store(storeMessage(message)).endCell().toBoc()
    const params = { boc: boc.toString('base64') }
    const answer = await callChain(this.#options.access, 'sendBoc', params, z.unknown())
    if (!answer.ok) throw refused()
    return body.hash().toString('hex')
  }

  async #await(
    address: Address,
    matches: (transaction: Transaction) => boolean,
    signal?: AbortSignal,
  ): Promise<Transaction> {
    for (let poll = 0; poll < WALLET_POLLS_MAX; poll++) {
      const page = { limit: WALLET_LOOK_BACK }
      const found = (await reach(() => this.#client.getTransactions(address, page))).find(matches)
      if (found !== undefined) return found
      await this.#options.sleep(WALLET_POLL_MS, signal)
    }
    throw new UnavailableError('TRANSACTION_UNCONFIRMED', 'the chain did not execute a message', {
      remedy: 'Look at the wallet on the chain before sending again: it may still be executed.',
    })
  }
}

/** A bounce brings the coins back when the operation fails; an empty transfer must just arrive. */
function toInternal(message: WalletMessage): MessageRelaxed {
  return internal({
    to: message.to,
    value: message.valueNano,
    bounce: message.body.bits.length > 0,
    body: message.body,
    ...(message.stateInit === undefined ? {} : { init: message.stateInit }),
  })
}

function bodyHashOf(transaction: Transaction): string | undefined {
  const message = transaction.inMessage
  return message?.info.type === 'external-in' ? message.body.hash().toString('hex') : undefined
}

function causedBy(transaction: Transaction, source: Address, createdLt: bigint): boolean {
  const info = transaction.inMessage?.info
  return info?.type === 'internal' && info.createdLt === createdLt && info.src.equals(source)
}

function refused(): UnavailableError {
  return new UnavailableError('EXTERNAL_REJECTED', 'the chain refused the signed message', {
    remedy:
      'Check the balance of the wallet and that no other program uses its key, then try again.',
  })
}

function requireSuccess(transaction: Transaction, who: string): void {
  const { success, exitCode, actionCode } = outcomeOf(transaction)
  if (!success) throw failed(`${who} refused the message`, exitCode || actionCode)
}

function failed(why: string, exitCode: number | undefined): SettlementError {
  return new SettlementError('TRANSACTION_FAILED', `a transaction failed: ${why}`, {
    remedy: 'Look up the exit code in docs/spec/settlement.md.',
    data: exitCode === undefined ? {} : { exitCode },
  })
}
