/** The provider's side: takes vouchers, assigns leaves, bills what it serves. */
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ProtocolError, SettlementError } from '#protocol/errors.ts'
import { signCell } from '../cells/signed.ts'
import { closeAuthCell, openVoucher } from '../cells/voucher.ts'
import { CLOSE_AUTH_VALID_S_MAX } from '../constants.ts'
import type { CloseAuthorisation, SignedBytes, Voucher } from '../types.ts'
import { requireOpen, requireRaise, requireRoom, requireRunning } from './refusals.ts'
import {
  appendReady,
  beginClosing,
  type ChannelState,
  currentRoot,
  type Leaf,
  neededNano,
  replaceRequest,
  usedTotalNano,
} from './state.ts'

/**
 * Opens a request and assigns its leaf. Requests, ended ones included, are at most as many as a
 * voucher may lag: leaves that wait for one long answer all join the tree at once.
 * @throws SettlementError CHANNEL_NOT_OPEN, CHANNEL_FROZEN, CHANNEL_EXPIRED
 * @throws ProtocolError REQUEST_ID_INVALID, REQUESTS_TOO_MANY
 */
export function providerAsk(
  state: ChannelState,
  requestId: string,
  nowS: number,
): { state: ChannelState; leafIndex: number } {
  requireOpen(state, nowS)
  requireRoom(state, requestId)
  const leafIndex = state.tree.count + state.requests.length
  const opened = {
    requestId,
    leafIndex,
    allocatedNano: 0n,
    usedNano: 0n,
    leafData: undefined,
    ended: false,
  }
  return { state: { ...state, requests: [...state.requests, opened] }, leafIndex }
}

/**
 * Takes a voucher that is higher in amount or leaf count and lower in neither. Durable before tokens
 * leave.
 * @throws SettlementError VOUCHER_NOT_NEWER, VOUCHER_ABOVE_DEPOSIT, VOUCHER_ROOT, and those of
 *   openVoucher and of a channel that is not open
 */
export function providerAcceptVoucher(
  crypto: CryptoPort,
  state: ChannelState,
  signed: SignedBytes,
  nowS: number,
): ChannelState {
  requireOpen(state, nowS)
  const voucher = openVoucher(crypto, signed, state.terms.clientKey, state.address)
  checkVoucher(state, voucher)
  const { amountNano, leafCount, receiptsRoot } = voucher
  return { ...state, best: { amountNano, leafCount, receiptsRoot, signed } }
}

export function isNewer(voucher: Voucher, { best }: ChannelState): boolean {
  const notLower = voucher.amountNano >= best.amountNano && voucher.leafCount >= best.leafCount
  return notLower && (voucher.amountNano > best.amountNano || voucher.leafCount > best.leafCount)
}

function checkVoucher(state: ChannelState, voucher: Voucher): void {
  const data = { amountNano: voucher.amountNano, leafCount: voucher.leafCount }
  if (!isNewer(voucher, state)) {
    throw new SettlementError('VOUCHER_NOT_NEWER', 'a voucher does not raise the one held', {
      data,
    })
  }
  if (voucher.amountNano > state.depositedNano) {
    throw new SettlementError('VOUCHER_ABOVE_DEPOSIT', 'a voucher is above the deposit', {
      remedy: 'Top up the channel, wait for the chain, then send the voucher again.',
      data: { ...data, depositedNano: state.depositedNano },
    })
  }
  const known = state.recentRoots.find((one) => one.count === voucher.leafCount)
  if (known === undefined || !equal(known.root, voucher.receiptsRoot)) {
    throw new SettlementError('VOUCHER_ROOT', 'a voucher carries none of the last roots', { data })
  }
}

/**
 * Grants a request credit up to `allocatedNano` (cumulative) out of vouchers already taken.
 * @throws SettlementError CREDIT_EXCEEDED and those of a channel that is not open
 * @throws ProtocolError REQUEST_UNKNOWN, REQUEST_ENDED, ALLOCATION_LOWERED
 */
export function providerAllocate(
  state: ChannelState,
  ask: { readonly requestId: string; readonly allocatedNano: bigint },
  nowS: number,
): ChannelState {
  requireOpen(state, nowS)
  const request = requireRunning(state, ask.requestId)
  requireRaise(request, ask.allocatedNano)
  const next = replaceRequest(state, { ...request, allocatedNano: ask.allocatedNano })
  const needed = neededNano(next)
  if (needed <= state.best.amountNano) return next
  throw new SettlementError('CREDIT_EXCEEDED', 'the vouchers do not cover this allocation', {
    remedy: 'Send a voucher with the allocation.',
    data: { neededNano: needed, voucherNano: state.best.amountNano },
  })
}

/**
 * Records a checkpoint that was signed; durable before it is sent.
 * @throws SettlementError USED_ABOVE_ALLOCATION
 * @throws ProtocolError REQUEST_UNKNOWN, REQUEST_ENDED
 */
export function providerCheckpoint(
  state: ChannelState,
  checkpoint: Omit<Leaf, 'leafIndex'>,
): ChannelState {
  return withSigned(state, checkpoint, false)
}

/**
 * Records a request's final leaf. Leaves end in any order and join the tree in index order:
 * `appended` are those that joined now, to be sent in this order.
 * @throws as providerCheckpoint
 */
export function providerLeaf(
  crypto: CryptoPort,
  state: ChannelState,
  leaf: Omit<Leaf, 'leafIndex'>,
): { state: ChannelState; appended: readonly Leaf[] } {
  return appendReady(crypto, withSigned(state, leaf, true))
}

function withSigned(state: ChannelState, leaf: Omit<Leaf, 'leafIndex'>, ended: boolean) {
  const request = requireRunning(state, leaf.requestId)
  const { usedNano, leafData } = leaf
  if (usedNano > request.allocatedNano || usedNano < request.usedNano) {
    throw new SettlementError('USED_ABOVE_ALLOCATION', 'a request used more than was prepaid', {
      remedy: 'Report it: the provider must stop at the end of its allocation.',
      data: { usedNano, allocatedNano: request.allocatedNano },
    })
  }
  const allocatedNano = ended ? usedNano : request.allocatedNano
  return replaceRequest(state, { ...request, usedNano, leafData, allocatedNano, ended })
}

/**
 * Ends the channel for vouchers. The state must be durable before `authorisation` is signed with
 * `signCloseAuth`: a voucher taken later could be worth more than the amount signed here.
 * @throws ProtocolError REQUESTS_OPEN
 */
export function providerBeginClose(
  state: ChannelState,
  nowS: number,
): { state: ChannelState; authorisation: CloseAuthorisation } {
  if (state.requests.length > 0) {
    throw new ProtocolError('REQUESTS_OPEN', 'a request of this channel is still running', {
      remedy: 'Cancel it or wait for it, then close.',
    })
  }
  const used = usedTotalNano(state)
  const authorisation = {
    channel: state.address,
    amountNano: used > state.claimedNano ? used : state.claimedNano,
    leafCount: state.tree.count,
    receiptsRoot: currentRoot(state),
    validUntil: nowS + CLOSE_AUTH_VALID_S_MAX,
  }
  return { state: beginClosing(state), authorisation }
}

export function signCloseAuth(
  crypto: CryptoPort,
  settlementKey: Ed25519KeyPair,
  authorisation: CloseAuthorisation,
): SignedBytes {
  return signCell(crypto, settlementKey, closeAuthCell(authorisation))
}
