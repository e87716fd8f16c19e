/**
 * Where offers and jobs are talked about: 64 fixed gossip topics per kind, by the first 6 bits of the
 * model root, and DHT keys under which peers announce themselves. The sets are fixed so that nobody
 * can make peers track topics of his own.
 */
import { tagged } from '../bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { TOPICS_PER_KIND } from './constants.ts'

export type TopicKind = 'offers' | 'jobs'

/** 0 to 63: the first 6 bits of the model root. */
export function topicIndex(modelRoot: Uint8Array): number {
  if (modelRoot.length !== 32) throw new RangeError('a model root has 32 bytes')
  return modelRoot[0]! >> 2
}

export function offerTopic(globalId: number, modelRoot: Uint8Array): string {
  return topicName(globalId, 'offers', topicIndex(modelRoot))
}

export function jobTopic(globalId: number, modelRoot: Uint8Array): string {
  return topicName(globalId, 'jobs', topicIndex(modelRoot))
}

/** All 128 topics of a network: the only ones its peers accept. */
export function allTopics(globalId: number): readonly string[] {
  const kinds: readonly TopicKind[] = ['offers', 'jobs']
  return kinds.flatMap((kind) =>
    Array.from({ length: TOPICS_PER_KIND }, (_, index) => topicName(globalId, kind, index)),
  )
}

/** 32-byte DHT key under which providers of a model announce themselves. */
export function offerKey(crypto: CryptoPort, modelRoot: Uint8Array): Uint8Array {
  return crypto.sha256(tagged('cocoon/dht/offer/1', modelRoot))
}

/** 32-byte DHT key under which clients with open jobs for a model announce themselves. */
export function jobKey(crypto: CryptoPort, modelRoot: Uint8Array): Uint8Array {
  return crypto.sha256(tagged('cocoon/dht/job/1', modelRoot))
}

function topicName(globalId: number, kind: TopicKind, index: number): string {
  return `/cocoon/${globalId}/${kind}/1/${index.toString(16).padStart(2, '0')}`
}
