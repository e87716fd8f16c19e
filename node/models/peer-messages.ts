/** Messages of /cocoon/model/1 (docs/spec/models.md, "From peers"). */
import { concat, fromUtf8, u32be, utf8 } from '#protocol/bytes.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { MODEL_NAME } from '#protocol/model/publication.ts'
import { MANIFEST_BYTES_MAX } from './constants.ts'

export const MODEL_PROTOCOL = '/cocoon/model/1'

const ASK = { manifest: 1, pieceHashes: 2, piece: 3, publication: 4 } as const
const HASH_BYTES = 32

export type ModelRequest =
  | { readonly kind: 'manifest'; readonly root: Uint8Array }
  /** `pieces` is the root of a file's piece tree. */
  | { readonly kind: 'pieceHashes'; readonly pieces: Uint8Array }
  | { readonly kind: 'piece'; readonly pieces: Uint8Array; readonly index: number }
  | { readonly kind: 'publication'; readonly publisher: Uint8Array; readonly name: string }

/** One byte for the kind, 32 bytes of hash or key, then an index or a name where there is one. */
export function encodeRequest(request: ModelRequest): Uint8Array {
  const kind = Uint8Array.of(ASK[request.kind])
  switch (request.kind) {
    case 'manifest':
      return concat(kind, request.root)
    case 'pieceHashes':
      return concat(kind, request.pieces)
    case 'piece':
      return concat(kind, request.pieces, u32be(request.index))
    case 'publication':
      return concat(kind, request.publisher, utf8(request.name))
  }
}

/** @throws ProtocolError MODEL_MESSAGE_MALFORMED */
export function decodeRequest(message: Uint8Array): ModelRequest {
  const hash = message.slice(1, 1 + HASH_BYTES)
  const rest = message.slice(1 + HASH_BYTES)
  if (hash.length < HASH_BYTES || rest.length > 128) throw malformed('a request of another form')
  if (message[0] === ASK.manifest && rest.length === 0) return { kind: 'manifest', root: hash }
  if (message[0] === ASK.pieceHashes && rest.length === 0) {
    return { kind: 'pieceHashes', pieces: hash }
  }
  if (message[0] === ASK.piece && rest.length === 4) {
    return { kind: 'piece', pieces: hash, index: new DataView(rest.buffer).getUint32(0) }
  }
  const name = String.fromCharCode(...rest)
  if (message[0] === ASK.publication && MODEL_NAME.test(name)) {
    return { kind: 'publication', publisher: hash, name: fromUtf8(rest) }
  }
  throw malformed('a request of another form')
}

const SAY = { found: 0, absent: 1, busy: 2 } as const

export type ModelAnswer =
  /** `content`: a document or hashes; empty before a piece, whose blocks follow as messages. */
  | { readonly kind: 'found'; readonly content: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'busy'; readonly retryAfterMs: number }

export function encodeAnswer(answer: ModelAnswer): Uint8Array {
  const kind = Uint8Array.of(SAY[answer.kind])
  if (answer.kind === 'found') return concat(kind, answer.content)
  return answer.kind === 'busy' ? concat(kind, u32be(answer.retryAfterMs)) : kind
}

/** @throws ProtocolError MODEL_MESSAGE_MALFORMED */
export function decodeAnswer(message: Uint8Array): ModelAnswer {
  const content = message.slice(1)
  if (message[0] === SAY.found && content.length <= MANIFEST_BYTES_MAX) {
    return { kind: 'found', content }
  }
  if (message[0] === SAY.absent && content.length === 0) return { kind: 'absent' }
  if (message[0] === SAY.busy && content.length === 4) {
    return { kind: 'busy', retryAfterMs: new DataView(content.buffer).getUint32(0) }
  }
  throw malformed('an answer of another form')
}

export function encodeHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return concat(...hashes)
}

/** @throws ProtocolError MODEL_MESSAGE_MALFORMED unless there are exactly so many */
export function decodeHashes(content: Uint8Array, count: number): Uint8Array[] {
  if (content.length !== count * HASH_BYTES) throw malformed('another number of hashes')
  return Array.from({ length: count }, (_, at) =>
    content.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  )
}

export function malformed(detail: string): ProtocolError {
  return new ProtocolError('MODEL_MESSAGE_MALFORMED', `a model from a peer: ${detail}`)
}
