/** Where a session computes, and where its caches lie. */
import { ConfigError } from '#protocol/errors.ts'
import { graphInvalid } from '../graph/errors.ts'
import type { PreparedGraph } from '../surgery/prepare-graph.ts'
import type { CacheLayout, CacheMemory } from './cache-memory.ts'
import { HostSlabs } from './host-slabs.ts'
import type { OrtApi } from './ort-api.ts'
import { NativeSession, type SessionProvider } from './session.ts'

export interface NativePlace {
  /** @throws ConfigError MODEL_GRAPH_INVALID, DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL */
  openSession(graph: PreparedGraph, threads: number): NativeSession
  /** @throws ConfigError DEVICE_OUT_OF_MEMORY */
  cacheMemory(session: NativeSession, layout: CacheLayout): CacheMemory
}

/** The processor and the memory of this process. */
export function processor(api: OrtApi): NativePlace {
  return {
    openSession: (graph, threads) => openSession(api, graph, threads, undefined),
    cacheMemory: (session, layout) => new HostSlabs(session, layout),
  }
}

/** @throws ConfigError MODEL_GRAPH_INVALID, and what the provider throws */
export function openSession(
  api: OrtApi,
  { graph, externalFiles }: PreparedGraph,
  threads: number,
  provider: SessionProvider | undefined,
): NativeSession {
  try {
    return new NativeSession(api, graph, { threads, externalFiles, provider })
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown
    throw graphInvalid('onnxruntime refuses it', thrown)
  }
}
