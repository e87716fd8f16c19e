/** How keys and values are kept, and what is said when they cannot be kept that way. */
import { ConfigError } from '#protocol/errors.ts'

/** `graph`: as the graph has them; `int8`: a byte for each number, a quarter of float32. */
export const KV_CACHES = ['graph', 'int8'] as const
export type KvCache = (typeof KV_CACHES)[number]

/** Never served another way than was asked for: the owner counted on the memory, and clients are told. */
export function kvCacheUnsupported(reason: string, cause?: unknown): ConfigError {
  return new ConfigError('KV_CACHE_UNSUPPORTED', `the cache cannot be kept in int8: ${reason}`, {
    remedy:
      'Leave out `--kv-cache`, or use an export with GroupQueryAttention and a float32 cache.',
    data: { reason },
    cause,
  })
}
