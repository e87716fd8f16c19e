/** Session messages and what is inside sealed frames: round trips, and what is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMessage } from '#protocol/codec.ts'
import { QUEUED_AHEAD_MAX } from '#protocol/constants.ts'
import { CocoonError } from '#protocol/errors.ts'
import {
  type ClientContent,
  decodeClientContent,
  encodeClientContent,
} from '#protocol/session/client-content.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  type SessionMessage,
} from '#protocol/session/frames.ts'
import {
  decodeProviderContent,
  encodeProviderContent,
  type ProviderContent,
} from '#protocol/session/provider-content.ts'
import {
  ClientContentSchema,
  FrameType,
  ProviderContentSchema,
  QuoteMode,
  SessionMessageSchema,
} from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode } from '#test/support/error-code.ts'
import { filled, sampleCell, sampleFile, sampleReceipt } from '#test/support/protocol-samples.ts'

const hash = filled(32, 1)
const requestId = filled(16, 2)
const zeroId = filled(16, 0)
const refusal = { code: 'ENGINE_BUSY', message: 'the queue is full', remedy: 'Try again.' }
const clientHello = { versions: [2, 1], clientNonce: hash, modelRoot: hash, mode: 'epoch' } as const
const frame = {
  requestId,
  sequence: 3,
  type: FrameType.REQUEST,
  final: true,
  ciphertext: filled(144, 3),
}
const providerHello = {
  versions: [1],
  version: 1,
  providerChallenge: hash,
  evidence: sampleFile.evidence,
}

const sampleLogprobs = [
  { logprob: 0, top: [] },
  {
    logprob: -4_294.967295,
    top: [
      { id: 7, logprob: -0.000001 },
      { id: 151_000, logprob: -4_294.967295 },
    ],
  },
]

describe('session messages', () => {
  it.each<SessionMessage>([
    { kind: 'client-hello', hello: clientHello },
    { kind: 'provider-hello', hello: providerHello },
    { kind: 'seal-open', enc: filled(1_120, 4) },
    { kind: 'frame', frame },
    { kind: 'frame', frame: { ...frame, requestId: zeroId, type: FrameType.CONTROL } },
    { kind: 'refusal', refusal },
  ])('read what they write: $kind', (message) => {
    expect(decodeSessionMessage(encodeSessionMessage(message))).toEqual(message)
  })

  it.each<[string, SessionMessage]>([
    ['no version', { kind: 'client-hello', hello: { ...clientHello, versions: [] } }],
    [
      'nine versions',
      { kind: 'client-hello', hello: { ...clientHello, versions: [9, 8, 7, 6, 5, 4, 3, 2, 1] } },
    ],
    ['a short nonce', { kind: 'client-hello', hello: { ...clientHello, clientNonce: requestId } }],
    [
      'a short challenge',
      { kind: 'provider-hello', hello: { ...providerHello, providerChallenge: requestId } },
    ],
    ['a long encapsulation', { kind: 'seal-open', enc: filled(1_121, 4) }],
    ['a short request id', { kind: 'frame', frame: { ...frame, requestId: filled(15, 1) } }],
    [
      'the control type on a request',
      { kind: 'frame', frame: { ...frame, type: FrameType.CONTROL } },
    ],
    ['a request type on control', { kind: 'frame', frame: { ...frame, requestId: zeroId } }],
    [
      'a frame over the largest bucket',
      { kind: 'frame', frame: { ...frame, ciphertext: filled(524_305, 1) } },
    ],
    ['a refusal without a code', { kind: 'refusal', refusal: { ...refusal, code: 'busy' } }],
    [
      'a refusal that moves the cursor',
      { kind: 'refusal', refusal: { ...refusal, message: '\u001b[2J' } },
    ],
    ['a long refusal', { kind: 'refusal', refusal: { ...refusal, remedy: 'x'.repeat(513) } }],
  ])('are refused with %s', (_, message) => {
    const bytes = encodeSessionMessage(message)
    expect(errorCode(() => decodeSessionMessage(bytes))).toBe('FRAME_MALFORMED')
  })

  it('are refused when empty, without evidence, or of an unknown mode', () => {
    expect(errorCode(() => decodeSessionMessage(new Uint8Array(0)))).toBe('FRAME_MALFORMED')
    const { evidence: _, ...bare } = providerHello
    const without = encodeMessage(SessionMessageSchema, {
      kind: { case: 'providerHello', value: bare },
    })
    expect(errorCode(() => decodeSessionMessage(without))).toBe('FRAME_MALFORMED')
    const unknownMode = encodeMessage(SessionMessageSchema, {
      kind: {
        case: 'clientHello',
        value: { ...clientHello, versions: [1], mode: QuoteMode.UNSPECIFIED },
      },
    })
    expect(errorCode(() => decodeSessionMessage(unknownMode))).toBe('EVIDENCE_MALFORMED')
  })
})

const open = {
  channel: `0:${'ab'.repeat(32)}`,
  termsBoc: filled(90, 5),
  transcriptSignature: filled(64, 6),
  bestVoucher: sampleCell,
  peaks: [hash],
  leafCount: 4,
  openCheckpoints: [sampleReceipt],
}
const ask = {
  body: filled(30, 7),
  requestSalt: hash,
  responseSalt: hash,
  promptTokens: 12,
  resumeTokenIds: [5, 6],
  previous: hash,
}
const accept = {
  transcriptSignature: filled(64, 6),
  priceQuote: sampleCell,
  delegate: sampleCell,
  bestVoucher: undefined,
  peaks: [],
  leafCount: 0,
  missingLeaves: [sampleReceipt, sampleReceipt],
  usedTotalNano: 77n,
}
const allocate = { requestId, allocatedNano: 2n ** 63n, voucher: undefined }

describe('sealed content', () => {
  it.each<ClientContent>([
    { kind: 'open', open },
    { kind: 'open', open: { ...open, bestVoucher: undefined } },
    { kind: 'ask', ask },
    { kind: 'allocate', allocate },
    { kind: 'allocate', allocate: { ...allocate, voucher: sampleCell } },
    { kind: 'cancel', requestId },
    { kind: 'close-request' },
  ])('of a client reads as it was written: $kind', (content) => {
    expect(decodeClientContent(encodeClientContent(content))).toEqual(content)
  })

  it.each<ProviderContent>([
    { kind: 'accept', accept },
    { kind: 'accept', accept: { ...accept, bestVoucher: sampleCell, peaks: [hash, hash] } },
    { kind: 'queued', ahead: 0 },
    { kind: 'queued', ahead: QUEUED_AHEAD_MAX },
    { kind: 'tokens', tokens: { ids: [1, 151_000], promptTokensDone: 3 } },
    {
      kind: 'tokens',
      tokens: { ids: [1, 151_000], promptTokensDone: 3, logprobs: sampleLogprobs },
    },
    { kind: 'checkpoint', receipt: sampleReceipt },
    { kind: 'leaf', receipt: sampleReceipt },
    { kind: 'close-auth', closeAuth: sampleCell },
    { kind: 'refusal', refusal },
  ])('of a provider reads as it was written: $kind', (content) => {
    expect(decodeProviderContent(encodeProviderContent(content))).toEqual(content)
  })

  it.each<[string, string, ClientContent]>([
    [
      'a long channel',
      'FRAME_MALFORMED',
      { kind: 'open', open: { ...open, channel: '0'.repeat(77) } },
    ],
    ['no terms', 'FRAME_MALFORMED', { kind: 'open', open: { ...open, termsBoc: filled(0, 0) } }],
    [
      'a short signature',
      'FRAME_MALFORMED',
      { kind: 'open', open: { ...open, transcriptSignature: hash } },
    ],
    ['a short peak', 'FRAME_MALFORMED', { kind: 'open', open: { ...open, peaks: [requestId] } }],
    [
      '33 peaks',
      'FRAME_MALFORMED',
      { kind: 'open', open: { ...open, peaks: Array(33).fill(hash) } },
    ],
    [
      '193 receipts',
      'FRAME_MALFORMED',
      { kind: 'open', open: { ...open, openCheckpoints: Array(193).fill(sampleReceipt) } },
    ],
    [
      'a huge cell',
      'RECEIPT_MALFORMED',
      { kind: 'open', open: { ...open, bestVoucher: { ...sampleCell, boc: filled(1_025, 1) } } },
    ],
    ['no document', 'FRAME_MALFORMED', { kind: 'ask', ask: { ...ask, body: filled(0, 0) } }],
    ['a short salt', 'FRAME_MALFORMED', { kind: 'ask', ask: { ...ask, requestSalt: requestId } }],
    ['a short link', 'FRAME_MALFORMED', { kind: 'ask', ask: { ...ask, previous: requestId } }],
    [
      'too long a prompt',
      'FRAME_MALFORMED',
      { kind: 'ask', ask: { ...ask, promptTokens: 2_097_153 } },
    ],
    ['a short id', 'FRAME_MALFORMED', { kind: 'cancel', requestId: hash }],
  ])('of a client is refused with %s', (_, code, content) => {
    expect(errorCode(() => decodeClientContent(encodeClientContent(content)))).toBe(code)
  })

  it('of a provider is refused without its quote, delegation or kind', () => {
    const bare = { ...accept, bestVoucher: sampleCell, peaks: [], missingLeaves: [] }
    for (const missing of ['priceQuote', 'delegate'] as const) {
      const { [missing]: _, ...value } = bare
      const bytes = encodeMessage(ProviderContentSchema, { kind: { case: 'accept', value } })
      expect(errorCode(() => decodeProviderContent(bytes))).toBe('FRAME_MALFORMED')
    }
    expect(errorCode(() => decodeProviderContent(new Uint8Array(0)))).toBe('FRAME_MALFORMED')
    expect(errorCode(() => decodeClientContent(encodeMessage(ClientContentSchema, {})))).toBe(
      'FRAME_MALFORMED',
    )
  })

  it('throws only errors of ours, whatever byte of it is changed', () => {
    const bytes = encodeProviderContent({ kind: 'accept', accept })
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        try {
          decodeProviderContent(bytes.with(at, value))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CocoonError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
