import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, toHex, u32be, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import {
  appendLeaf,
  emptyTree,
  leafHash,
  type MerkleProof,
  proveLeaf,
  type Tree,
  treeRoot,
  verifyProof,
} from '#protocol/merkle.ts'
import { errorCode } from '#test/support/error-code.ts'

const crypto = nodeCrypto
const sha256 = (...parts: Uint8Array[]): Uint8Array => crypto.sha256(concat(...parts))

function leaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => utf8(`leaf ${at}`))
}

function grow(data: readonly Uint8Array[]): Tree {
  return data.reduce((tree, leaf) => appendLeaf(crypto, tree, leafHash(crypto, leaf)), emptyTree())
}

/** The definition, written once more and naively: perfect trees over the set bits of the count. */
function naiveRoot(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return new Uint8Array(32)
  const perfect = (part: readonly Uint8Array[]): Uint8Array =>
    part.length === 1
      ? sha256(Uint8Array.of(0), part[0]!)
      : sha256(
          Uint8Array.of(1),
          perfect(part.slice(0, part.length / 2)),
          perfect(part.slice(part.length / 2)),
        )
  const peaks: Uint8Array[] = []
  for (let rest = data; rest.length > 0; ) {
    const size = 2 ** Math.floor(Math.log2(rest.length))
    peaks.push(perfect(rest.slice(0, size)))
    rest = rest.slice(size)
  }
  return sha256(Uint8Array.of(2), u32be(data.length), ...peaks)
}

function prove(data: readonly Uint8Array[], index: number): MerkleProof {
  return proveLeaf(
    crypto,
    data.map((leaf) => leafHash(crypto, leaf)),
    index,
  )
}

describe('receipt tree', () => {
  it('has the root that its definition gives, for every count up to 70', () => {
    for (let count = 0; count <= 70; count++) {
      expect(toHex(treeRoot(crypto, grow(leaves(count))))).toBe(toHex(naiveRoot(leaves(count))))
    }
  })

  it('proves every leaf of every small tree', () => {
    for (let count = 1; count <= 33; count++) {
      const data = leaves(count)
      const root = treeRoot(crypto, grow(data))
      for (let index = 0; index < count; index++) {
        expect(verifyProof(crypto, root, data[index]!, prove(data, index))).toBe(true)
      }
    }
  })

  it('refuses a proof for another leaf, index, count or root', () => {
    const tree = fc.integer({ min: 2, max: 100 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        index: fc.nat(count - 1),
        other: fc.nat(2 * count),
      }),
    )
    fc.assert(
      fc.property(tree, ({ count, index, other }) => {
        const data = leaves(count)
        const root = treeRoot(crypto, grow(data))
        const proof = prove(data, index)
        const verify = (leaf: Uint8Array, changed: MerkleProof, at = root): boolean =>
          verifyProof(crypto, at, leaf, changed)
        expect(verify(data[index]!, proof)).toBe(true)
        expect(verify(utf8('not there'), proof)).toBe(false)
        expect(verify(data[index]!, proof, crypto.sha256(root))).toBe(false)
        if (other !== index) expect(verify(data[index]!, { ...proof, index: other })).toBe(false)
        if (other !== count) expect(verify(data[index]!, { ...proof, count: other })).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('refuses hashes that are missing, doubled, moved or of a wrong length', () => {
    const data = leaves(11)
    const root = treeRoot(crypto, grow(data))
    const proof = prove(data, 3)
    const { path, otherPeaks } = proof
    expect([path.length, otherPeaks.length]).toEqual([3, 2])
    const changed: MerkleProof[] = [
      { ...proof, path: path.slice(1) },
      { ...proof, path: [...path, path[0]!] },
      { ...proof, path: path.toReversed() },
      { ...proof, path: [path[0]!.slice(1), path[1]!, path[2]!] },
      { ...proof, otherPeaks: otherPeaks.slice(1) },
      { ...proof, otherPeaks: [...otherPeaks, otherPeaks[0]!] },
      { ...proof, otherPeaks: otherPeaks.toReversed() },
      { ...proof, index: 3.5 },
      { ...proof, index: -1 },
      { ...proof, count: 2 ** 32 },
      { ...proof, count: Number.NaN },
    ]
    expect(verifyProof(crypto, root, data[3]!, proof)).toBe(true)
    for (const bad of changed) expect(verifyProof(crypto, root, data[3]!, bad)).toBe(false)
  })

  it('never takes an inner node for a leaf', () => {
    const data = leaves(2)
    const hashes = data.map((leaf) => leafHash(crypto, leaf))
    const inner = concat(hashes[0]!, hashes[1]!)
    const proof = { index: 0, count: 1, path: [], otherPeaks: [] }
    expect(verifyProof(crypto, treeRoot(crypto, grow(data)), inner, proof)).toBe(false)
  })

  it('works at the top of its range and stops there', () => {
    const hash = new Uint8Array(32).fill(1)
    const peaks = (count: number): Uint8Array[] => Array.from({ length: count }, () => hash)
    const nearlyFull = { count: 2 ** 32 - 2, peaks: peaks(31) }
    const full = appendLeaf(crypto, nearlyFull, hash)
    expect([full.count, full.peaks.length]).toEqual([2 ** 32 - 1, 32])
    expect(errorCode(() => appendLeaf(crypto, full, hash))).toBe('TREE_FULL')
    const merged = appendLeaf(crypto, { count: 2 ** 31 - 1, peaks: peaks(31) }, hash)
    expect([merged.count, merged.peaks.length]).toEqual([2 ** 31, 1])
  })

  it('refuses peaks that do not fit the count', () => {
    const hash = new Uint8Array(32)
    for (const tree of [
      { count: 2, peaks: [] },
      { count: 2, peaks: [hash, hash] },
      { count: 0, peaks: [hash] },
      { count: 1, peaks: [hash.slice(1)] },
      { count: -1, peaks: [] },
    ]) {
      expect(errorCode(() => treeRoot(crypto, tree))).toBe('TREE_MALFORMED')
      expect(errorCode(() => appendLeaf(crypto, tree, hash))).toBe('TREE_MALFORMED')
    }
  })
})
