/** Statement encoding, held to vectors that other implementations run too. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  decodeStatement,
  encodeStatement,
  reportData,
  type StatementCore,
  statementDigest,
} from '#attestation/statement.ts'
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import { decodeMessage, encodeMessage } from '#protocol/codec.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { StatementCoreSchema, StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { repositoryRoot } from '#test/support/source-files.ts'
import { bytes, core, zeros } from './network.ts'

const vectorSchema = z.object({
  statement: z.string(),
  statementDigest: z.string(),
  reportDataEpoch: z.string(),
  reportDataChallenge: z.string(),
})
const vector = vectorSchema.parse(
  JSON.parse(readFileSync(join(repositoryRoot, 'test/vectors/attestation.json'), 'utf8')),
)

const encode = (changes: Partial<StatementCore> = {}) =>
  encodeStatement({
    core: { ...core, ...changes },
    gpuEvidenceHash: zeros(32),
    challenge: zeros(32),
  })

describe('a statement', () => {
  /** Short enough to read: the X25519 suite and fixed fields. */
  const short = encode({
    hpkeSuite: 'X25519/HKDF-SHA256/AES-256-GCM',
    hpkeKey: bytes(32, 3),
    policyDigest: bytes(32, 0x0d),
    notAfterMs: 1_800_000_000_000,
  })

  it('equals its vector', () => {
    expect(toHex(short)).toBe(vector.statement)
    expect(toHex(statementDigest(crypto, short))).toBe(vector.statementDigest)
    expect(toHex(reportData(crypto, 'epoch', short))).toBe(vector.reportDataEpoch)
    expect(toHex(reportData(crypto, 'challenge', short))).toBe(vector.reportDataChallenge)
  })

  it('makes report data as the specification writes it', () => {
    const statement = fromHex(vector.statement)
    const epoch = concat(utf8('cocoon/attest/1'), Uint8Array.of(0, 1, 0), statement)
    const challenge = concat(utf8('cocoon/attest/1'), Uint8Array.of(0, 2, 0), statement)
    expect(toHex(crypto.sha512(epoch))).toBe(vector.reportDataEpoch)
    expect(toHex(crypto.sha512(challenge))).toBe(vector.reportDataChallenge)
  })

  it('comes back as it was written', () => {
    const decoded = decodeStatement(encode())
    expect(decoded.core).toEqual(core)
    expect(decoded.challenge).toEqual(zeros(32))
    expect(encodeStatement(decoded)).toEqual(encode())
    const registry = `-1:${'0f'.repeat(32)}`
    expect(decodeStatement(encode({ registry })).core.registry).toBe(registry)
  })

  it.each<[string, Partial<StatementCore>]>([
    ['identity key', { identityKey: bytes(31, 1) }],
    ['settlement key', { settlementKey: bytes(33, 1) }],
    ['response key', { responseKey: zeros(0) }],
    ['HPKE key', { hpkeKey: bytes(32, 1) }],
    ['policy digest', { policyDigest: bytes(20, 1) }],
    ['model root', { modelRoot: zeros(0) }],
    ['runtime digest', { runtimeDigest: bytes(64, 1) }],
    ['boot id', { bootId: bytes(15, 1) }],
    ['not-before block', { notBefore: { seqno: 0, rootHash: bytes(32, 1) } }],
    ['not-before block', { notBefore: { seqno: 1, rootHash: bytes(31, 1) } }],
    ['not-after', { notAfterMs: 0 }],
    ['not-after', { notAfterMs: 1.5 }],
    ['payout address', { payoutAddress: 'EQ' }],
    ['payout address', { payoutAddress: `0:${'AB'.repeat(32)}` }],
    ['registry', { registry: `2:${'ab'.repeat(32)}` }],
    ['role', { role: 'Provider!' }],
    ['epoch', { epoch: -1n }],
    ['global id', { globalId: 2 ** 31 }],
  ])('with a bad %s is neither written nor read', (field, changes) => {
    const reason = `the statement's ${field} is malformed`
    expect(() => encode(changes)).toThrow(reason)
  })

  /** The wire form with changes that the encoder above would refuse to make. */
  function rewritten(changes: Record<string, unknown>): Uint8Array {
    const outer = decodeMessage(StatementSchema, encode(), 8_192)
    const inner = decodeMessage(StatementCoreSchema, outer.core, 8_192)
    return encodeMessage(StatementSchema, {
      ...outer,
      core: toBinary(StatementCoreSchema, { ...inner, ...changes }),
    })
  }

  it.each<[string, Record<string, unknown>]>([
    ['version', { version: 2 }],
    ['HPKE suite', { hpkeSuite: 'toString' }],
    ['HPKE suite', { hpkeSuite: '' }],
    ['identity key', { identityKey: bytes(31, 1) }],
    ['not-after', { notAfterMs: 2n ** 60n }],
    ['not-before block', { notBefore: undefined }],
    ['boot id', { bootId: bytes(17, 1) }],
  ])('with a bad %s is refused when it is read', (field, changes) => {
    expect(() => decodeStatement(rewritten(changes))).toThrow(`the statement's ${field}`)
  })

  it('is read in one encoding only', () => {
    const good = encode()
    expect(() => decodeStatement(concat(good, Uint8Array.of(0x7a, 1, 0)))).toThrow()
    expect(() => decodeStatement(concat(good, good))).toThrow()
    expect(() => decodeStatement(good.subarray(0, -1))).toThrow()
    expect(() => decodeStatement(zeros(0))).toThrow()
    expect(() => decodeStatement(bytes(8_193, 1))).toThrow()
  })
})
