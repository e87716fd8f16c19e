import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '#protocol/bytes.ts'
import { decodeCanonical, decodeMessage, encodeMessage } from '#protocol/codec.ts'
import { CocoonError } from '#protocol/errors.ts'
import {
  ClientContentSchema,
  MerkleProofSchema,
  OfferResponseSchema,
  SessionMessageSchema,
  TokensSchema,
} from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode } from '#test/support/error-code.ts'

const proof = encodeMessage(MerkleProofSchema, {
  index: 1,
  count: 2,
  path: [new Uint8Array(32)],
  otherPeaks: [],
})

describe('bounded decoding', () => {
  it('reads what it writes', () => {
    const message = decodeMessage(MerkleProofSchema, proof, 100)
    expect([message.index, message.count, message.path.length]).toEqual([1, 2, 1])
    expect(toHex(encodeMessage(MerkleProofSchema, message))).toBe(toHex(proof))
    const tokens = encodeMessage(TokensSchema, { ids: [1, 2, 70_000], promptTokensDone: 9 })
    expect(decodeMessage(TokensSchema, tokens, 100).ids).toEqual([1, 2, 70_000])
  })

  it.each<[string, Uint8Array]>([
    ['one byte too long', new Uint8Array(101)],
    ['an unknown field', concat(proof, fromHex('2a0100'))],
    ['an unknown field inside a submessage', fromHex('0a052a03010203')],
    ['a singular field twice', concat(proof, fromHex('0801'))],
    ['a cut end', proof.subarray(0, proof.length - 1)],
    ['a submessage that is a number', fromHex('0a0c080108')],
    ['a number that is bytes', fromHex('0a0101')],
    ['a group', fromHex('0b0c')],
    ['a length beyond the end', fromHex('1aff01')],
    ['field number zero', fromHex('0000')],
  ])('refuses %s', (_, bytes) => {
    expect(errorCode(() => decodeMessage(MerkleProofSchema, bytes, 100))).toBe('FRAME_MALFORMED')
  })

  it('refuses two members of a oneof', () => {
    const close = encodeMessage(ClientContentSchema, { kind: { case: 'closeRequest', value: {} } })
    const cancel = encodeMessage(ClientContentSchema, {
      kind: { case: 'cancel', value: { requestId: new Uint8Array(16) } },
    })
    expect(decodeMessage(ClientContentSchema, close, 100).kind.case).toBe('closeRequest')
    const both = concat(close, cancel)
    expect(errorCode(() => decodeMessage(ClientContentSchema, both, 100))).toBe('FRAME_MALFORMED')
  })

  it('refuses many empty submessages before it builds one', () => {
    const bomb = new Uint8Array(200_000)
    for (let at = 0; at < bomb.length; at += 2) bomb[at] = 0x0a
    const decode = () => decodeMessage(OfferResponseSchema, bomb, bomb.length)
    expect(errorCode(decode)).toBe('FRAME_MALFORMED')
  })

  it('holds canonical bytes to their one form', () => {
    expect(decodeCanonical(MerkleProofSchema, proof, 100).count).toBe(2)
    const overlong = concat(fromHex('088100'), proof.subarray(2))
    const reordered = concat(proof.subarray(2), proof.subarray(0, 2))
    const explicitDefault = concat(fromHex('0800'), proof.subarray(2))
    for (const bytes of [overlong, reordered, explicitDefault]) {
      expect(errorCode(() => decodeMessage(MerkleProofSchema, bytes, 100))).toBeUndefined()
      expect(errorCode(() => decodeCanonical(MerkleProofSchema, bytes, 100))).toBe(
        'FRAME_MALFORMED',
      )
    }
  })

  it('throws nothing but FRAME_MALFORMED, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeMessage(SessionMessageSchema, bytes, 64)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CocoonError)
          expect((thrown as CocoonError).code).toBe('FRAME_MALFORMED')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
