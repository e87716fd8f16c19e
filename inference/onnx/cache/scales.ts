/**
 * How far keys and values reach, and the scales that follow. Scales are powers of two: dividing by them and
 * multiplying again is exact, and machines whose last bits differ find the same ones unless a reach lies within
 * those bits of a border.
 */
import type { CacheTensor } from '../graph/signature.ts'
import type { ChannelScales } from '../surgery/quantised-cache.ts'
import { kvCacheUnsupported } from './kv-cache.ts'

/** The largest of a byte with its sign. */
const LEVEL_MAX = 127
/** Room above what was seen, before rounding up. */
export const CACHE_REACH_MARGIN = 1.125
/** A channel that was never seen to move gets the largest channel's scale over this. */
const QUIET_CHANNEL_RATIO = 256
/** Beyond it, or below its inverse, a float32 product with another such number would overflow. */
const REACH_MAX = 2 ** 60

/** The most that each channel of one cache tensor was away from zero, [heads, head size]. */
export class ChannelReach {
  readonly #heads: number
  readonly #partners: readonly number[]
  readonly #reach: Float64Array

  /**
   * `partners`: for each channel the one that it is turned into, or itself. Of two that turn into each other the
   * length of both counts, which stays the same at every position.
   */
  constructor({ heads }: Pick<CacheTensor, 'heads'>, partners: readonly number[]) {
    this.#heads = heads
    this.#partners = partners
    this.#reach = new Float64Array(heads * partners.length)
  }

  /**
   * @param cached [heads, positions, head size]
   * @throws ConfigError KV_CACHE_UNSUPPORTED for what is not finite, or too far away
   */
  add(cached: Float32Array): void {
    const headSize = this.#partners.length
    const positions = cached.length / (this.#heads * headSize)
    if (!Number.isInteger(positions)) throw new RangeError('rows of another size')
    for (let row = 0; row < this.#heads * positions; row++) {
      const head = Math.floor(row / positions)
      for (let channel = 0; channel < headSize; channel++) {
        const partner = this.#partners[channel] ?? channel
        const own = Math.abs(cached[row * headSize + channel] ?? Number.NaN)
        const other = Math.abs(cached[row * headSize + partner] ?? Number.NaN)
        // Only operations that round alike everywhere, which Math.hypot is not.
        const reach = partner === channel ? own : Math.sqrt(own * own + other * other)
        if (!(reach < REACH_MAX)) throw kvCacheUnsupported('keys or values are not finite')
        const at = head * headSize + channel
        if (reach > (this.#reach[at] ?? 0)) this.#reach[at] = reach
      }
    }
  }

  /** One for each channel; 1 for a tensor that was zero everywhere. */
  scales(): ChannelScales {
    const largest = this.#reach.reduce((most, reach) => Math.max(most, reach), 0)
    if (largest === 0) return Array.from(this.#reach, () => 1)
    const least = Math.max(largest, 1 / REACH_MAX) / QUIET_CHANNEL_RATIO
    return Array.from(this.#reach, (reach) => scaleOf(Math.max(reach, least)))
  }
}

/** The smallest power of two that brings the reach and its margin within a byte. */
function scaleOf(reach: number): number {
  const wanted = (reach * CACHE_REACH_MARGIN) / LEVEL_MAX
  // Math.log2 may differ in its last bit from machine to machine: only where to begin is asked of it.
  let scale = 2 ** Math.round(Math.log2(wanted))
  while (scale < wanted) scale *= 2
  while (scale / 2 >= wanted) scale /= 2
  return scale
}
