/**
 * Peers hand collateral to each other by content hash, so that no central cache is needed to keep a
 * network going. It is self-authenticating: a peer can hold it back, never change it.
 */
import { equal, toHex } from '#protocol/bytes.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import {
  COLLATERAL_PEER_TIMEOUT_MS,
  COLLATERAL_PEERS_MAX,
  COLLATERAL_REQUESTS_MAX,
  COLLATERAL_STREAMS_MAX,
} from './constants.ts'
import {
  decodeOffers,
  decodeRequest,
  encodeOffers,
  encodeRequest,
  malformed,
} from './peer-messages.ts'
import type { CollateralSource } from './source.ts'

export const COLLATERAL_PROTOCOL = '/cocoon/collateral/1'

export interface CollateralPeerComponents {
  readonly transport: Transport
  readonly crypto: Pick<CryptoPort, 'sha256'>
}

/**
 * Answers peers with what is held now.
 * @param held collateral by key, good when it was kept; undefined: none
 */
export async function serveCollateral(
  components: CollateralPeerComponents,
  held: (key: string) => Uint8Array | undefined,
): Promise<void> {
  const { transport, crypto } = components
  let streams = 0
  await transport.handle(COLLATERAL_PROTOCOL, async (stream) => {
    if (streams >= COLLATERAL_STREAMS_MAX) return
    streams += 1
    try {
      await answer(stream, crypto, held)
    } finally {
      streams -= 1
    }
  })
}

async function answer(
  stream: MessageStream,
  crypto: Pick<CryptoPort, 'sha256'>,
  held: (key: string) => Uint8Array | undefined,
): Promise<void> {
  /** What this stream was offered: hashes are answered only for these. */
  const offered = new Map<string, Uint8Array>()
  for (let count = 0; count < COLLATERAL_REQUESTS_MAX; count += 1) {
    const message = await timed(stream, () => stream.receive())
    if (message === undefined) return
    const request = decodeRequest(message)
    if (request.kind === 'piece') {
      const piece = offered.get(toHex(request.hash)) ?? new Uint8Array(0)
      await timed(stream, () => stream.send(piece))
      continue
    }
    const piece = held(request.key)
    const hashes = piece === undefined ? [] : [crypto.sha256(piece)]
    if (piece !== undefined && hashes[0] !== undefined) offered.set(toHex(hashes[0]), piece)
    await timed(stream, () => stream.send(encodeOffers(hashes)))
  }
}

/** Connected peers as a source: a few of them, one after the other, until one has something good. */
export function peerSource<Need>(
  components: CollateralPeerComponents,
  keyOf: (need: Need) => string,
): CollateralSource<Need> {
  const { transport, crypto } = components
  return {
    name: 'peers',
    async fetch(need, check) {
      const refused = new Set<string>()
      for (const { peerId } of transport.peers().slice(0, COLLATERAL_PEERS_MAX)) {
        const found = await askPeer(transport, crypto, peerId, keyOf(need), refused, check)
        if (found !== undefined) return found
      }
      throw new UnavailableError('COLLATERAL_UNAVAILABLE', 'no peer has good collateral')
    },
  }
}

/** Undefined whatever went wrong: the next peer is asked. */
async function askPeer(
  transport: Transport,
  crypto: Pick<CryptoPort, 'sha256'>,
  peerId: string,
  key: string,
  refused: Set<string>,
  check: (bytes: Uint8Array) => void,
): Promise<Uint8Array | undefined> {
  const signal = AbortSignal.timeout(COLLATERAL_PEER_TIMEOUT_MS)
  let stream: MessageStream | undefined
  try {
    stream = await transport.openStream(peerId, COLLATERAL_PROTOCOL, { signal })
    for (const hash of decodeOffers(await asked(stream, encodeRequest({ kind: 'offers', key })))) {
      if (refused.has(toHex(hash))) continue
      const piece = await asked(stream, encodeRequest({ kind: 'piece', hash }))
      if (!equal(crypto.sha256(piece), hash)) throw malformed('another piece than its hash names')
      refused.add(toHex(hash))
      check(piece)
      return piece
    }
    return undefined
  } catch {
    return undefined
  } finally {
    await stream?.close().catch(() => undefined)
  }
}

async function asked(stream: MessageStream, request: Uint8Array): Promise<Uint8Array> {
  await timed(stream, () => stream.send(request))
  const message = await timed(stream, () => stream.receive())
  if (message === undefined) throw malformed('the stream ended')
  if (message.length > EVIDENCE_COLLATERAL_BYTES_MAX) throw malformed(`${message.length} bytes`)
  return message
}

/** A peer that stalls loses the stream: whatever waits on it rejects. */
async function timed<T>(stream: MessageStream, task: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => stream.abort(malformed('too slow')), COLLATERAL_PEER_TIMEOUT_MS)
  try {
    return await task()
  } finally {
    clearTimeout(timer)
  }
}
