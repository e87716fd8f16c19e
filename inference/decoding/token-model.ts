/** What a backend must be able to do for the scheduler. */

/**
 * A decoder-only model. `Cache` holds what it has read of one sequence and is changed in place. Calls are
 * made one after the other; logits are the caller's to read and change until the next one.
 */
export interface TokenModel<Cache> {
  readonly vocabularySize: number
  readonly contextTokens: number
  /** Ids that one call reads at most; absent: PREFILL_CHUNK_TOKENS. */
  readonly pieceTokens?: number | undefined
  /**
   * A cache for one sequence, empty unless the model kept the beginning of a sequence with the same
   * key. At most as many are open as the model was made for.
   */
  openCache(sequence?: KeyedSequence): OpenedCache<Cache>
  /** The model may keep what was read by `read`; what was decoded has other bits and is dropped. */
  closeCache(cache: Cache): void
  /**
   * Reads ids that follow the cache's; logits are those after the last of them. A backend that can
   * ends the call when the signal aborts, and the cache is then of no more use.
   */
  read(cache: Cache, ids: readonly number[], signal?: AbortSignal): Promise<Float32Array>
  /** One more id for each of several caches; logits in the order of the rows. */
  decode(rows: readonly DecodingRow<Cache>[]): Promise<readonly Float32Array[]>
}

export interface KeyedSequence {
  /** Only sequences of the same key share: whoever is faster than expected would tell what others sent. */
  readonly key: string
  readonly ids: readonly number[]
}

export interface OpenedCache<Cache> {
  readonly cache: Cache
  /** How many of the sequence's first ids are in it already. */
  readonly cachedTokens: number
}

/** What opening one cache too many is refused with: a mistake of ours, never of a request. */
export const DECODING_CACHES_EXHAUSTED = 'more sequences than slots'

export interface DecodingRow<Cache> {
  readonly cache: Cache
  readonly id: number
}
