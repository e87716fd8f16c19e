/**
 * Append-only Merkle mountain range over SHA-256 (docs/spec/encoding.md).
 *
 *   leaf  H(00 data)      node  H(01 left right)      root  H(02 u32be(count) peaks...)
 *
 * A tree of `count` leaves is one perfect binary tree ("peak") per set bit of count, the largest
 * first. The root binds the count, so a proof cannot be moved to a tree of another size.
 */
import { concat, equal, u32be } from './bytes.ts'
import { TREE_LEAVES_MAX } from './constants.ts'
import type { CryptoPort } from './crypto/port.ts'
import { ProtocolError } from './errors.ts'

/** What is needed to append and to sign: at most 32 hashes, whatever the number of leaves. */
export interface Tree {
  readonly count: number
  /** Largest first, one per set bit of count. */
  readonly peaks: readonly Uint8Array[]
}

export interface MerkleProof {
  readonly index: number
  readonly count: number
  /** Siblings from the leaf up to its peak. */
  readonly path: readonly Uint8Array[]
  /**
   * All peaks but the leaf's own, left to right. The own peak, computed from the path, goes back in
   * at its place: the number of larger peaks (the set bits of count above the own one's) before it.
   */
  readonly otherPeaks: readonly Uint8Array[]
}

const EMPTY_ROOT = new Uint8Array(32)
const HASH_BYTES = 32

/** Heights of the peaks, largest first: positions of the set bits. Division, since 2^31 is legal. */
function peakHeights(count: number): number[] {
  const heights: number[] = []
  for (let height = 31; height >= 0; height--) {
    if (Math.floor(count / 2 ** height) % 2 === 1) heights.push(height)
  }
  return heights
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= TREE_LEAVES_MAX
}

function areHashes(list: readonly Uint8Array[], length: number): boolean {
  return list.length === length && list.every((hash) => hash.length === HASH_BYTES)
}

function nodeHash(crypto: CryptoPort, left: Uint8Array, right: Uint8Array): Uint8Array {
  return crypto.sha256(concat(Uint8Array.of(1), left, right))
}

function rootOf(crypto: CryptoPort, count: number, peaks: readonly Uint8Array[]): Uint8Array {
  if (count === 0) return EMPTY_ROOT.slice()
  return crypto.sha256(concat(Uint8Array.of(2), u32be(count), ...peaks))
}

/** @throws ProtocolError TREE_MALFORMED: a count that is no u32, or peaks that do not fit it. */
function checkTree(tree: Tree): void {
  if (isCount(tree.count) && areHashes(tree.peaks, peakHeights(tree.count).length)) return
  throw new ProtocolError('TREE_MALFORMED', 'the peaks of a receipt tree do not fit its count')
}

export function emptyTree(): Tree {
  return { count: 0, peaks: [] }
}

export function leafHash(crypto: CryptoPort, data: Uint8Array): Uint8Array {
  return crypto.sha256(concat(Uint8Array.of(0), data))
}

/**
 * The tree with one more leaf; the given tree is not changed.
 * @throws ProtocolError TREE_MALFORMED, TREE_FULL
 */
export function appendLeaf(crypto: CryptoPort, tree: Tree, leaf: Uint8Array): Tree {
  checkTree(tree)
  if (tree.count >= TREE_LEAVES_MAX) {
    throw new ProtocolError('TREE_FULL', 'this channel holds as many receipts as it ever can', {
      remedy: 'Close the channel and open a new one.',
    })
  }
  if (leaf.length !== HASH_BYTES) throw new RangeError('a leaf hash is 32 bytes')
  const peaks = [...tree.peaks]
  let carry = leaf
  for (let rest = tree.count; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    carry = nodeHash(crypto, peaks.pop() ?? EMPTY_ROOT, carry)
  }
  return { count: tree.count + 1, peaks: [...peaks, carry] }
}

/** @throws ProtocolError TREE_MALFORMED */
export function treeRoot(crypto: CryptoPort, tree: Tree): Uint8Array {
  checkTree(tree)
  return rootOf(crypto, tree.count, tree.peaks)
}

/** Where a leaf lives: its peak's position among the peaks, height and first leaf. */
function locate(index: number, count: number) {
  let firstLeaf = 0
  for (const [position, height] of peakHeights(count).entries()) {
    const size = 2 ** height
    if (index < firstLeaf + size) return { position, height, firstLeaf }
    firstLeaf += size
  }
  return undefined
}

/** Hashes of a perfect tree level by level, from its leaves up to its peak. */
function levelsOf(crypto: CryptoPort, leaves: readonly Uint8Array[]): Uint8Array[][] {
  const levels = [[...leaves]]
  for (let level = [...leaves]; level.length > 1; levels.push(level)) {
    const below = level
    level = []
    for (let at = 0; at < below.length; at += 2) {
      level.push(nodeHash(crypto, below[at] ?? EMPTY_ROOT, below[at + 1] ?? EMPTY_ROOT))
    }
  }
  return levels
}

/**
 * Proves leaves of the tree over all of `leafHashes`, which is hashed once: time and memory grow with their
 * number, a proof costs next to nothing.
 * @returns a function that throws RangeError when the index names no leaf
 */
export function leafProver(
  crypto: CryptoPort,
  leafHashes: readonly Uint8Array[],
): (index: number) => MerkleProof {
  const count = leafHashes.length
  let first = 0
  const mountains = peakHeights(count).map((height) => {
    const levels = levelsOf(crypto, leafHashes.slice(first, first + 2 ** height))
    first += 2 ** height
    return levels
  })
  const peaks = mountains.map((levels) => levels.at(-1)?.[0] ?? EMPTY_ROOT)
  return (index) => {
    const own = Number.isInteger(index) && index >= 0 ? locate(index, count) : undefined
    const levels = own === undefined ? undefined : mountains[own.position]
    if (own === undefined || levels === undefined) throw new RangeError('no such leaf')
    const path = siblings(levels, index - own.firstLeaf, own.height)
    return { index, count, path, otherPeaks: peaks.toSpliced(own.position, 1) }
  }
}

/**
 * Proves one leaf, as `leafProver`.
 * @throws RangeError when the index names no leaf.
 */
export function proveLeaf(
  crypto: CryptoPort,
  leafHashes: readonly Uint8Array[],
  index: number,
): MerkleProof {
  return leafProver(crypto, leafHashes)(index)
}

function siblings(levels: readonly Uint8Array[][], at: number, height: number): Uint8Array[] {
  return levels
    .slice(0, height)
    .map((level, depth) => level[Math.floor(at / 2 ** depth) ^ 1] ?? EMPTY_ROOT)
}

/** Strict: exact numbers of hashes, u32 limits. Returns false on anything malformed; never throws. */
export function verifyProof(
  crypto: CryptoPort,
  root: Uint8Array,
  leafData: Uint8Array,
  proof: MerkleProof,
): boolean {
  const { index, count, path, otherPeaks } = proof
  if (!isCount(count) || !isCount(index)) return false
  const own = locate(index, count)
  if (own === undefined || !areHashes(path, own.height)) return false
  if (!areHashes(otherPeaks, peakHeights(count).length - 1)) return false
  let hash = leafHash(crypto, leafData)
  for (const [depth, sibling] of path.entries()) {
    const isRight = Math.floor((index - own.firstLeaf) / 2 ** depth) % 2 === 1
    hash = isRight ? nodeHash(crypto, sibling, hash) : nodeHash(crypto, hash, sibling)
  }
  const peaks = otherPeaks.toSpliced(own.position, 0, hash)
  return equal(rootOf(crypto, count, peaks), root)
}
