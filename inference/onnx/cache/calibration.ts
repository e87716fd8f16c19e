/**
 * Finds the scales of an int8 cache: the graph as it came reads a few hundred ids, the same for every model with
 * as large a vocabulary, and what it then keeps shows how far keys and values reach. Runs alone in the engine
 * process while a model is loaded: whoever gives up loading ends the process, and this with it.
 */
import { CACHE_CALIBRATION_SEQUENCES, CACHE_CALIBRATION_TOKENS } from '../../constants.ts'
import type { Model } from '../../model/read-model.ts'
import { graphInvalid } from '../graph/errors.ts'
import { cacheBytesPerToken, type GraphSignature } from '../graph/signature.ts'
import { createSession, PortableModel } from '../portable-model.ts'
import { cacheOperators, turnedPartners } from '../surgery/cache-operators.ts'
import { readingGraph, readOnnxGraph } from '../surgery/onnx-graph.ts'
import type { PreparedGraph } from '../surgery/prepare-graph.ts'
import type { CacheScales } from '../surgery/quantised-cache.ts'
import { kvCacheUnsupported } from './kv-cache.ts'
import { ChannelReach } from './scales.ts'

/** Of the golden ratio: its multiples spread evenly, however many are taken. */
const SPREAD = 0.6180339887498949

/** Ids from all over the vocabulary: vocabularies are sorted by how common their words are. */
export function calibrationIds(vocabularySize: number, sequence: number, tokens: number): number[] {
  return Array.from({ length: tokens }, (_, at) => {
    const place = (1 + at + sequence * CACHE_CALIBRATION_TOKENS) * SPREAD
    return Math.floor((place - Math.floor(place)) * vocabularySize)
  })
}

/** Reaches and scales are doubles, two for each float of a position, and scales are written as floats. */
const SCALE_POSITIONS = 5

/** What calibrateCache holds beside the weights: the cache that goes in, the one that comes out, and scales. */
export function calibrationBytes(signature: GraphSignature): number {
  return (2 * CACHE_CALIBRATION_TOKENS + SCALE_POSITIONS) * cacheBytesPerToken(signature)
}

/**
 * Holds a session of its own, which is given back before this returns.
 * @throws ConfigError KV_CACHE_UNSUPPORTED for a graph that quantiseCache refuses, and one that keeps what is
 *   not finite; MODEL_GRAPH_INVALID where it does not run
 */
export async function calibrateCache(
  prepared: PreparedGraph,
  config: Model['config'],
  threads: number,
): Promise<CacheScales> {
  const reaches = readingGraph(() => reachesOf(prepared))
  const tokens = Math.min(CACHE_CALIBRATION_TOKENS, config.contextTokens)
  const session = await createSession(prepared, threads)
  try {
    const model = new PortableModel(session, prepared.signature, config)
    for (let sequence = 0; sequence < CACHE_CALIBRATION_SEQUENCES; sequence++) {
      const { cache } = model.openCache()
      const ids = calibrationIds(config.vocabularySize, sequence, tokens)
      await model.read(cache, ids).catch((thrown) => {
        throw graphInvalid('a trial run fails', thrown)
      })
      addAll(prepared.signature, cache.tensors, reaches)
      model.closeCache(cache)
    }
  } finally {
    await session.release()
  }
  return new Map([...reaches].map(([input, reach]) => [input, reach.scales()]))
}

function reachesOf({ graph, signature }: PreparedGraph): ReadonlyMap<string, ChannelReach> {
  const parsed = readOnnxGraph(graph)
  const reaches = new Map<string, ChannelReach>()
  for (const operator of cacheOperators(parsed, signature.cache)) {
    const { key, value } = operator
    reaches.set(key.input, new ChannelReach(key, turnedPartners(operator, parsed)))
    const still = Array.from({ length: value.headSize }, (_, channel) => channel)
    reaches.set(value.input, new ChannelReach(value, still))
  }
  return reaches
}

function addAll(
  { cache }: GraphSignature,
  tensors: readonly { readonly data: unknown }[],
  reaches: ReadonlyMap<string, ChannelReach>,
): void {
  for (const [at, { input }] of cache.entries()) {
    const data = tensors[at]?.data
    if (!(data instanceof Float32Array)) throw kvCacheUnsupported('no float32 comes out of it')
    reaches.get(input)?.add(data)
  }
}
