/**
 * A provider's anchor: one Merkle root an epoch over the receipts of all its channels. Contract:
 * contracts/epoch-anchor.tolk; the tree is the one of receipts (docs/spec/receipts.md).
 */
import { type Address, beginCell, type Cell, type Slice } from '@ton/core'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  appendLeaf,
  emptyTree,
  leafHash,
  leafProver,
  type MerkleProof,
  treeRoot,
  verifyProof,
} from '#protocol/merkle.ts'
import { bytes32, readAddress, readBytes32 } from '../cells/strict.ts'
import {
  addressOf,
  type ContractInit,
  call,
  operation,
  readAccount,
  type StoredContract,
} from '../contracts/account.ts'
import { EPOCH_ANCHOR_CODE } from '../contracts/code.ts'
import type { WalletMessage } from '../types.ts'

export interface AnchorTerms {
  readonly globalId: number
  readonly owner: Address
  readonly salt: bigint
}

/** What one epoch anchors. */
export interface EpochRoot {
  /** Rises by one or more. */
  readonly epoch: number
  readonly leafCount: bigint
  /** 32 bytes. */
  readonly root: Uint8Array
}

export interface AnchorOnChain extends EpochRoot {
  readonly terms: AnchorTerms
  /** Hash over all epochs in order, 32 bytes; zeros before the first. */
  readonly history: Uint8Array
  /** Unix seconds. */
  readonly anchoredAt: number
}

const ANCHOR_OPERATION = 0x414e4348

function anchorInit(terms: AnchorTerms): ContractInit {
  const data = beginCell()
    .storeUint(0, 32)
    .storeUint(0, 64)
    .storeUint(0n, 256)
    .storeUint(0n, 256)
    .storeUint(0, 32)
    .storeRef(writeTerms(terms))
    .endCell()
  return { code: EPOCH_ANCHOR_CODE, data }
}

function writeTerms(terms: AnchorTerms): Cell {
  return beginCell()
    .storeInt(terms.globalId, 32)
    .storeAddress(terms.owner)
    .storeUint(terms.salt, 64)
    .endCell()
}

function readTerms(slice: Slice): AnchorTerms {
  const globalId = slice.loadInt(32)
  const owner = readAddress(slice)
  const salt = slice.loadUintBig(64)
  slice.endParse()
  return { globalId, owner, salt }
}

export function anchorAddress(terms: AnchorTerms): Address {
  return addressOf(anchorInit(terms))
}

/** By the owner; the first one deploys. */
export function anchorMessage(terms: AnchorTerms, epoch: EpochRoot, deploy = true): WalletMessage {
  const body = operation(ANCHOR_OPERATION)
    .storeUint(epoch.epoch, 32)
    .storeUint(epoch.leafCount, 64)
    .storeBuffer(bytes32(epoch.root))
  return call(anchorInit(terms), body, deploy)
}

/** Undefined unless code and terms give exactly this address. */
export function readAnchor(address: Address, account: StoredContract): AnchorOnChain | undefined {
  const kind = { code: EPOCH_ANCHOR_CODE, read: readData, address: anchorAddress }
  return readAccount(kind, address, account)
}

function readData(data: Cell): AnchorOnChain {
  const slice = data.beginParse()
  const epoch = slice.loadUint(32)
  const leafCount = slice.loadUintBig(64)
  const root = readBytes32(slice)
  const history = readBytes32(slice)
  const anchoredAt = slice.loadUint(32)
  const terms = readTerms(slice.loadRef().beginParse())
  slice.endParse()
  return { terms, epoch, leafCount, root, history, anchoredAt }
}

/** `history` after one more epoch: what the contract computes, so that a log of epochs can be checked. */
export function nextHistory(
  previous: Uint8Array,
  epoch: EpochRoot & { readonly anchoredAt: number },
): Uint8Array {
  const link = beginCell()
    .storeBuffer(bytes32(previous))
    .storeUint(epoch.epoch, 32)
    .storeUint(epoch.leafCount, 64)
    .storeBuffer(bytes32(epoch.root))
    .storeUint(epoch.anchoredAt, 32)
    .endCell()
  return new Uint8Array(link.hash())
}

/** The root over an epoch's receipts in the order given, and a proof for each. */
export function epochTree(crypto: CryptoPort, receipts: readonly Uint8Array[]) {
  const leaves = receipts.map((receipt) => leafHash(crypto, receipt))
  const tree = leaves.reduce((grown, leaf) => appendLeaf(crypto, grown, leaf), emptyTree())
  const prove = leafProver(crypto, leaves)
  return {
    root: treeRoot(crypto, tree),
    leafCount: BigInt(leaves.length),
    prove: (index: number): MerkleProof => prove(index),
  }
}

/** Whether an epoch's root covers this receipt. */
export function isAnchored(
  crypto: CryptoPort,
  epoch: EpochRoot,
  receipt: Uint8Array,
  proof: MerkleProof,
): boolean {
  if (BigInt(proof.count) !== epoch.leafCount) return false
  return verifyProof(crypto, epoch.root, receipt, proof)
}
