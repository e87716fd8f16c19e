/** Caches in memory of this process, for sessions that compute on its processor. */
import type { CacheLayout, CacheMemory } from './cache-memory.ts'
import type { CacheElements, NativeSession } from './session.ts'
import type { NativeValue } from './value.ts'

interface Slab {
  readonly elements: CacheElements
  readonly heads: number
  readonly headSize: number
}

const ELEMENTS = { float32: Float32Array, float16: Uint16Array, int8: Int8Array } as const

export class HostSlabs implements CacheMemory {
  readonly #session: NativeSession
  readonly #slabs: readonly Slab[]
  readonly #capacity: number

  constructor(session: NativeSession, { cache, slots, capacity }: CacheLayout) {
    this.#session = session
    this.#capacity = capacity
    this.#slabs = cache.map(({ heads, headSize, type }) => {
      const length = slots * heads * capacity * headSize
      return { elements: new ELEMENTS[type](length), heads, headSize }
    })
  }

  window(first: number, count: number): NativeValue[] {
    return this.#slabs.map(({ elements, heads, headSize }) => {
      const slot = heads * this.#capacity * headSize
      const shape = [count, heads, this.#capacity, headSize]
      return this.#session.tensor(shape, elements.subarray(first * slot, (first + count) * slot))
    })
  }

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
