/** A peer id is the identity key in libp2p's clothes: both directions, Ed25519 only. */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { ProtocolError } from '#protocol/errors.ts'
import type { PeerRef } from '#protocol/transport.ts'

/**
 * The libp2p peer id, in text, of a 32-byte Ed25519 identity key.
 * @throws ProtocolError PEER_ID_INVALID
 */
export function peerIdOf(identityKey: Uint8Array): string {
  if (identityKey.length !== 32) throw invalid(`a key of ${identityKey.length} bytes`)
  return peerIdFromPublicKey(publicKeyFromRaw(identityKey)).toString()
}

/**
 * The 32-byte identity key inside a peer id.
 * @throws ProtocolError PEER_ID_INVALID when it is not a peer id or its key is not Ed25519
 */
export function identityKeyOf(peerId: string): Uint8Array {
  return peerRefOf(parsePeerId(peerId)).identityKey
}

/** @throws ProtocolError PEER_ID_INVALID */
export function parsePeerId(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId)
  } catch {
    throw invalid('not a peer id')
  }
}

/** @throws ProtocolError PEER_ID_INVALID when its key is not Ed25519 */
export function peerRefOf(peerId: PeerId): PeerRef {
  if (peerId.type !== 'Ed25519') throw invalid(`a ${peerId.type} key`)
  return { peerId: peerId.toString(), identityKey: peerId.publicKey.raw }
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError('PEER_ID_INVALID', `a peer is named by an Ed25519 key, got ${detail}`)
}
