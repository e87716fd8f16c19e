/** Prepares a graph with the cache that was asked for. */
import { asCocoonError } from '#protocol/errors.ts'
import type { Model } from '../../model/read-model.ts'
import type { Device } from '../device/device.ts'
import { type PreparedGraph, prepareGraph } from '../surgery/prepare-graph.ts'
import type { CacheScales } from '../surgery/quantised-cache.ts'
import { calibrateCache } from './calibration.ts'
import { type KvCache, kvCacheUnsupported } from './kv-cache.ts'

export interface CacheWanted {
  readonly threads: number
  readonly device?: Device | undefined
  /** Absent: `graph`. */
  readonly kvCache?: KvCache | undefined
}

export interface PreparedCache {
  readonly prepared: PreparedGraph
  /** What was made of it: `graph` also where the graph's own is int8 already. */
  readonly kvCache: KvCache
}

/** @throws ConfigError KV_CACHE_UNSUPPORTED, and those of prepareGraph */
export async function prepareCache(files: Model, wanted: CacheWanted): Promise<PreparedCache> {
  const { device = 'cpu', kvCache = 'graph' } = wanted
  const options = { movesAttentionScale: device === 'cpu' }
  if (kvCache === 'graph') return { prepared: prepareGraph(files, options), kvCache }
  if (device !== 'cpu') throw kvCacheUnsupported(`the device is ${device}`)
  const cacheScales = await findScales(files, wanted)
  if (cacheScales === undefined) return prepareCache(files, { ...wanted, kvCache: 'graph' })
  return { prepared: prepareGraph(files, { ...options, cacheScales }), kvCache }
}

/**
 * By itself, so that the graph it runs is forgotten when the one to be served is made. Undefined: the cache
 * is int8 already.
 */
async function findScales(
  files: Model,
  { threads }: CacheWanted,
): Promise<CacheScales | undefined> {
  const prepared = prepareGraph(files, { movesAttentionScale: true })
  if (prepared.signature.cache.every(({ type }) => type === 'int8')) return undefined
  return calibrateCache(prepared, files.config, threads)
}

/** What opening says of a graph with a rewritten cache: it is not to blame. */
export function cacheRefused(kvCache: KvCache, thrown: unknown): unknown {
  const isRefused = kvCache === 'int8' && asCocoonError(thrown).code === 'MODEL_GRAPH_INVALID'
  return isRefused ? kvCacheUnsupported('onnxruntime cannot run attention with it', thrown) : thrown
}
