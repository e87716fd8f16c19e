/** The words of this room. Amounts are integer nanoTON; times are Unix seconds. */
import type { Address, Cell, StateInit } from '@ton/core'
import type { TokenCounts, UnitPrices } from '#protocol/money.ts'

/** Immutable terms of a channel; all of them are in StateInit, so the address binds them. */
export interface ChannelTerms {
  readonly globalId: number
  readonly client: Address
  readonly provider: Address
  /** Ed25519 session key of the client, 32 bytes. */
  readonly clientKey: Uint8Array
  /** Ed25519 settlement key of the provider, 32 bytes. */
  readonly providerKey: Uint8Array
  /** Seconds, <= 7 days. */
  readonly closeDelay: number
  /** Unix seconds, <= now + 400 days. */
  readonly expiresAt: number
  readonly salt: bigint
}

export interface Voucher {
  readonly channel: Address
  /** Cumulative. */
  readonly amountNano: bigint
  readonly leafCount: number
  /** 32 bytes; zeros when empty. */
  readonly receiptsRoot: Uint8Array
}

export interface CloseAuthorisation extends Voucher {
  readonly validUntil: number
}

export interface Signed<T> {
  readonly value: T
  readonly cell: Cell
  readonly signature: Uint8Array
}

/** A signed cell as it travels: a canonical bag of cells and 64 bytes of Ed25519 over the hash. */
export interface SignedBytes {
  readonly boc: Uint8Array
  readonly signature: Uint8Array
}

/** Unit prices fixed for a session; signed by the settlement key. */
export interface PriceQuote {
  readonly globalId: number
  /** 32 bytes. */
  readonly modelRoot: Uint8Array
  readonly prices: UnitPrices
  /** Unix seconds. */
  readonly validUntil: number
}

/** The settlement key lets a response key sign bills; signed by the settlement key. */
export interface Delegate {
  readonly globalId: number
  /** 32 bytes. */
  readonly responseKey: Uint8Array
  /** Unix seconds. */
  readonly notAfter: number
}

/** What one request cost, in a form that a contract can check against the quote; response key. */
export interface Bill {
  readonly channel: Address
  readonly leafIndex: number
  /** Hash of the price quote's cell, 32 bytes. */
  readonly quoteHash: Uint8Array
  readonly counts: TokenCounts
  readonly usedNano: bigint
  /** Sum over all requests of the channel of the latest signed `used`, this one included. */
  readonly usedTotalNano: bigint
}

/** What the contract says of itself. */
export interface ChannelOnChain {
  readonly terms: ChannelTerms
  readonly depositedNano: bigint
  readonly claimedNano: bigint
  /** 0: open. */
  readonly closeAt: number
  readonly closed: boolean
  readonly leafCount: number
  readonly receiptsRoot: Uint8Array
}

export interface ChainBlock {
  readonly seqno: number
  readonly rootHash: Uint8Array
  /** Unix seconds. */
  readonly time: number
}

/** An internal message as the account that received or sent it saw it. */
export interface ChainMessage {
  /** Who sent it, when it was received; who gets it, when it was sent. */
  readonly peer: Address
  readonly valueNano: bigint
  /** What travels with it besides its value, paid by its sender; its receiver's validators keep it. */
  readonly forwardFeeNano: bigint
  readonly body: Cell
}

/** Identifies a transaction of an account, to read on from it. */
export type TransactionPlace = Pick<ChainTransaction, 'lt' | 'hash'>

export interface ChainTransaction {
  readonly lt: bigint
  readonly hash: Uint8Array
  readonly time: number
  readonly totalFeesNano: bigint
  /** The part of `totalFeesNano` that paid for storage. */
  readonly storageFeesNano: bigint
  /** Undefined: started by an external message or by nobody. */
  readonly received: ChainMessage | undefined
  readonly sent: readonly ChainMessage[]
  readonly success: boolean
  /** Opcode of the inbound message, when it has one. */
  readonly opcode: number | undefined
  /** TVM exit code of the compute phase. */
  readonly exitCode: number | undefined
}

/** An account with a contract: its code and data, each a bag of cells. */
export interface ContractAccount {
  readonly code: Uint8Array
  readonly data: Uint8Array
}

/** Reads one TON network. What is trusted is in docs/spec/settlement.md and docs/THREAT-MODEL.md. */
export interface ChainReader {
  readonly globalId: number
  /** @throws UnavailableError CHAIN_UNREACHABLE on every method */
  latestBlock(): Promise<ChainBlock>
  /** The masterchain block, or undefined when this chain has no such block. */
  block(seqno: number): Promise<ChainBlock | undefined>
  balance(address: Address): Promise<bigint>
  /** Undefined: not deployed, or code that is not a known channel code. */
  channel(address: Address): Promise<ChannelOnChain | undefined>
  /** Undefined: no contract is there. */
  account(address: Address): Promise<ContractAccount | undefined>
  /** Newest first, TRANSACTIONS_PAGE_MAX at most; only those before `before`, when it is given. */
  transactions(
    address: Address,
    limit: number,
    before?: TransactionPlace,
  ): Promise<readonly ChainTransaction[]>
}

/** A reader that can also look back, so that a state can lie some blocks deep before it is believed. */
export interface DeepChainReader extends ChainReader {
  /** As `channel`, right after the masterchain block `seqno`; endpoints keep recent blocks only. */
  channelAt(address: Address, seqno: number): Promise<ChannelOnChain | undefined>
}

export interface WalletMessage {
  readonly to: Address
  /** 0 when `isWholeBalance`. */
  readonly valueNano: bigint
  readonly body: Cell
  readonly stateInit?: StateInit
  /** Carries all that the wallet holds, less the fees of sending it. */
  readonly isWholeBalance?: boolean
  /** Present when the coins go into a channel: what caps on deposits are counted by. */
  readonly deposit?: Deposit
}

export interface Deposit {
  readonly amountNano: bigint
  /** The provider's payout address in the terms. */
  readonly provider: Address
}

/** What became of one message of a send. */
export interface MessageOutcome {
  /** not-sent: the wallet skipped it; failed: its destination refused it, the coins came back. */
  readonly status: 'executed' | 'failed' | 'not-sent'
  /** Exit code of the compute phase, or result code of the action phase, when it failed. */
  readonly exitCode: number | undefined
}

export interface SendResult {
  /** Of the wallet and of the destinations, forwarding included. */
  readonly feesNano: bigint
  /** One for each message, in order. */
  readonly outcomes: readonly MessageOutcome[]
  /** True when an earlier process had sent exactly this: nothing was sent now. */
  readonly wasSentBefore: boolean
}

/** Funds and withdraws; never signs vouchers. One in-flight external message at a time. */
export interface Wallet {
  readonly address: Address
  balance(): Promise<bigint>
  /**
   * Sends the messages and resolves when each destination executed its transaction. After an error of
   * kind unavailable, sending the same again finds out what became of it and never pays twice.
   * @throws SettlementError TRANSACTION_FAILED with the exit code, WALLET_BALANCE, and what caps throw
   * @throws UnavailableError CHAIN_UNREACHABLE, EXTERNAL_REJECTED, TRANSACTION_UNCONFIRMED
   */
  send(messages: readonly WalletMessage[], signal?: AbortSignal): Promise<{ feesNano: bigint }>
  /** As `send`, but one message that fails does not hide what became of the others. */
  sendEach(messages: readonly WalletMessage[], signal?: AbortSignal): Promise<SendResult>
  /**
   * Finds out what became of the message that an earlier process left in flight; at the start.
   * @returns whether there was one, and whether it was executed
   */
  recover(signal?: AbortSignal): Promise<'nothing' | 'executed' | 'expired'>
}
