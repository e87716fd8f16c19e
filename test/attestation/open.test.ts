/** Tier open: a signature instead of a quote, good for who permits it by name, and never more than open. */
import { describe, expect, it } from 'vitest'
import { openSource } from '#attestation/evidence/open.ts'
import { simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import { encodeStatement, reportData } from '#attestation/statement.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import { requireVerdict, type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { VerdictCache } from '#attestation/verdict-cache.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'

const NOW_MS = Date.UTC(2026, 10, 23)
const identity = crypto.ed25519FromSeed(new Uint8Array(32).fill(1))
const stranger = crypto.ed25519FromSeed(new Uint8Array(32).fill(2))
const bytes32 = (value: number) => new Uint8Array(32).fill(value)
const none = new Uint8Array(0)
const block = { seqno: 7, rootHash: bytes32(7), timeMs: NOW_MS - 1_000 }

const core = {
  ...{ version: 1, globalId: -3, registry: '', role: 'provider' },
  identityKey: identity.publicKey,
  settlementKey: bytes32(3),
  payoutAddress: `0:${'ab'.repeat(32)}`,
  ...{ hpkeSuite: DEFAULT_SEAL_SUITE, hpkeKey: new Uint8Array(1_216) },
  responseKey: stranger.publicKey,
  ...{ policyDigest: bytes32(0), modelRoot: bytes32(4), runtimeDigest: bytes32(5) },
  ...{ bootId: new Uint8Array(16), epoch: 1n, notBefore: { seqno: 7, rootHash: bytes32(7) } },
  notAfterMs: NOW_MS + 60_000,
}

async function evidenceOf(changes: Partial<typeof core> = {}, signer = identity) {
  const parts = { gpuEvidenceHash: bytes32(0), challenge: bytes32(0) }
  const statement = encodeStatement({ core: { ...core, ...changes }, ...parts })
  const { quote } = await openSource(crypto, signer).quote(reportData(crypto, 'epoch', statement))
  const rest = { collateral: none, gpuEvidence: none }
  return {
    kind: 'none',
    mode: 'epoch',
    statement,
    quote,
    ...rest,
  } as const satisfies EvidenceBundle
}

const context: VerdictContext = {
  ...{ crypto, globalId: -3, nowMs: NOW_MS, anchors: [], openPermitted: true },
  policy: simulatedNetworkPolicy({ anchors: [], measurements: {} }),
  expected: { identityKey: identity.publicKey, modelRoot: bytes32(4), role: 'provider' },
  notBeforeBlock: block,
}

describe('evidence of no machine', () => {
  it('is tier open for an asker that permits it', async () => {
    const verdict = verifyEvidence(await evidenceOf(), context)
    expect(verdict).toMatchObject({ evidenceKind: 'none', tier: 'open', ok: true })
    expect(() => requireVerdict(verdict)).not.toThrow()
  })

  it('is nothing for any other asker, and the cache keeps the two apart', async () => {
    const evidence = await evidenceOf()
    const cache = new VerdictCache(crypto)
    expect(cache.judge(evidence, context).ok).toBe(true)
    for (const openPermitted of [false, undefined]) {
      const verdict = cache.judge(evidence, { ...context, openPermitted })
      expect(verdict).toMatchObject({ tier: 'open', ok: false })
      expect(() => requireVerdict(verdict)).toThrow(/tier-open/)
    }
  })

  it.each([
    ['another key signed', evidenceOf({}, stranger)],
    ['a policy is claimed', evidenceOf({ policyDigest: bytes32(9) })],
    ['collateral comes with it', evidenceOf().then((one) => ({ ...one, collateral: bytes32(1) }))],
    [
      'GPU evidence comes with it',
      evidenceOf().then((one) => ({ ...one, gpuEvidence: bytes32(1) })),
    ],
  ])('is refused where %s', async (_, evidence) => {
    const { ok, tier, steps } = verifyEvidence(await evidence, context)
    expect({ ok, tier }).toEqual({ ok: false, tier: 'open' })
    const failed = steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
    expect(failed).toEqual(['statement-signature'])
  })

  it('does not pass as a quote of a machine', async () => {
    for (const kind of ['tdx', 'sev-snp'] as const) {
      expect(verifyEvidence({ ...(await evidenceOf()), kind }, context).ok).toBe(false)
    }
  })
})
