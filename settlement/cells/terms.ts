/** Terms, and the address that follows from them. TL-B: docs/spec/settlement.md. */
import { type Address, type Builder, beginCell, type Cell, type Slice } from '@ton/core'
import { SettlementError } from '#protocol/errors.ts'
import { CHANNEL_LIFETIME_S_MAX, CLOSE_DELAY_S_MAX } from '../constants.ts'
import { addressOf, type ContractInit } from '../contracts/account.ts'
import { CHANNEL_CODE } from '../contracts/code.ts'
import type { ChannelTerms } from '../types.ts'
import {
  bytes32,
  type CellFormat,
  decodeCell,
  encodeCell,
  readAddress,
  readBytes32,
} from './strict.ts'

type TermsHead = Omit<ChannelTerms, 'providerKey'>

/** What every channel's terms begin with; the rest is in a reference, which only closing together reads. */
export function writeTermsHead(terms: TermsHead): Builder {
  return beginCell()
    .storeInt(terms.globalId, 32)
    .storeAddress(terms.client)
    .storeAddress(terms.provider)
    .storeUint(terms.closeDelay, 32)
    .storeUint(terms.expiresAt, 32)
    .storeUint(terms.salt, 64)
    .storeBuffer(bytes32(terms.clientKey))
}

/** May throw anything. */
export function readTermsHead(slice: Slice): TermsHead {
  const globalId = slice.loadInt(32)
  const client = readAddress(slice)
  const provider = readAddress(slice)
  const closeDelay = slice.loadUint(32)
  const expiresAt = slice.loadUint(32)
  const salt = slice.loadUintBig(64)
  const clientKey = readBytes32(slice)
  return { globalId, client, provider, closeDelay, expiresAt, salt, clientKey }
}

const termsFormat: CellFormat<ChannelTerms> = {
  name: 'terms',
  write: (terms) =>
    writeTermsHead(terms)
      .storeRef(beginCell().storeBuffer(bytes32(terms.providerKey)).endCell())
      .endCell(),
  read: (slice) => {
    const head = readTermsHead(slice)
    const rest = slice.loadRef().beginParse()
    const providerKey = readBytes32(rest)
    rest.endParse()
    return { ...head, providerKey }
  },
}

export function termsCell(terms: ChannelTerms): Cell {
  return termsFormat.write(terms)
}

/** Canonical bytes of the terms: `terms_boc` on the wire and in a receipt file. */
export function encodeTerms(terms: ChannelTerms): Uint8Array {
  return encodeCell(termsCell(terms))
}

/** @throws SettlementError CELL_MALFORMED, TERMS_INVALID */
export function parseTerms(boc: Uint8Array): ChannelTerms {
  const terms = decodeCell(termsFormat, boc).value
  if (terms.closeDelay < 1 || terms.closeDelay > CLOSE_DELAY_S_MAX) {
    throw termsInvalid(`the close delay is ${terms.closeDelay} s`)
  }
  return terms
}

/**
 * What a side checks before it uses a channel; the contract checks the same at the first deposit.
 * @throws SettlementError TERMS_INVALID
 */
export function checkTerms(terms: ChannelTerms, globalId: number, nowS: number): void {
  if (terms.globalId !== globalId) throw termsInvalid(`they are for network ${terms.globalId}`)
  if (terms.closeDelay < 1 || terms.closeDelay > CLOSE_DELAY_S_MAX) {
    throw termsInvalid(`the close delay is ${terms.closeDelay} s`)
  }
  if (terms.expiresAt <= nowS) throw termsInvalid('they have expired')
  if (terms.expiresAt > nowS + CHANNEL_LIFETIME_S_MAX) throw termsInvalid('they last too long')
}

function termsInvalid(why: string): SettlementError {
  return new SettlementError('TERMS_INVALID', `the channel's terms cannot be used: ${why}`, {
    remedy: 'Open a channel with terms inside the limits of docs/spec/settlement.md.',
  })
}

/** Code and first data of a channel; nothing but the terms goes in, so the address binds them all. */
export function channelStateInit(terms: ChannelTerms): ContractInit {
  const data = beginCell()
    .storeCoins(0n)
    .storeCoins(0n)
    .storeUint(0, 32)
    .storeBit(false)
    .storeUint(0, 32)
    .storeUint(0n, 256)
    .storeRef(termsCell(terms))
    .endCell()
  return { code: CHANNEL_CODE, data }
}

/** Computed from known code and terms, never read off the wire. */
export function channelAddress(terms: ChannelTerms): Address {
  return addressOf(channelStateInit(terms))
}

/** Reads the terms that a channel's stored data refers to. May throw anything. */
export function readTermsCell(cell: Cell): ChannelTerms {
  const slice = cell.beginParse()
  const terms = termsFormat.read(slice)
  slice.endParse()
  return terms
}
