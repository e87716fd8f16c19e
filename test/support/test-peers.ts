/** Identities and real hosts for tests: deterministic keys, loopback only. */
import pino from 'pino'
import { createLibp2pTransport, type Libp2pTransport } from '#node/network/libp2p-transport.ts'
import { peerIdOf } from '#node/network/peer-ids.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import type { PeerRef } from '#protocol/transport.ts'

export const silentLog = pino({ level: process.env['COCOON_TEST_LOG'] ?? 'silent' })

/** The same key pair for the same number, always. */
export function testIdentity(number: number): Ed25519KeyPair {
  return nodeCrypto.ed25519FromSeed(nodeCrypto.sha256(Uint8Array.of(number >> 8, number & 0xff)))
}

export function testPeerRef(number: number): PeerRef {
  const { publicKey } = testIdentity(number)
  return { peerId: peerIdOf(publicKey), identityKey: publicKey }
}

export interface TestHostOptions {
  readonly number: number
  readonly globalId: number
  readonly bootstrap: readonly string[]
  readonly mode?: 'full' | 'light'
  /** False: this peer only dials. Default true. */
  readonly listens?: boolean
}

export async function createTestHost(options: TestHostOptions): Promise<Libp2pTransport> {
  return createLibp2pTransport({
    identitySeed: testIdentity(options.number).seed,
    listen: options.listens === false ? [] : ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: options.bootstrap,
    mode: options.mode ?? 'full',
    globalId: options.globalId,
    log: silentLog,
  })
}
