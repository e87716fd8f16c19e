/** The client's side: allocates credit, signs vouchers, counts leaves. One writer per channel. */
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ProtocolError, SettlementError } from '#protocol/errors.ts'
import { openCloseAuth, signVoucher as signVoucherCell } from '../cells/voucher.ts'
import type { CloseAuthorisation, SignedBytes } from '../types.ts'
import {
  requireOpen,
  requireRaise,
  requireRequest,
  requireRoom,
  requireRunning,
} from './refusals.ts'
import {
  appendReady,
  type ChannelState,
  currentRoot,
  type Dispute,
  freeze,
  type Leaf,
  neededNano,
  type OpenRequest,
  replaceRequest,
  usedTotalNano,
} from './state.ts'

export interface ClientContext {
  readonly crypto: CryptoPort
  /** The pair of terms.clientKey. */
  readonly sessionKey: Ed25519KeyPair
}

export interface Signing {
  readonly state: ChannelState
  /** To be sent after the state is durable. A signed voucher is spent. */
  readonly voucher?: SignedBytes
}

export interface Counted {
  readonly state: ChannelState
  /** The state is frozen: sign nothing more, close at the last voucher. */
  readonly dispute?: Dispute
}

/** A checkpoint or leaf with the `used_total` that it states. */
export interface StatedLeaf extends Leaf {
  readonly usedTotalNano: bigint
}

/**
 * Gives one request credit up to `allocatedNano` (cumulative); signs a voucher when the channel's
 * total must rise. The first allocation of a request opens it here.
 * @throws SettlementError INSUFFICIENT_DEPOSIT, CHANNEL_NOT_OPEN, CHANNEL_FROZEN, CHANNEL_EXPIRED
 * @throws ProtocolError REQUEST_ID_INVALID, REQUESTS_TOO_MANY, REQUEST_ENDED, ALLOCATION_LOWERED
 */
export function clientAllocate(
  context: ClientContext,
  state: ChannelState,
  ask: { readonly requestId: string; readonly allocatedNano: bigint },
  nowS: number,
): Signing {
  requireOpen(state, nowS)
  const known = state.requests.find((one) => one.requestId === ask.requestId)
  if (known === undefined) requireRoom(state, ask.requestId)
  else requireRunning(state, ask.requestId)
  requireRaise(known, ask.allocatedNano)
  const next = withAllocation(state, ask.requestId, ask.allocatedNano)
  const needed = neededNano(next)
  if (needed <= state.best.amountNano) return { state: next }
  if (needed > state.depositedNano) throw insufficient(needed, state.depositedNano)
  return signVoucher(context, next, needed)
}

function withAllocation(state: ChannelState, requestId: string, allocatedNano: bigint) {
  const known = state.requests.find((one) => one.requestId === requestId)
  if (known !== undefined) return replaceRequest(state, { ...known, allocatedNano })
  const opened = {
    requestId,
    leafIndex: undefined,
    allocatedNano,
    usedNano: 0n,
    leafData: undefined,
    ended: false,
  }
  return { ...state, requests: [...state.requests, opened] }
}

function insufficient(needed: bigint, deposited: bigint): SettlementError {
  return new SettlementError('INSUFFICIENT_DEPOSIT', 'the deposit does not cover this request', {
    remedy: 'Top up the channel, then try again.',
    data: { neededNano: needed, depositedNano: deposited },
  })
}

function signVoucher(context: ClientContext, state: ChannelState, amountNano: bigint): Signing {
  const { crypto, sessionKey } = context
  const leafCount = state.tree.count
  const receiptsRoot = currentRoot(state)
  const fields = { channel: state.address, amountNano, leafCount, receiptsRoot }
  const voucher = signVoucherCell(crypto, sessionKey, fields)
  const best = { amountNano, leafCount, receiptsRoot, signed: voucher }
  return { state: { ...state, best }, voucher }
}

/**
 * A voucher of equal amount that carries the newest root, when it is newer: it settles the last leaf.
 * @throws SettlementError CHANNEL_NOT_OPEN, CHANNEL_FROZEN, CHANNEL_EXPIRED
 */
export function clientFinalVoucher(
  context: ClientContext,
  state: ChannelState,
  nowS: number,
): Signing {
  requireOpen(state, nowS)
  if (state.tree.count === state.best.leafCount) return { state }
  return signVoucher(context, state, state.best.amountNano)
}

/**
 * Takes in a checkpoint whose signature and counts the caller has checked.
 * @throws ProtocolError REQUEST_UNKNOWN, REQUEST_ENDED
 */
export function clientCheckpoint(state: ChannelState, checkpoint: StatedLeaf): Counted {
  requireRunning(state, checkpoint.requestId)
  const dispute = disputeOf(state, checkpoint)
  if (dispute !== undefined) return { state: freeze(state, dispute), dispute }
  return { state: withSigned(state, checkpoint, false) }
}

/**
 * Takes in a final leaf; it joins the tree when every leaf before it has.
 * @throws ProtocolError REQUEST_UNKNOWN, REQUEST_ENDED
 */
export function clientLeaf(crypto: CryptoPort, state: ChannelState, leaf: StatedLeaf): Counted {
  requireRunning(state, leaf.requestId)
  const dispute = disputeOf(state, leaf)
  if (dispute !== undefined) return { state: freeze(state, dispute), dispute }
  return { state: appendReady(crypto, withSigned(state, leaf, true)).state }
}

function withSigned(state: ChannelState, leaf: Leaf, ended: boolean): ChannelState {
  const request = requireRequest(state, leaf.requestId)
  const { leafIndex, usedNano, leafData } = leaf
  const allocatedNano = ended ? usedNano : request.allocatedNano
  return replaceRequest(state, { ...request, leafIndex, usedNano, leafData, allocatedNano, ended })
}

function disputeOf(state: ChannelState, leaf: StatedLeaf): Dispute | undefined {
  const request = requireRequest(state, leaf.requestId)
  if (leaf.usedNano > request.allocatedNano) return 'used-above-allocation'
  if (leaf.usedNano < request.usedNano) return 'used-lowered'
  const taken = state.requests.some(
    (one) => one.requestId !== leaf.requestId && one.leafIndex === leaf.leafIndex,
  )
  const moved = request.leafIndex !== undefined && request.leafIndex !== leaf.leafIndex
  if (taken || moved || leaf.leafIndex < state.tree.count) return 'leaf-index'
  return usedTotalIsPossible(state, request, leaf) ? undefined : 'used-total'
}

/**
 * Leaves of other requests may still be on their way, so the exact total is compared when the sides
 * meet and when the channel closes; here it must not exceed what was allocated.
 */
function usedTotalIsPossible(state: ChannelState, request: OpenRequest, leaf: StatedLeaf): boolean {
  const mostNano = neededNano(state) - request.allocatedNano + leaf.usedNano
  return leaf.usedTotalNano >= leaf.usedNano && leaf.usedTotalNano <= mostNano
}

/**
 * Forgets a request that the provider refused before it assigned a leaf; its allocation is free again.
 * @throws ProtocolError REQUEST_UNKNOWN, REQUEST_ENDED when it has a checkpoint
 */
export function clientForget(state: ChannelState, requestId: string): ChannelState {
  if (requireRequest(state, requestId).leafIndex !== undefined) {
    throw new ProtocolError('REQUEST_ENDED', 'a request with a checkpoint ends with a leaf')
  }
  return { ...state, requests: state.requests.filter((one) => one.requestId !== requestId) }
}

/**
 * Checks a CloseAuth before it goes on the chain: it must not charge more than was used, and must
 * record the tree as this side knows it.
 * @throws SettlementError CLOSE_AUTH_REFUSED besides those of openCloseAuth
 */
export function clientCheckCloseAuth(
  crypto: CryptoPort,
  state: ChannelState,
  signed: SignedBytes,
  nowS: number,
): CloseAuthorisation {
  const auth = openCloseAuth(crypto, signed, state.terms.providerKey, state.address)
  const used = usedTotalNano(state)
  const owed = used > state.claimedNano ? used : state.claimedNano
  const recorded =
    auth.leafCount === state.tree.count && equal(auth.receiptsRoot, currentRoot(state))
  if (auth.amountNano <= owed && recorded && auth.validUntil > nowS) return auth
  throw new SettlementError('CLOSE_AUTH_REFUSED', 'the close authorisation does not match ours', {
    remedy: 'Start a unilateral close instead: it ends at the last voucher.',
    data: { amountNano: auth.amountNano, owedNano: owed },
  })
}
