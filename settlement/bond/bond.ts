/** A provider's stake: its address, its messages, its state. Contract: contracts/bond.tolk. */
import { type Address, beginCell, type Cell, type Slice } from '@ton/core'
import { priceNano } from '#protocol/money.ts'
import { bytes32, readAddress, readBytes32 } from '../cells/strict.ts'
import { TOP_UP_ATTACHED_NANO } from '../constants.ts'
import {
  addressOf,
  type ContractInit,
  call,
  callWith,
  operation,
  readAccount,
  type StoredContract,
  signedCell,
} from '../contracts/account.ts'
import { BOND_CODE } from '../contracts/code.ts'
import type { Bill, PriceQuote, SignedBytes, WalletMessage } from '../types.ts'

export interface BondTerms {
  readonly globalId: number
  /** Deposits, unbonds, and gets back what was not slashed. */
  readonly provider: Address
  /** Ed25519, 32 bytes: what the quotes and delegations of a proof are signed with. */
  readonly settlementKey: Uint8Array
  /** Seconds from start_unbonding to withdraw, 14 to 400 days. */
  readonly unbondDelay: number
  readonly salt: bigint
}

export interface BondOnChain {
  readonly terms: BondTerms
  readonly bondedNano: bigint
  /** Cumulative. */
  readonly slashedNano: bigint
  /** Unix seconds; 0: not unbonding. */
  readonly unbondAt: number
}

/** What the three cells of a slashing are: quote and delegate by the settlement key, bill by the response key. */
export interface OverBillingProof {
  readonly quote: SignedBytes
  readonly delegate: SignedBytes
  readonly bill: SignedBytes
}

const BOND_OPERATION = {
  deposit: 0x424f4e44,
  startUnbonding: 0x554e4244,
  withdraw: 0x57445257,
  slash: 0x534c5348,
} as const

function writeTerms(terms: BondTerms): Cell {
  return beginCell()
    .storeInt(terms.globalId, 32)
    .storeAddress(terms.provider)
    .storeBuffer(bytes32(terms.settlementKey))
    .storeUint(terms.unbondDelay, 32)
    .storeUint(terms.salt, 64)
    .endCell()
}

function readTerms(slice: Slice): BondTerms {
  const globalId = slice.loadInt(32)
  const provider = readAddress(slice)
  const settlementKey = readBytes32(slice)
  const unbondDelay = slice.loadUint(32)
  const salt = slice.loadUintBig(64)
  slice.endParse()
  return { globalId, provider, settlementKey, unbondDelay, salt }
}

function bondInit(terms: BondTerms): ContractInit {
  const data = beginCell()
    .storeCoins(0n)
    .storeCoins(0n)
    .storeUint(0, 32)
    .storeRef(writeTerms(terms))
    .endCell()
  return { code: BOND_CODE, data }
}

export function bondAddress(terms: BondTerms): Address {
  return addressOf(bondInit(terms))
}

/** Adds exactly `amountNano` to the stake; deploys the contract. By the provider, while not unbonding. */
export function bondDepositMessage(terms: BondTerms, amountNano: bigint): WalletMessage {
  const body = operation(BOND_OPERATION.deposit).storeCoins(amountNano)
  return callWith(bondInit(terms), body, amountNano + TOP_UP_ATTACHED_NANO, true)
}

/** Starts the delay after which the stake can be withdrawn; it can still be slashed. By the provider. */
export function startUnbondingMessage(terms: BondTerms): WalletMessage {
  return call(bondInit(terms), operation(BOND_OPERATION.startUnbonding))
}

/** Ends the bond: all it holds goes to the provider. By anyone, after the delay. */
export function bondWithdrawMessage(terms: BondTerms): WalletMessage {
  return call(bondInit(terms), operation(BOND_OPERATION.withdraw))
}

/** Takes the stake: a tenth to the caller, the rest burnt. By anyone with a proof. */
export function slashMessage(terms: BondTerms, proof: OverBillingProof): WalletMessage {
  const body = operation(BOND_OPERATION.slash)
    .storeRef(signedCell(proof.quote).endCell())
    .storeRef(signedCell(proof.delegate).endCell())
    .storeRef(signedCell(proof.bill).endCell())
  return call(bondInit(terms), body)
}

/** Undefined unless code and terms give exactly this address. */
export function readBond(address: Address, account: StoredContract): BondOnChain | undefined {
  return readAccount({ code: BOND_CODE, read: readData, address: bondAddress }, address, account)
}

function readData(data: Cell): BondOnChain {
  const slice = data.beginParse()
  const bondedNano = slice.loadCoins()
  const slashedNano = slice.loadCoins()
  const unbondAt = slice.loadUint(32)
  const terms = readTerms(slice.loadRef().beginParse())
  slice.endParse()
  return { terms, bondedNano, slashedNano, unbondAt }
}

/** Whether a bill asks for more than its quote allows: what the contract slashes for. */
export function isOverBilled(quote: PriceQuote, bill: Bill): boolean {
  const { promptTokens, cachedTokens } = bill.counts
  const counts = { ...bill.counts, promptTokens: Math.max(promptTokens, cachedTokens) }
  return bill.usedNano > priceNano(quote.prices, counts)
}
