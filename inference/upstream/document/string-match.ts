/** What a string may be, character by character: one of a length, or one that is listed. */
import type { Leaf } from './schema-leaves.ts'

export class StringMatch {
  #leaves: readonly Leaf[]
  /** Any string will do. */
  readonly #isFree: boolean
  /** So far, in Unicode code points. */
  #characters = 0
  /** So far, in code units. */
  #units = 0
  #isHighBefore = false

  /** @param possible What may come; other than strings is left out. */
  constructor(possible: readonly Leaf[]) {
    this.#leaves = possible.filter(
      (leaf) =>
        leaf.kind === 'string' || (leaf.kind === 'listed' && typeof leaf.value === 'string'),
    )
    this.#isFree = this.#leaves.every(
      (leaf) => leaf.kind === 'string' && leaf.minLength === 0 && !Number.isFinite(leaf.maxLength),
    )
  }

  get isPossible(): boolean {
    return this.#leaves.length > 0
  }

  /** @param code A code point, or half of one that was escaped in two. False: it may not come. */
  push(code: number): boolean {
    if (this.#isFree) return this.isPossible
    const at = this.#units
    const text = String.fromCodePoint(code)
    this.#units += text.length
    // A character beyond U+FFFF that is escaped in two halves is one.
    const isLow = code >= 0xdc00 && code <= 0xdfff
    if (!(this.#isHighBefore && isLow)) this.#characters++
    this.#isHighBefore = code >= 0xd800 && code <= 0xdbff
    const mayBe = (leaf: Leaf) =>
      leaf.kind === 'string'
        ? this.#characters <= leaf.maxLength
        : leaf.kind === 'listed' && String(leaf.value).startsWith(text, at)
    if (!this.#leaves.every(mayBe)) this.#leaves = this.#leaves.filter(mayBe)
    return this.isPossible
  }

  /** The string is at its end: what it is. */
  fitting(): Leaf[] {
    return this.#leaves.filter((leaf) =>
      leaf.kind === 'string'
        ? this.#characters >= leaf.minLength
        : leaf.kind === 'listed' && String(leaf.value).length === this.#units,
    )
  }
}
