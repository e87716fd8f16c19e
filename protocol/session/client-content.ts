/** What a client says inside sealed frames. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../codec.ts'
import {
  ADDRESS_CHARACTERS_MAX,
  ASK_BYTES_MAX,
  CELL_BYTES_MAX,
  REQUEST_UNITS_MAX,
} from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import type { SignedCell, SignedReceipt } from '../receipt/signed.ts'
import { ClientContentSchema, type ClientContent as WireContent } from '../wire/gen/cocoon_pb.ts'
import { hashes, optionalCell, receipts, requireContent, requireLength } from './content-parts.ts'
import { SEAL_PLAINTEXT_BYTES_MAX } from './padding.ts'

/** The first sealed message: names the channel and proves the session key. */
export interface SessionOpen {
  /** Raw TON address; must equal the one computed from the terms. */
  readonly channel: string
  readonly termsBoc: Uint8Array
  /** Session key over `transcriptBytes`. */
  readonly transcriptSignature: Uint8Array
  readonly bestVoucher: SignedCell | undefined
  readonly peaks: readonly Uint8Array[]
  readonly leafCount: number
  /** Last checkpoints of requests that never ended. */
  readonly openCheckpoints: readonly SignedReceipt[]
}

export interface Ask {
  /** Exact bytes of the request document (protocol/ask.ts). */
  readonly body: Uint8Array
  readonly requestSalt: Uint8Array
  readonly responseSalt: Uint8Array
  readonly promptTokens: number
  readonly resumeTokenIds: readonly number[]
  /** 32 bytes, or empty. */
  readonly previous: Uint8Array
}

export interface Allocate {
  readonly requestId: Uint8Array
  /** Cumulative for the request. */
  readonly allocatedNano: bigint
  /** Present when the channel's total must rise. */
  readonly voucher: SignedCell | undefined
}

export type ClientContent =
  | { readonly kind: 'open'; readonly open: SessionOpen }
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'allocate'; readonly allocate: Allocate }
  | { readonly kind: 'cancel'; readonly requestId: Uint8Array }
  | { readonly kind: 'close-request' }

type WireKind = NonNullable<MessageInitShape<typeof ClientContentSchema>['kind']>
type WireOf<Case extends string> = Extract<WireContent['kind'], { case: Case }>['value']

/** @throws ProtocolError FRAME_MALFORMED, RECEIPT_MALFORMED */
export function decodeClientContent(bytes: Uint8Array): ClientContent {
  const { kind } = decodeMessage(ClientContentSchema, bytes, SEAL_PLAINTEXT_BYTES_MAX)
  switch (kind.case) {
    case 'open':
      return { kind: 'open', open: openFromWire(kind.value) }
    case 'ask':
      return { kind: 'ask', ask: askFromWire(kind.value) }
    case 'allocate': {
      const { requestId, allocatedNano, voucher } = kind.value
      requireLength('request id', requestId, 16)
      return {
        kind: 'allocate',
        allocate: { requestId, allocatedNano, voucher: optionalCell(voucher) },
      }
    }
    case 'cancel':
      return { kind: 'cancel', requestId: requireLength('id', kind.value.requestId, 16) }
    case 'closeRequest':
      return { kind: 'close-request' }
    default:
      throw new ProtocolError('FRAME_MALFORMED', 'a sealed message is empty')
  }
}

export function encodeClientContent(content: ClientContent): Uint8Array {
  return encodeMessage(ClientContentSchema, { kind: toWire(content) })
}

function toWire(content: ClientContent): WireKind {
  switch (content.kind) {
    case 'open': {
      const { bestVoucher, peaks, openCheckpoints, ...rest } = content.open
      const value = { ...rest, peaks: [...peaks], openCheckpoints: [...openCheckpoints] }
      return { case: 'open', value: bestVoucher ? { ...value, bestVoucher } : value }
    }
    case 'ask': {
      const value = { ...content.ask, resumeTokenIds: [...content.ask.resumeTokenIds] }
      return { case: 'ask', value }
    }
    case 'allocate': {
      const { voucher, ...value } = content.allocate
      return { case: 'allocate', value: voucher ? { ...value, voucher } : value }
    }
    case 'cancel':
      return { case: 'cancel', value: { requestId: content.requestId } }
    case 'close-request':
      return { case: 'closeRequest', value: {} }
  }
}

function openFromWire(wire: WireOf<'open'>): SessionOpen {
  const { channel, termsBoc, transcriptSignature, leafCount } = wire
  requireContent(channel.length <= ADDRESS_CHARACTERS_MAX, 'the channel is too long')
  requireContent(termsBoc.length >= 1 && termsBoc.length <= CELL_BYTES_MAX, 'terms')
  return {
    channel,
    termsBoc,
    transcriptSignature: requireLength('signature', transcriptSignature, 64),
    bestVoucher: optionalCell(wire.bestVoucher),
    peaks: hashes(wire.peaks),
    leafCount,
    openCheckpoints: receipts(wire.openCheckpoints),
  }
}

function askFromWire(wire: WireOf<'ask'>): Ask {
  const { body, requestSalt, responseSalt, promptTokens, resumeTokenIds, previous } = wire
  requireContent(body.length >= 1 && body.length <= ASK_BYTES_MAX, 'the request document')
  requireContent(promptTokens <= REQUEST_UNITS_MAX, 'too many prompt tokens')
  requireLength('salt', requestSalt, 32)
  requireLength('salt', responseSalt, 32)
  requireLength('previous', previous, 0, 32)
  return { body, requestSalt, responseSalt, promptTokens, resumeTokenIds, previous }
}
