/** What a backend must be able to do for the scheduler. */

/**
 * A decoder-only model. `Cache` holds what it has read of one sequence and is changed in place. Calls are
 * made one after the other; logits are valid until the next one.
 */
export interface TokenModel<Cache> {
  readonly vocabularySize: number
  readonly contextTokens: number
  /** An empty cache. At most as many are open as the model was made for. */
  openCache(): Cache
  closeCache(cache: Cache): void
  /**
   * Reads ids that follow the cache's; logits are those after the last of them. A backend that can
   * ends the call when the signal aborts, and the cache is then of no more use.
   */
  read(cache: Cache, ids: readonly number[], signal?: AbortSignal): Promise<Float32Array>
  /** One more id for each of several caches; logits in the order of the rows. */
  decode(rows: readonly DecodingRow<Cache>[]): Promise<readonly Float32Array[]>
}

/** What opening one cache too many is refused with: a mistake of ours, never of a request. */
export const DECODING_CACHES_EXHAUSTED = 'more sequences than slots'

export interface DecodingRow<Cache> {
  readonly cache: Cache
  readonly id: number
}
