/** A trusted publisher's newest word on a name, from peers that hold one. */
import { modelNameKey } from '#protocol/model/dht-keys.ts'
import type { SignedPublication } from '#protocol/model/publication.ts'
import { newOnes } from './find-sources.ts'
import { PeerSource, type SourceComponents, type SourcePeer } from './peer-source.ts'

/**
 * Asks every peer that the DHT names, and returns the word with the highest number; undefined: none has one.
 * Peers that hold back a newer word cannot be told from peers that have none.
 */
export async function fetchPublication(
  components: SourceComponents,
  publisher: Uint8Array,
  name: string,
  signal: AbortSignal,
): Promise<SignedPublication | undefined> {
  const key = modelNameKey(components.crypto, publisher, name)
  let newest: SignedPublication | undefined
  for await (const peer of newOnes(components, key, new Set(), signal)) {
    const word = await ask(components, peer, publisher, name, signal)
    if (word !== undefined && word.sequence > (newest?.sequence ?? -1)) newest = word
  }
  return newest
}

/** Undefined whatever went wrong: the next peer is asked. */
async function ask(
  components: SourceComponents,
  peer: SourcePeer,
  publisher: Uint8Array,
  name: string,
  signal: AbortSignal,
): Promise<SignedPublication | undefined> {
  let source: PeerSource | undefined
  try {
    source = await PeerSource.open(components, peer, signal)
    return await source.publication(publisher, name)
  } catch {
    return undefined
  } finally {
    await source?.close()
  }
}
