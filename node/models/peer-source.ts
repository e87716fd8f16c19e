/** One peer that hands out a model, over one stream; each answer is checked before it is returned. */
import type { ManifestEntry, ModelManifest } from '#inference/model/manifest.ts'
import { pieceCount, pieceSizeBytes, piecesRoot } from '#inference/model/pieces.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ProtocolError, UnavailableError } from '#protocol/errors.ts'
import { leafHash } from '#protocol/merkle.ts'
import type { SignedPublication } from '#protocol/model/publication.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import { PIECE_BLOCK_BYTES, SOURCE_BUSY_MS_MAX, SOURCE_STALL_MS } from './constants.ts'
import { readManifest } from './manifest-document.ts'
import {
  decodeAnswer,
  decodeHashes,
  encodeRequest,
  MODEL_PROTOCOL,
  type ModelRequest,
} from './peer-messages.ts'
import { readPublication } from './publication-document.ts'

export interface SourcePeer {
  readonly peerId: string
  readonly addresses: readonly string[]
}

export interface SourceComponents {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly stallMs?: number | undefined
}

/** It has no room for this peer now; it is worth asking again after `retryAfterMs`. */
export class SourceBusy extends UnavailableError {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('MODEL_SOURCE_BUSY', 'the source is busy', { remedy: 'Try again later.' })
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * All methods throw ProtocolError (MODEL_PIECE_WRONG, MODEL_MANIFEST_INVALID, MODEL_MESSAGE_MALFORMED, ...)
 * when the peer lied, SourceBusy when it has no room, and UnavailableError (MODEL_SOURCE_STALLED,
 * STREAM_RESET) when it fell silent. After any of them the stream is not used again, but after SourceBusy.
 */
export class PeerSource {
  readonly peerId: string
  readonly #stream: MessageStream
  readonly #crypto: CryptoPort
  readonly #stallMs: number

  private constructor(peerId: string, stream: MessageStream, components: SourceComponents) {
    this.peerId = peerId
    this.#stream = stream
    this.#crypto = components.crypto
    this.#stallMs = components.stallMs ?? SOURCE_STALL_MS
  }

  /** @throws UnavailableError PEER_UNREACHABLE */
  static async open(
    components: SourceComponents,
    { peerId, addresses }: SourcePeer,
    signal: AbortSignal,
  ): Promise<PeerSource> {
    const { transport } = components
    const stream = await transport.openStream(peerId, MODEL_PROTOCOL, { addresses, signal })
    return new PeerSource(peerId, stream, components)
  }

  /** Undefined: it does not have this model. */
  async manifest(root: Uint8Array): Promise<ModelManifest | undefined> {
    const content = await this.#ask({ kind: 'manifest', root })
    return content === undefined ? undefined : readManifest(content, root, this.#crypto)
  }

  /** Hashes of a file's pieces. Undefined: it does not hand out this file. */
  async pieceHashes({ pieces, sizeBytes }: ManifestEntry): Promise<Uint8Array[] | undefined> {
    const content = await this.#ask({ kind: 'pieceHashes', pieces })
    if (content === undefined) return undefined
    const hashes = decodeHashes(content, pieceCount(sizeBytes))
    if (equal(piecesRoot(hashes, this.#crypto), pieces)) return hashes
    throw wrong('hashes of other pieces')
  }

  /** One piece whose hash is `hash`. Undefined: it does not hand it out. */
  async piece(
    { pieces, sizeBytes }: ManifestEntry,
    index: number,
    hash: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const header = await this.#ask({ kind: 'piece', pieces, index })
    if (header === undefined) return undefined
    if (header.length > 0) throw wrong('a piece in another form')
    const size = pieceSizeBytes(sizeBytes, index)
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const block = await this.#next()
      // Blocks are full but for the last: a trickle of one byte at a time is a stall in disguise.
      if (block.length !== Math.min(PIECE_BLOCK_BYTES, size - at))
        throw wrong('blocks of other sizes')
      bytes.set(block, at)
      at += block.length
    }
    if (equal(leafHash(this.#crypto, bytes), hash)) return bytes
    throw wrong('other bytes than were asked for')
  }

  /** A publisher's word on a name. Undefined: it has none. */
  async publication(publisher: Uint8Array, name: string): Promise<SignedPublication | undefined> {
    const content = await this.#ask({ kind: 'publication', publisher, name })
    if (content === undefined) return undefined
    const publication = readPublication(content, this.#crypto)
    if (equal(publication.publisher, publisher) && publication.name === name) return publication
    throw wrong('a publication of something else')
  }

  async close(): Promise<void> {
    await this.#stream.close().catch(() => undefined)
  }

  abort(): void {
    this.#stream.abort(new Error('this source is not used any more'))
  }

  async #ask(request: ModelRequest): Promise<Uint8Array | undefined> {
    await this.#timed(() => this.#stream.send(encodeRequest(request)))
    const answer = decodeAnswer(await this.#next())
    if (answer.kind === 'busy') {
      throw new SourceBusy(Math.min(SOURCE_BUSY_MS_MAX, answer.retryAfterMs))
    }
    return answer.kind === 'absent' ? undefined : answer.content
  }

  async #next(): Promise<Uint8Array> {
    const message = await this.#timed(() => this.#stream.receive())
    if (message === undefined) throw stalled('ended the stream early')
    return message
  }

  async #timed<T>(task: () => Promise<T>): Promise<T> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.abort()
    }, this.#stallMs)
    try {
      return await task()
    } catch (error) {
      throw isLate ? stalled(`sent nothing for ${this.#stallMs} ms`) : error
    } finally {
      clearTimeout(timer)
    }
  }
}

function wrong(what: string): ProtocolError {
  return new ProtocolError('MODEL_PIECE_WRONG', `a source sent ${what}`, {
    remedy: 'It is not asked again; others are.',
  })
}

function stalled(what: string): UnavailableError {
  return new UnavailableError('MODEL_SOURCE_STALLED', `a source ${what}`, {
    remedy: 'Others are asked.',
  })
}
