/** Who may hand out a model: peers that say so in the DHT, and those that sell the model. */
import { offerKey } from '#protocol/market/topics.ts'
import { modelFilesKey } from '#protocol/model/dht-keys.ts'
import { SOURCE_SEARCH_MS, SOURCES_ASKED_MAX } from './constants.ts'
import type { SourceComponents, SourcePeer } from './peer-source.ts'

/** Hints, each peer once, the sharing ones first. */
export async function* findSources(
  { transport, crypto }: SourceComponents,
  root: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<SourcePeer> {
  const seen = new Set<string>()
  for (const key of [modelFilesKey(crypto, root), offerKey(crypto, root)]) {
    yield* newOnes({ transport, crypto }, key, seen, signal)
  }
}

/** Peers under one key, those in `seen` left out. */
export async function* newOnes(
  { transport }: SourceComponents,
  key: Uint8Array,
  seen: Set<string>,
  signal: AbortSignal,
): AsyncGenerator<SourcePeer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SOURCE_SEARCH_MS)])
  for await (const { peerId, addresses } of transport.findProviders(key, limit)) {
    if (seen.size >= SOURCES_ASKED_MAX) return
    if (seen.has(peerId)) continue
    seen.add(peerId)
    yield { peerId, addresses }
  }
}
