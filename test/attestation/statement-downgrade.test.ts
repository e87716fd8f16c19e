/** Nobody can talk a session down: not the suite, not the key, not the version, not what the policy asks. */
import { toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '#attestation/policy/policy.ts'
import { encodeStatement, type StatementCore } from '#attestation/statement.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { decodeMessage, encodeMessage } from '#protocol/codec.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  DEFAULT_SEAL_SUITE,
  EncapsulationGuard,
  generateSealingKey,
  SEAL_SUITES,
  sealOpenReceiver,
  sealOpenSender,
} from '#protocol/session/seal.ts'
import { negotiateVersion, transcriptBytes } from '#protocol/session/transcript.ts'
import { StatementCoreSchema, StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { bytes, context, core, makeEvidence, policy, zeros } from './network.ts'

const X25519 = SEAL_SUITES[1]
const weak = { hpkeSuite: X25519, hpkeKey: bytes(32, 9) } as const
const tolerant = { ...policy, sealingSuites: [...SEAL_SUITES] }

function failedSteps(evidence: EvidenceBundle, changes: Partial<VerdictContext> = {}): string[] {
  const verdict = verifyEvidence(evidence, { ...context, ...changes })
  const failed = verdict.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  expect(verdict.ok).toBe(failed.length === 0)
  return failed
}

/** What a man in the middle can do: another statement under the quote of the honest one. */
function edited(changes: Partial<StatementCore>): EvidenceBundle {
  const gpuEvidenceHash = zeros(32)
  const statement = encodeStatement({
    core: { ...core, ...changes },
    gpuEvidenceHash,
    challenge: zeros(32),
  })
  return { ...makeEvidence(), statement }
}

/** As above, with fields that our own encoder refuses to write. */
function rewritten(changes: Record<string, unknown>): EvidenceBundle {
  const honest = makeEvidence()
  const outer = decodeMessage(StatementSchema, honest.statement, 8_192)
  const inner = decodeMessage(StatementCoreSchema, outer.core, 8_192)
  const coreBytes = toBinary(StatementCoreSchema, { ...inner, ...changes })
  return { ...honest, statement: encodeMessage(StatementSchema, { ...outer, core: coreBytes }) }
}

describe('the suite in the statement', () => {
  it('a provider that offers X25519 alone is refused where the policy asks for the hybrid', () => {
    expect(policy.sealingSuites).toEqual([DEFAULT_SEAL_SUITE])
    expect(failedSteps(makeEvidence({ core: weak }))).toEqual(['sealing-suite'])
    expect(failedSteps(makeEvidence({ core: weak }), { policy: tolerant })).toEqual([])
  })

  it('a man in the middle who writes his suite or key into it breaks the quote', () => {
    expect(failedSteps(edited(weak))).toEqual(['sealing-suite', 'report-data'])
    expect(failedSteps(edited(weak), { policy: tolerant })).toEqual(['report-data'])
    expect(failedSteps(edited({ hpkeKey: bytes(1_216, 9) }))).toEqual(['report-data'])
  })

  it.each<[string, Record<string, unknown>]>([
    ['the hybrid with an X25519 key', { hpkeKey: bytes(32, 9) }],
    ['X25519 with a hybrid key', { hpkeSuite: X25519 }],
    ['a suite of another name', { hpkeSuite: 'X25519' }],
    ['no suite', { hpkeSuite: '' }],
    ['two suites', { hpkeSuite: SEAL_SUITES.join(',') }],
    ['no key', { hpkeKey: zeros(0) }],
  ])('%s is no statement at all', (_, changes) => {
    expect(failedSteps(rewritten(changes), { policy: tolerant })).toContain('statement-format')
  })

  it('a policy cannot name a suite that is none', () => {
    const sealingSuites = ['X25519-KYBER/HKDF-SHA256/AES-256-GCM']
    expect(errorCode(() => parsePolicy({ ...policy, sealingSuites }))).toBe('POLICY_INVALID')
    expect(errorCode(() => parsePolicy({ ...policy, sealingSuites: undefined }))).toBe(
      'POLICY_INVALID',
    )
    expect(failedSteps(makeEvidence(), { policy: { ...policy, sealingSuites: [] } })).toEqual([
      'sealing-suite',
    ])
  })
})

describe('the seal', () => {
  it('takes the suite from the statement: a key of another suite opens nothing', async () => {
    const hybrid = await generateSealingKey(DEFAULT_SEAL_SUITE)
    const plain = await generateSealingKey(X25519)
    const info = bytes(32, 1)
    for (const [suite, key] of [
      [DEFAULT_SEAL_SUITE, plain.publicKey],
      [X25519, hybrid.publicKey],
    ] as const) {
      expect(await rejectionCode(sealOpenSender(suite, key, info))).toBe('SEAL_KEY_INVALID')
    }
    const { enc } = await sealOpenSender(X25519, plain.publicKey, info)
    const guard = new EncapsulationGuard()
    expect(await rejectionCode(sealOpenReceiver(hybrid, enc, info, guard))).toBe('SEAL_ENC_INVALID')
  })
})

describe('the version', () => {
  const responseKey = crypto.ed25519FromSeed(bytes(32, 7))
  const statement = makeEvidence().statement
  const seen = (clientVersions: readonly number[], providerVersions: readonly number[]) =>
    transcriptBytes({
      crypto,
      clientVersions,
      providerVersions,
      version: negotiateVersion(clientVersions, providerVersions),
      statement,
      quote: bytes(8, 1),
      clientNonce: bytes(32, 2),
      providerChallenge: bytes(32, 3),
      channel: `0:${'ab'.repeat(32)}`,
      clientPeerId: 'client',
      providerPeerId: 'provider',
    })

  it('is the highest of both', () => {
    expect(negotiateVersion([3, 2, 1], [2, 1])).toBe(2)
    expect(errorCode(() => negotiateVersion([1, 2], [2, 1]))).toBe('VERSION_OFFER_MALFORMED')
    expect(errorCode(() => negotiateVersion([3], [2, 1]))).toBe('VERSION_UNSUPPORTED')
  })

  it.each<[string, [number[], number[]], [number[], number[]]]>([
    ["the client's list", [[2, 1], [1]], [[1], [1]]],
    ["the provider's list", [[1], [2, 1]], [[1], [1]]],
    [
      'both lists',
      [
        [2, 1],
        [2, 1],
      ],
      [[1], [1]],
    ],
  ])('cannot be lowered by taking one out of %s: the transcript differs', (_, said, heard) => {
    const signature = crypto.ed25519Sign(responseKey, seen(...heard))
    expect(crypto.ed25519Verify(responseKey.publicKey, seen(...heard), signature)).toBe(true)
    expect(crypto.ed25519Verify(responseKey.publicKey, seen(...said), signature)).toBe(false)
  })

  it('belongs to this statement, and so to its suite', () => {
    const other = makeEvidence({ core: weak }).statement
    expect(crypto.sha256(other)).not.toEqual(crypto.sha256(statement))
  })
})
