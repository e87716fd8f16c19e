/** What a provider says inside sealed frames. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../codec.ts'
import { QUEUED_AHEAD_MAX } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import { receiptFromWire, type SignedCell, type SignedReceipt } from '../receipt/signed.ts'
import {
  ProviderContentSchema,
  type ProviderContent as WireContent,
} from '../wire/gen/cocoon_pb.ts'
import {
  hashes,
  optionalCell,
  receipts,
  requireContent,
  requiredCell,
  requireLength,
} from './content-parts.ts'
import { numbersFromWire, numbersToWire } from './embedding-content.ts'
import { type Refusal, refusalFromWire } from './frames.ts'
import { SEAL_PLAINTEXT_BYTES_MAX } from './padding.ts'
import { logprobsFromWire, logprobsToWire, type TokenLogprobs } from './token-logprobs.ts'

/** The answer to a SessionOpen that verified. */
export interface SessionAccept {
  /** Response key over `transcriptBytes`. */
  readonly transcriptSignature: Uint8Array
  /** Settlement key. */
  readonly priceQuote: SignedCell
  /** Settlement key delegates the response key. */
  readonly delegate: SignedCell
  readonly bestVoucher: SignedCell | undefined
  readonly peaks: readonly Uint8Array[]
  readonly leafCount: number
  /** Leaves after the client's leafCount, in order. */
  readonly missingLeaves: readonly SignedReceipt[]
  readonly usedTotalNano: bigint
}

export interface Tokens {
  /** New completion token ids, in order. */
  readonly ids: readonly number[]
  /** Cumulative. */
  readonly promptTokensDone: number
  /** One for each id, or none. */
  readonly logprobs?: readonly TokenLogprobs[] | undefined
}

export type ProviderContent =
  | { readonly kind: 'accept'; readonly accept: SessionAccept }
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'checkpoint'; readonly receipt: SignedReceipt }
  | { readonly kind: 'leaf'; readonly receipt: SignedReceipt }
  /** Of the next input of an embedding ask. */
  | { readonly kind: 'vector'; readonly numbers: Float32Array }
  /** The request waits for its turn behind so many others, 0 to QUEUED_AHEAD_MAX. */
  | { readonly kind: 'queued'; readonly ahead: number }
  | { readonly kind: 'close-auth'; readonly closeAuth: SignedCell }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }

type WireKind = NonNullable<MessageInitShape<typeof ProviderContentSchema>['kind']>
type WireOf<Case extends string> = Extract<WireContent['kind'], { case: Case }>['value']

/** @throws ProtocolError FRAME_MALFORMED, RECEIPT_MALFORMED */
export function decodeProviderContent(bytes: Uint8Array): ProviderContent {
  const { kind } = decodeMessage(ProviderContentSchema, bytes, SEAL_PLAINTEXT_BYTES_MAX)
  switch (kind.case) {
    case 'accept':
      return { kind: 'accept', accept: acceptFromWire(kind.value) }
    case 'tokens':
      return { kind: 'tokens', tokens: tokensFromWire(kind.value) }
    case 'checkpoint':
      return { kind: 'checkpoint', receipt: receiptFromWire(kind.value) }
    case 'leaf':
      return { kind: 'leaf', receipt: receiptFromWire(kind.value) }
    case 'vector':
      return { kind: 'vector', numbers: numbersFromWire(kind.value.numbers) }
    case 'queued':
      requireContent(kind.value.ahead <= QUEUED_AHEAD_MAX, 'a place in a queue')
      return { kind: 'queued', ahead: kind.value.ahead }
    case 'closeAuth':
      return { kind: 'close-auth', closeAuth: requiredCell(kind.value.closeAuth, 'its cell') }
    case 'refusal':
      return { kind: 'refusal', refusal: refusalFromWire(kind.value) }
    default:
      throw new ProtocolError('FRAME_MALFORMED', 'a sealed message is empty')
  }
}

export function encodeProviderContent(content: ProviderContent): Uint8Array {
  return encodeMessage(ProviderContentSchema, { kind: toWire(content) })
}

function toWire(content: ProviderContent): WireKind {
  switch (content.kind) {
    case 'accept': {
      const { bestVoucher, peaks, missingLeaves, ...rest } = content.accept
      const value = { ...rest, peaks: [...peaks], missingLeaves: [...missingLeaves] }
      return { case: 'accept', value: bestVoucher ? { ...value, bestVoucher } : value }
    }
    case 'tokens':
      return { case: 'tokens', value: tokensToWire(content.tokens) }
    case 'checkpoint':
    case 'leaf':
      return { case: content.kind, value: content.receipt }
    case 'vector':
      return { case: 'vector', value: { numbers: numbersToWire(content.numbers) } }
    case 'queued':
      return { case: 'queued', value: { ahead: content.ahead } }
    case 'close-auth':
      return { case: 'closeAuth', value: { closeAuth: content.closeAuth } }
    case 'refusal':
      return { case: 'refusal', value: content.refusal }
  }
}

function tokensToWire({ ids, promptTokensDone, logprobs = [] }: Tokens) {
  return { ids: [...ids], promptTokensDone, logprobs: logprobs.map(logprobsToWire) }
}

function tokensFromWire({ ids, promptTokensDone, logprobs }: WireOf<'tokens'>): Tokens {
  if (logprobs.length === 0) return { ids, promptTokensDone }
  requireContent(logprobs.length === ids.length, 'one log probability for each id')
  return { ids, promptTokensDone, logprobs: logprobs.map(logprobsFromWire) }
}

function acceptFromWire(wire: WireOf<'accept'>): SessionAccept {
  return {
    transcriptSignature: requireLength('signature', wire.transcriptSignature, 64),
    priceQuote: requiredCell(wire.priceQuote, 'a price quote'),
    delegate: requiredCell(wire.delegate, 'a delegation'),
    bestVoucher: optionalCell(wire.bestVoucher),
    peaks: hashes(wire.peaks),
    leafCount: wire.leafCount,
    missingLeaves: receipts(wire.missingLeaves),
    usedTotalNano: wire.usedTotalNano,
  }
}
