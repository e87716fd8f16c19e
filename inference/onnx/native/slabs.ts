/** The memory of all caches: [slots, heads, capacity, head size] for the keys and for the values of every layer. */
import type { GraphSignature } from '../graph-signature.ts'
import type { CacheElements } from './session.ts'

interface Slab {
  readonly elements: CacheElements
  readonly heads: number
  readonly headSize: number
}

export class Slabs {
  readonly #slabs: readonly Slab[]
  readonly #capacity: number

  /** @param capacity positions of each slot */
  constructor(cache: GraphSignature['cache'], slots: number, capacity: number) {
    this.#capacity = capacity
    this.#slabs = cache.map(({ heads, headSize, type }) => {
      const length = slots * heads * capacity * headSize
      const elements = type === 'float16' ? new Uint16Array(length) : new Float32Array(length)
      return { elements, heads, headSize }
    })
  }

  /** For each cache tensor `count` slots from `first` on, and their shape. */
  window(first: number, count: number): { shape: number[]; elements: CacheElements }[] {
    return this.#slabs.map(({ elements, heads, headSize }) => {
      const slot = heads * this.#capacity * headSize
      return {
        shape: [count, heads, this.#capacity, headSize],
        elements: elements.subarray(first * slot, (first + count) * slot),
      }
    })
  }

  /** Lets two slots change places, as far as either holds something. */
  swap(one: number, other: number, tokens: number): void {
    for (const { elements, heads, headSize } of this.#slabs) {
      const length = tokens * headSize
      for (let head = 0; head < heads; head++) {
        const [a, b] = [one, other].map((slot) => (slot * heads + head) * this.#capacity * headSize)
        if (a === undefined || b === undefined) continue
        const kept = elements.slice(a, a + length)
        elements.copyWithin(a, b, b + length)
        elements.set(kept, b)
      }
    }
  }
}
