import { describe, expect, it } from 'vitest'
import { concat, equal, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { CocoonError } from '#protocol/errors.ts'
import {
  decodeReceiptBody,
  decodeReceiptFile,
  encodeReceiptBody,
  encodeReceiptFile,
  leafData,
  type ReceiptBody,
  type ReceiptFile,
  receiptFromWire,
  receiptId,
  receiptSigningBytes,
  requestCommitment,
  responseCommitment,
} from '#protocol/receipt.ts'
import { errorCode } from '#test/support/error-code.ts'
import { filled, sampleBody, sampleFile, sampleReceipt } from '#test/support/protocol-samples.ts'

describe('receipt body', () => {
  it('reads what it writes', () => {
    expect(decodeReceiptBody(encodeReceiptBody(sampleBody))).toEqual(sampleBody)
    const continued: ReceiptBody = {
      ...sampleBody,
      globalId: -239,
      previous: filled(32, 1),
      usedTotalNano: 2n ** 64n - 1n,
      finish: 'partial',
      leafIndex: 2 ** 32 - 1,
    }
    expect(decodeReceiptBody(encodeReceiptBody(continued))).toEqual(continued)
  })

  it.each<[string, Partial<ReceiptBody>]>([
    ['an unknown version', { version: 2 }],
    ['a global id that is no i32', { globalId: 2 ** 31 }],
    ['a friendly address', { channel: 'EQAAAA' }],
    ['an address in capitals', { channel: `0:${'AB'.repeat(32)}` }],
    ['minus zero', { channel: `-0:${'ab'.repeat(32)}` }],
    ['a short request id', { requestId: filled(15, 1) }],
    ['a short link', { previous: filled(31, 1) }],
    ['a short key', { responseKey: filled(31, 1) }],
    ['a long digest', { billHash: filled(33, 1) }],
    ['more cached than read', { cachedTokens: 32 }],
    ['a negative count', { completionTokens: -1 }],
    ['a count over u32', { leafIndex: 2 ** 32 }],
    ['used over used in total', { usedTotalNano: 1n }],
    ['an amount over u64', { usedTotalNano: 2n ** 64n }],
    ['a negative price', { prices: { ...sampleBody.prices, promptNanoPerMtok: -1n } }],
    ['an exact second', { startedAtS: sampleBody.startedAtS + 1 }],
    ['an end before the start', { endedAtS: sampleBody.startedAtS - 60 }],
  ])('is not written with %s', (_, change) => {
    expect(errorCode(() => encodeReceiptBody({ ...sampleBody, ...change }))).toBe(
      'RECEIPT_MALFORMED',
    )
  })

  it('refuses or reads differently with every byte changed, and never re-encodes', () => {
    const bytes = encodeReceiptBody(sampleBody)
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = bytes.with(at, bytes[at]! ^ mask)
        try {
          expect(equal(encodeReceiptBody(decodeReceiptBody(changed)), changed)).toBe(true)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CocoonError)
        }
      }
    }
    expect(errorCode(() => decodeReceiptBody(concat(bytes, fromHex('0801'))))).toBe(
      'FRAME_MALFORMED',
    )
    expect(errorCode(() => decodeReceiptBody(new Uint8Array(0)))).toBe('RECEIPT_MALFORMED')
  })
})

describe('receipt', () => {
  it('has a leaf that depends on every part of it', () => {
    const parts = ['body', 'signature', 'billBoc', 'billSignature'] as const
    const ids = parts.map((part) => {
      const bytes = sampleReceipt[part]
      return receiptId(nodeCrypto, { ...sampleReceipt, [part]: bytes.with(0, bytes[0]! ^ 1) })
    })
    expect(new Set([...ids, receiptId(nodeCrypto, sampleReceipt)]).size).toBe(5)
    expect(equal(leafData(sampleReceipt), receiptSigningBytes(sampleReceipt.body))).toBe(false)
  })

  it('is refused with parts of a wrong size', () => {
    for (const [part, length] of [
      ['body', 0],
      ['body', 1_025],
      ['signature', 63],
      ['billBoc', 0],
      ['billBoc', 1_025],
      ['billSignature', 65],
    ] as const) {
      const wrong = { ...sampleReceipt, [part]: filled(length, 1) }
      expect(errorCode(() => receiptFromWire(wrong))).toBe('RECEIPT_MALFORMED')
    }
  })

  it('commits to request and answer under a salt of 32 bytes', () => {
    const salt = filled(32, 1)
    const asked = requestCommitment(nodeCrypto, salt, utf8('body'))
    expect(toHex(asked)).toBe(toHex(nodeCrypto.hmacSha256(salt, utf8('body'))))
    const answer = responseCommitment(nodeCrypto, salt, [1, 258])
    expect(toHex(answer)).toBe(toHex(nodeCrypto.hmacSha256(salt, fromHex('0000000100000102'))))
    expect(equal(responseCommitment(nodeCrypto, salt, [1, 259]), answer)).toBe(false)
    const long = Array.from({ length: 300_000 }, (_, at) => at)
    expect(responseCommitment(nodeCrypto, salt, long)).toHaveLength(32)
    expect(() => requestCommitment(nodeCrypto, filled(31, 1), salt)).toThrow(RangeError)
    expect(() => responseCommitment(nodeCrypto, salt, [-1])).toThrow(RangeError)
  })
})

describe('receipt file', () => {
  const { acknowledgement: _, ...signedOnly } = sampleFile

  it('reads what it writes, acknowledged or only signed', () => {
    expect(decodeReceiptFile(encodeReceiptFile(sampleFile))).toEqual(sampleFile)
    expect(decodeReceiptFile(encodeReceiptFile(signedOnly))).toEqual(signedOnly)
    const { acknowledgement, evidence } = sampleFile
    const challenged: ReceiptFile = {
      ...sampleFile,
      evidence: { ...evidence, mode: 'challenge', nonceProof: acknowledgement!.proof },
      clientNonce: filled(32, 1),
    }
    expect(decodeReceiptFile(encodeReceiptFile(challenged))).toEqual(challenged)
  })

  it('is refused or says something else with every byte changed', () => {
    const bytes = encodeReceiptFile(sampleFile)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.with(at, bytes[at]! ^ 0x01)
      try {
        expect(equal(encodeReceiptFile(decodeReceiptFile(changed)), changed)).toBe(true)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(CocoonError)
      }
    }
  })

  it.each<[string, string, ReceiptFile]>([
    ['a long policy digest', 'RECEIPT_MALFORMED', { ...sampleFile, policyDigest: filled(33, 1) }],
    ['no terms', 'RECEIPT_MALFORMED', { ...sampleFile, termsBoc: new Uint8Array(0) }],
    [
      'a statement over its limit',
      'EVIDENCE_MALFORMED',
      { ...sampleFile, evidence: { ...sampleFile.evidence, statement: filled(8_193, 1) } },
    ],
    ['a nonce in mode epoch', 'RECEIPT_MALFORMED', { ...sampleFile, clientNonce: filled(32, 1) }],
    [
      'a challenge without its nonce',
      'RECEIPT_MALFORMED',
      {
        ...sampleFile,
        evidence: {
          ...sampleFile.evidence,
          mode: 'challenge',
          nonceProof: sampleFile.acknowledgement!.proof,
        },
      },
    ],
    [
      'a challenge without its proof',
      'EVIDENCE_MALFORMED',
      { ...sampleFile, evidence: { ...sampleFile.evidence, mode: 'challenge' } },
    ],
  ])('is refused with %s', (_name, code, file) => {
    expect(errorCode(() => decodeReceiptFile(encodeReceiptFile(file)))).toBe(code)
  })

  it('is refused when it was re-encoded, cut, grown or doubled', () => {
    const bytes = encodeReceiptFile(signedOnly)
    const format = 2 + 'cocoon-receipt/1'.length
    const moved = concat(bytes.subarray(format), bytes.subarray(0, format))
    const overlong = concat(fromHex('0a9000'), bytes.subarray(2))
    expect(errorCode(() => decodeReceiptFile(moved))).toBe('RECEIPT_NOT_CANONICAL')
    expect(errorCode(() => decodeReceiptFile(overlong))).toBe('RECEIPT_NOT_CANONICAL')
    expect(errorCode(() => decodeReceiptFile(concat(bytes, bytes)))).toBe('FRAME_MALFORMED')
    expect(errorCode(() => decodeReceiptFile(bytes.subarray(0, -1)))).toBe('FRAME_MALFORMED')
    expect(errorCode(() => decodeReceiptFile(bytes.with(3, 0x78)))).toBe('RECEIPT_MALFORMED')
    expect(errorCode(() => decodeReceiptFile(filled(1_048_577, 0)))).toBe('FRAME_MALFORMED')
  })
})
