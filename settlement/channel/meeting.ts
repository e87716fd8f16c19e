/**
 * Meeting again: after a crash, a lost connection or a restored backup both sides show what they
 * hold and agree. Requests that were running end: their leaf is the client's last checkpoint.
 */
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { treeRoot } from '#protocol/merkle.ts'
import { openVoucher } from '../cells/voucher.ts'
import { LEAF_DATA_BYTES_MAX, MISSING_LEAVES_MAX, OPEN_REQUESTS_MAX } from '../constants.ts'
import type { SignedBytes } from '../types.ts'
import type { Counted } from './client.ts'
import { isNewer, providerAcceptVoucher } from './provider.ts'
import {
  appendReady,
  appendToTree,
  type ChannelState,
  currentRoot,
  type Dispute,
  freeze,
  type Leaf,
  type OpenRequest,
  replaceRequest,
  usedTotalNano,
} from './state.ts'

/** What a client shows first. */
export interface ClientView {
  readonly best: SignedBytes | undefined
  readonly leafCount: number
  readonly peaks: readonly Uint8Array[]
  /** The last checkpoint of every request that never ended here. */
  readonly openCheckpoints: readonly Leaf[]
}

/** What a provider answers. */
export interface ProviderView {
  readonly best: SignedBytes | undefined
  readonly leafCount: number
  readonly peaks: readonly Uint8Array[]
  /** The leaves from the client's leaf count on, in order. */
  readonly missingLeaves: readonly Leaf[]
  readonly usedTotalNano: bigint
}

export interface ProviderMeeting extends Counted {
  /** Leaves that joined the tree now, besides those stored before. */
  readonly appended: readonly Leaf[]
  /** Signed `used` that the client did not acknowledge: served unpaid, a matter for its reputation. */
  readonly unacknowledgedNano: bigint
}

/**
 * The leaf of a request that ended before any checkpoint reached the client: the receipt with zero
 * counts, which the provider signed when it took the ask.
 */
export type UnseenLeaf = (requestId: string, leafIndex: number) => Leaf

export function clientView(state: ChannelState): ClientView {
  return {
    best: state.best.signed,
    leafCount: state.tree.count,
    peaks: state.tree.peaks,
    openCheckpoints: state.requests.flatMap((one) => (one.ended ? [] : checkpointOf(one))),
  }
}

function checkpointOf({ requestId, leafIndex, usedNano, leafData }: OpenRequest): Leaf[] {
  if (leafIndex === undefined || leafData === undefined) return []
  return [{ requestId, leafIndex, usedNano, leafData }]
}

/** `missingLeaves`: the stored leaves from the client's count up to this tree's. */
export function providerView(state: ChannelState, missingLeaves: readonly Leaf[]): ProviderView {
  return {
    best: state.best.signed,
    leafCount: state.tree.count,
    peaks: state.tree.peaks,
    missingLeaves,
    usedTotalNano: usedTotalNano(state),
  }
}

/**
 * The provider's half. The caller has verified the signatures of the checkpoints.
 * @throws ProtocolError VIEW_MALFORMED, TREE_MALFORMED
 * @throws SettlementError as providerAcceptVoucher, when a higher voucher cannot be taken
 */
export function providerMeet(
  crypto: CryptoPort,
  state: ChannelState,
  view: ClientView,
  unseenLeaf: UnseenLeaf,
  nowS: number,
): ProviderMeeting {
  checkLeaves(view.openCheckpoints, OPEN_REQUESTS_MAX)
  const shown = treeRoot(crypto, { count: view.leafCount, peaks: view.peaks })
  if (view.leafCount > state.tree.count) return disputed(state, 'other-side-lost-leaves')
  const known = state.recentRoots.find((one) => one.count === view.leafCount)
  if (known !== undefined && !equal(known.root, shown)) return disputed(state, 'root')
  const accepted = takeBest(crypto, state, view.best, nowS)
  const ended = endRunning(accepted, view.openCheckpoints, unseenLeaf)
  if (ended === undefined) return disputed(accepted, 'checkpoint')
  const unacknowledgedNano = usedTotalNano(accepted) - usedTotalNano(ended)
  return { ...appendReady(crypto, ended), unacknowledgedNano }
}

function disputed(state: ChannelState, dispute: Dispute): ProviderMeeting {
  return { state: freeze(state, dispute), dispute, appended: [], unacknowledgedNano: 0n }
}

function takeBest(
  crypto: CryptoPort,
  state: ChannelState,
  best: SignedBytes | undefined,
  nowS: number,
): ChannelState {
  if (best === undefined || state.status !== 'open' || nowS >= state.terms.expiresAt) return state
  const voucher = openVoucher(crypto, best, state.terms.clientKey, state.address)
  return isNewer(voucher, state) ? providerAcceptVoucher(crypto, state, best, nowS) : state
}

/** Every running request ends with the client's checkpoint, or unused. Undefined: a false one. */
function endRunning(
  state: ChannelState,
  checkpoints: readonly Leaf[],
  unseenLeaf: UnseenLeaf,
): ChannelState | undefined {
  let next = state
  for (const request of state.requests) {
    if (request.ended || request.leafIndex === undefined) continue
    const shown = checkpoints.find((one) => one.requestId === request.requestId)
    const leaf = shown ?? unseenLeaf(request.requestId, request.leafIndex)
    if (leaf.leafIndex !== request.leafIndex || leaf.usedNano > request.usedNano) return undefined
    next = endWith(next, request, leaf)
  }
  return next
}

function endWith(state: ChannelState, request: OpenRequest, leaf: Leaf): ChannelState {
  const { leafIndex, usedNano, leafData } = leaf
  const ended = { ...request, leafIndex, usedNano, leafData, allocatedNano: usedNano, ended: true }
  return replaceRequest(state, ended)
}

/**
 * The client's half: adopts a higher voucher that verifies under its own key (it was restored from a
 * backup), takes the missing leaves and compares. The caller has verified the receipts in them.
 * @throws ProtocolError VIEW_MALFORMED, TREE_MALFORMED
 * @throws SettlementError as openVoucher
 */
export function clientMeet(crypto: CryptoPort, state: ChannelState, view: ProviderView): Counted {
  checkLeaves(view.missingLeaves, MISSING_LEAVES_MAX)
  const theirRoot = treeRoot(crypto, { count: view.leafCount, peaks: view.peaks })
  let next = adoptBest(crypto, state, view.best)
  for (const leaf of view.missingLeaves) {
    const dispute = disputeOver(next, leaf)
    if (dispute !== undefined) return { state: freeze(next, dispute), dispute }
    next = appendToTree(crypto, next, leaf)
  }
  const dispute = disputeAfter(next, view, theirRoot)
  if (dispute !== undefined) return { state: freeze(next, dispute), dispute }
  // What is left was never taken up by the provider: its allocations are free again.
  return { state: { ...next, requests: [] } }
}

function adoptBest(crypto: CryptoPort, state: ChannelState, theirs: SignedBytes | undefined) {
  if (theirs === undefined) return state
  const voucher = openVoucher(crypto, theirs, state.terms.clientKey, state.address)
  const higher = isNewer(voucher, state) || voucher.amountNano > state.best.amountNano
  if (!higher) return state
  const { amountNano, leafCount, receiptsRoot } = voucher
  return { ...state, best: { amountNano, leafCount, receiptsRoot, signed: theirs } }
}

function disputeOver(state: ChannelState, leaf: Leaf): Dispute | undefined {
  if (leaf.leafIndex !== state.tree.count) return 'leaf-index'
  const own = state.requests.find((one) => one.requestId === leaf.requestId)
  if (own === undefined) return indexTaken(state, leaf) ? 'leaf-index' : undefined
  if (own.leafIndex !== undefined && own.leafIndex !== leaf.leafIndex) return 'leaf-index'
  if (leaf.usedNano < own.usedNano) return 'used-lowered'
  const changed = own.ended && (own.leafData === undefined || !equal(own.leafData, leaf.leafData))
  return changed ? 'leaf-changed' : undefined
}

function indexTaken(state: ChannelState, leaf: Leaf): boolean {
  return state.requests.some((one) => one.leafIndex === leaf.leafIndex)
}

function disputeAfter(
  state: ChannelState,
  view: ProviderView,
  theirRoot: Uint8Array,
): Dispute | undefined {
  if (state.tree.count !== view.leafCount) return 'other-side-lost-leaves'
  if (!equal(currentRoot(state), theirRoot)) return 'root'
  if (state.best.leafCount > state.tree.count) return 'other-side-lost-leaves'
  const known = state.recentRoots.find((one) => one.count === state.best.leafCount)
  if (known !== undefined && !equal(known.root, state.best.receiptsRoot)) return 'root'
  if (state.requests.some((one) => one.leafIndex !== undefined)) return 'checkpoint'
  // A restored backup may not know its last allocations, but never can more be used than was signed.
  if (state.settledNano > state.best.amountNano) return 'used-above-allocation'
  return state.settledNano === view.usedTotalNano ? undefined : 'used-total'
}

function checkLeaves(leaves: readonly Leaf[], countMax: number): void {
  const sizes = leaves.every((leaf) => leaf.leafData.length <= LEAF_DATA_BYTES_MAX)
  const ids = new Set(leaves.map((leaf) => leaf.requestId))
  if (leaves.length <= countMax && sizes && ids.size === leaves.length) return
  throw new ProtocolError('VIEW_MALFORMED', 'the other side showed too much, or a request twice')
}
