/**
 * Messages of /cocoon/collateral/1 (docs/spec/attestation.md#collateral): which pieces do you hold for
 * this kind of platform, and give me the piece with this hash.
 */
import { concat, fromUtf8, utf8 } from '#protocol/bytes.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { COLLATERAL_OFFERS_MAX } from './constants.ts'

const ASK_OFFERS = 1
const ASK_PIECE = 2
const HASH_BYTES = 32
const KEY = /^[a-z0-9-]{1,200}$/

export type CollateralRequest =
  | { readonly kind: 'offers'; readonly key: string }
  | { readonly kind: 'piece'; readonly hash: Uint8Array }

/** One byte for the kind, then the key in ASCII or the 32 bytes of the hash. */
export function encodeRequest(request: CollateralRequest): Uint8Array {
  return request.kind === 'offers'
    ? concat(Uint8Array.of(ASK_OFFERS), utf8(request.key))
    : concat(Uint8Array.of(ASK_PIECE), request.hash)
}

/** @throws ProtocolError COLLATERAL_MESSAGE_MALFORMED */
export function decodeRequest(message: Uint8Array): CollateralRequest {
  const rest = message.slice(1)
  if (message[0] === ASK_PIECE && rest.length === HASH_BYTES) return { kind: 'piece', hash: rest }
  if (message[0] === ASK_OFFERS && rest.length <= 200) {
    const key = String.fromCharCode(...rest)
    if (KEY.test(key)) return { kind: 'offers', key: fromUtf8(rest) }
  }
  throw malformed('a request of another form')
}

/** Hashes side by side. */
export function encodeOffers(hashes: readonly Uint8Array[]): Uint8Array {
  return concat(...hashes.slice(0, COLLATERAL_OFFERS_MAX))
}

/** @throws ProtocolError COLLATERAL_MESSAGE_MALFORMED */
export function decodeOffers(message: Uint8Array): Uint8Array[] {
  const count = message.length / HASH_BYTES
  if (!Number.isInteger(count) || count > COLLATERAL_OFFERS_MAX) throw malformed('offers')
  return Array.from({ length: count }, (_, at) =>
    message.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  )
}

export function malformed(detail: string): ProtocolError {
  return new ProtocolError('COLLATERAL_MESSAGE_MALFORMED', `collateral from a peer: ${detail}`)
}
