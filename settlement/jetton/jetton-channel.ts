/**
 * A payment channel in a jetton (TEP-74): the vouchers and the rules of the coin channel, other coins.
 * Amounts are the jetton's smallest units. Contract: contracts/jetton-channel.tolk.
 */
import { type Address, beginCell, type Cell, type Slice } from '@ton/core'
import { bytes32, readAddress, readBytes32 } from '../cells/strict.ts'
import { readTermsHead, writeTermsHead } from '../cells/terms.ts'
import {
  addressOf,
  type ContractInit,
  callWith,
  operation,
  readAccount,
  type StoredContract,
  signedCell,
} from '../contracts/account.ts'
import { JETTON_CHANNEL_CODE } from '../contracts/code.ts'
import type { ChannelTerms, SignedBytes, WalletMessage } from '../types.ts'
import { OPERATION } from '../wallet/messages.ts'
import { JETTON_CALL_ATTACHED_NANO, JETTON_NOTIFICATION_NANO } from './constants.ts'

export interface JettonChannelTerms extends ChannelTerms {
  readonly jettonMaster: Address
  /** Gas that one transfer may burn in the jetton's wallets, both together. */
  readonly transferGas: number
}

export interface JettonChannelOnChain {
  readonly terms: JettonChannelTerms
  readonly deposited: bigint
  /** Owed to the provider in all. */
  readonly claimed: bigint
  /** Handed to the jetton wallet for the provider and not come back. */
  readonly paid: bigint
  /** Handed to the jetton wallet for the client and not come back. */
  readonly refunded: bigint
  /** 0: open. */
  readonly closeAt: number
  readonly closed: boolean
  readonly leafCount: number
  readonly receiptsRoot: Uint8Array
  /** Both sides MUST compare it with the master's `get_wallet_address` of the channel. */
  readonly wallet: Address | undefined
}

const SET_WALLET = 0x53455457
const TRANSFER = 0x0f8a7ea5

function writeTerms(terms: JettonChannelTerms): Cell {
  return writeTermsHead(terms)
    .storeRef(
      beginCell()
        .storeBuffer(bytes32(terms.providerKey))
        .storeAddress(terms.jettonMaster)
        .storeUint(terms.transferGas, 32)
        .endCell(),
    )
    .endCell()
}

function readTerms(slice: Slice): JettonChannelTerms {
  const head = readTermsHead(slice)
  const rest = slice.loadRef().beginParse()
  const providerKey = readBytes32(rest)
  const jettonMaster = readAddress(rest)
  const transferGas = rest.loadUint(32)
  rest.endParse()
  slice.endParse()
  return { ...head, providerKey, jettonMaster, transferGas }
}

function jettonChannelInit(terms: JettonChannelTerms): ContractInit {
  const sent = beginCell()
    .storeAddress(null)
    .storeCoins(0n)
    .storeCoins(0n)
    .storeUint(0, 32)
    .endCell()
  const data = beginCell()
    .storeCoins(0n)
    .storeCoins(0n)
    .storeUint(0, 32)
    .storeBit(false)
    .storeUint(0, 32)
    .storeUint(0n, 256)
    .storeRef(writeTerms(terms))
    .storeRef(sent)
    .endCell()
  return { code: JETTON_CHANNEL_CODE, data }
}

export function jettonChannelAddress(terms: JettonChannelTerms): Address {
  return addressOf(jettonChannelInit(terms))
}

/** Deploys the channel with its rent and names its jetton wallet, once. By the client. */
export function setJettonWalletMessage(terms: JettonChannelTerms, wallet: Address): WalletMessage {
  const body = operation(SET_WALLET).storeAddress(wallet)
  return callWith(jettonChannelInit(terms), body, JETTON_CALL_ATTACHED_NANO, true)
}

/** To the client's own jetton wallet: deposits `amount` units. */
export function jettonTopUpMessage(
  terms: JettonChannelTerms,
  clientWallet: Address,
  amount: bigint,
): WalletMessage {
  const body = operation(TRANSFER)
    .storeCoins(amount)
    .storeAddress(jettonChannelAddress(terms))
    .storeAddress(terms.client)
    .storeMaybeRef(null)
    .storeCoins(JETTON_NOTIFICATION_NANO)
    .storeBit(false)
    .storeUint(OPERATION.topUp, 32)
    .endCell()
  return { to: clientWallet, valueNano: JETTON_CALL_ATTACHED_NANO, body }
}

/** Pays the provider what the voucher and earlier refused transfers leave owed. By anyone. */
export function jettonClaimMessage(terms: JettonChannelTerms, voucher: SignedBytes): WalletMessage {
  return call(terms, operation(OPERATION.claim).storeBuilder(signedCell(voucher)))
}

/** Ends the channel at once. By the provider. */
export function jettonCloseMessage(
  terms: JettonChannelTerms,
  voucher?: SignedBytes,
): WalletMessage {
  const signed = voucher === undefined ? null : signedCell(voucher).endCell()
  return call(terms, operation(OPERATION.close).storeMaybeRef(signed))
}

/** Ends the channel at once at the amount that the provider authorised. By the client. */
export function jettonCoopCloseMessage(
  terms: JettonChannelTerms,
  closeAuth: SignedBytes,
): WalletMessage {
  return call(terms, operation(OPERATION.coopClose).storeBuilder(signedCell(closeAuth)))
}

/** Starts the close delay. By the client. */
export function jettonStartCloseMessage(terms: JettonChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.startClose))
}

/** Ends the channel after the delay; on a closed one, sends what a jetton wallet refused. By anyone. */
export function jettonFinishMessage(terms: JettonChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.finish))
}

/** Removes a closed channel that owes nothing, after its life. By anyone. */
export function jettonDestroyMessage(terms: JettonChannelTerms): WalletMessage {
  return call(terms, operation(OPERATION.destroy))
}

function call(terms: JettonChannelTerms, body: ReturnType<typeof operation>): WalletMessage {
  return callWith(jettonChannelInit(terms), body, JETTON_CALL_ATTACHED_NANO)
}

/** Undefined unless code and terms give exactly this address. */
export function readJettonChannel(
  address: Address,
  account: StoredContract,
): JettonChannelOnChain | undefined {
  const kind = { code: JETTON_CHANNEL_CODE, read: readData, address: jettonChannelAddress }
  return readAccount(kind, address, account)
}

function readData(data: Cell): JettonChannelOnChain {
  const slice = data.beginParse()
  const deposited = slice.loadCoins()
  const claimed = slice.loadCoins()
  const closeAt = slice.loadUint(32)
  const closed = slice.loadBit()
  const leafCount = slice.loadUint(32)
  const receiptsRoot = readBytes32(slice)
  const terms = readTerms(slice.loadRef().beginParse())
  const sent = slice.loadRef().beginParse()
  slice.endParse()
  const wallet = sent.loadMaybeAddress() ?? undefined
  const paid = sent.loadCoins()
  const refunded = sent.loadCoins()
  const state = { deposited, claimed, paid, refunded, closeAt, closed, leafCount, receiptsRoot }
  return { terms, ...state, wallet }
}
