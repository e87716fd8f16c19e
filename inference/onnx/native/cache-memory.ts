/**
 * Where the keys and values of all sequences lie: for every cache tensor [slots, heads, capacity, head size], in
 * this process or on a device. A model needs to know no more than this of it.
 */
import type { CacheTensor } from '../graph/signature.ts'
import type { NativeValue } from './value.ts'

export interface CacheMemory {
  /**
   * For each cache tensor a tensor over `count` slots from `first` on, of the shape [count, heads, capacity,
   * head size]. To be released by the caller.
   */
  window(first: number, count: number): NativeValue[]
  /**
   * Lets two slots change places. Blocks; no call may be under way.
   * @param tokens as far as either holds something
   */
  swap(one: number, other: number, tokens: number): void
}

export interface CacheLayout {
  readonly cache: readonly CacheTensor[]
  readonly slots: number
  /** Positions of each slot. */
  readonly capacity: number
}
