/**
 * What one side of a channel must never lose. Every transition in this folder is a pure function from
 * a state to the next one; the caller writes it to disk before anything that follows from it leaves.
 *
 *   needed = settled + sum of allocations      credit = best voucher's amount - needed
 *   used total = settled + sum of the latest signed `used` of every request not yet in the tree
 */
import type { Address } from '@ton/core'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { appendLeaf, emptyTree, leafHash, type Tree, treeRoot } from '#protocol/merkle.ts'
import { channelAddress } from '../cells/terms.ts'
import { RECENT_ROOTS_MAX } from '../constants.ts'
import type { ChannelOnChain, ChannelTerms, SignedBytes } from '../types.ts'

export type ChannelStatus = 'opening' | 'open' | 'frozen' | 'closing' | 'closed'
export type ChannelRole = 'client' | 'provider'

/** Why a side signs nothing more. */
export type Dispute =
  | 'used-above-allocation'
  | 'used-lowered'
  | 'used-total'
  | 'leaf-index'
  | 'leaf-changed'
  | 'root'
  | 'checkpoint'
  | 'other-side-lost-leaves'

/** The highest voucher; all zeros before the first. */
export interface BestVoucher {
  readonly amountNano: bigint
  readonly leafCount: number
  readonly receiptsRoot: Uint8Array
  readonly signed: SignedBytes | undefined
}

/** A request whose leaf is not in the tree yet. */
export interface OpenRequest {
  /** 16 bytes, hexadecimal. */
  readonly requestId: string
  /** Assigned by the provider; a client learns it from the first checkpoint. */
  readonly leafIndex: number | undefined
  /** Cumulative; what the provider may use up. */
  readonly allocatedNano: bigint
  /** In the latest signed checkpoint or leaf. */
  readonly usedNano: bigint
  /** That checkpoint or leaf. */
  readonly leafData: Uint8Array | undefined
  /** Final: the leaf waits for those before it. */
  readonly ended: boolean
}

/** A leaf of the tree, or the checkpoint that becomes one. */
export interface Leaf {
  readonly requestId: string
  readonly leafIndex: number
  readonly usedNano: bigint
  /** Opaque here: the exact bytes that the tree hashes. */
  readonly leafData: Uint8Array
}

export interface KnownRoot {
  readonly count: number
  readonly root: Uint8Array
}

export interface ChannelState {
  readonly role: ChannelRole
  readonly terms: ChannelTerms
  readonly address: Address
  readonly status: ChannelStatus
  readonly dispute: Dispute | undefined
  /** As last seen on the chain. */
  readonly depositedNano: bigint
  readonly claimedNano: bigint
  readonly best: BestVoucher
  readonly tree: Tree
  /** Oldest first; the last one is the tree's. */
  readonly recentRoots: readonly KnownRoot[]
  /** Used by requests whose leaf is in the tree. */
  readonly settledNano: bigint
  readonly requests: readonly OpenRequest[]
}

export function newChannel(role: ChannelRole, terms: ChannelTerms): ChannelState {
  const root = new Uint8Array(32)
  return {
    role,
    terms,
    address: channelAddress(terms),
    status: 'opening',
    dispute: undefined,
    depositedNano: 0n,
    claimedNano: 0n,
    best: { amountNano: 0n, leafCount: 0, receiptsRoot: root, signed: undefined },
    tree: emptyTree(),
    recentRoots: [{ count: 0, root }],
    settledNano: 0n,
    requests: [],
  }
}

export function neededNano(state: ChannelState): bigint {
  return state.requests.reduce((sum, one) => sum + one.allocatedNano, state.settledNano)
}

/** Prepaid and free for any request. */
export function creditNano(state: ChannelState): bigint {
  return state.best.amountNano - neededNano(state)
}

export function usedTotalNano(state: ChannelState): bigint {
  return state.requests.reduce((sum, one) => sum + one.usedNano, state.settledNano)
}

/** `used_total` as a checkpoint of this request with this `used` must state it. */
export function usedTotalWith(state: ChannelState, requestId: string, usedNano: bigint): bigint {
  const known = state.requests.find((one) => one.requestId === requestId)
  return usedTotalNano(state) - (known?.usedNano ?? 0n) + usedNano
}

export function currentRoot(state: ChannelState): Uint8Array {
  return state.recentRoots[state.recentRoots.length - 1]!.root
}

/** Signs nothing more; what is prepaid may finish, then the channel closes at its last voucher. */
export function freeze(state: ChannelState, dispute: Dispute): ChannelState {
  const status = state.status === 'closed' || state.status === 'closing' ? state.status : 'frozen'
  return { ...state, status, dispute: state.dispute ?? dispute }
}

/** The client has asked to close: no further vouchers on either side. */
export function beginClosing(state: ChannelState): ChannelState {
  return state.status === 'closed' ? state : { ...state, status: 'closing' }
}

/** Takes in what the chain says. Undefined (not deployed, or destroyed) changes nothing. */
export function observeChain(state: ChannelState, seen: ChannelOnChain | undefined): ChannelState {
  if (seen === undefined) return state
  const { depositedNano, claimedNano } = seen
  return { ...state, depositedNano, claimedNano, status: statusAfter(state.status, seen) }
}

function statusAfter(status: ChannelStatus, seen: ChannelOnChain): ChannelStatus {
  if (seen.closed || status === 'closed') return 'closed'
  if (seen.closeAt !== 0) return 'closing'
  return status === 'opening' && seen.depositedNano > 0n ? 'open' : status
}

export function replaceRequest(state: ChannelState, request: OpenRequest): ChannelState {
  const requests = state.requests.map((one) =>
    one.requestId === request.requestId ? request : one,
  )
  return { ...state, requests }
}

/** Appends a leaf whose turn it is and remembers the new root. */
export function appendToTree(crypto: CryptoPort, state: ChannelState, leaf: Leaf): ChannelState {
  const tree = appendLeaf(crypto, state.tree, leafHash(crypto, leaf.leafData))
  const root = { count: tree.count, root: treeRoot(crypto, tree) }
  return {
    ...state,
    tree,
    recentRoots: [...state.recentRoots, root].slice(-RECENT_ROOTS_MAX),
    settledNano: state.settledNano + leaf.usedNano,
    requests: state.requests.filter((one) => one.requestId !== leaf.requestId),
  }
}

/** Appends every ended request whose turn has come, in index order. */
export function appendReady(
  crypto: CryptoPort,
  state: ChannelState,
): { state: ChannelState; appended: Leaf[] } {
  const appended: Leaf[] = []
  let next = state
  for (;;) {
    const ready = next.requests.find((one) => one.ended && one.leafIndex === next.tree.count)
    if (ready?.leafData === undefined) return { state: next, appended }
    const { requestId, usedNano, leafData } = ready
    const leaf = { requestId, leafIndex: next.tree.count, usedNano, leafData }
    next = appendToTree(crypto, next, leaf)
    appended.push(leaf)
  }
}
