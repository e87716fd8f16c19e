/**
 * Simulated evidence on mainnet (global id -239): each way in that code, policies, anchors, caches or files
 * could offer is tried, and each must be refused by the code, not by how a policy happens to read.
 */
import { describe, expect, it } from 'vitest'
import { amdAnchor } from '#attestation/anchors/amd.ts'
import { INTEL_ANCHOR_ID, intelAnchor } from '#attestation/anchors/intel.ts'
import { nvidiaAnchor } from '#attestation/anchors/nvidia.ts'
import { MAINNET_GLOBAL_ID } from '#attestation/anchors/select.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { TEES } from '#attestation/policy/policy.ts'
import type { AnchorKind, EvidenceBundle, TrustAnchor } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { VerdictCache } from '#attestation/verdict-cache.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { networkTrust } from '#node/trust.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { errorCode } from '#test/support/error-code.ts'
import {
  bytes,
  context,
  makeChallenge,
  makeEvidence,
  manufacturer,
  policy,
  seed,
} from './network.ts'

const globalId = MAINNET_GLOBAL_ID
const { anchor } = manufacturer
/** A statement that says mainnet, under a simulated quote that is good in every other way. */
const evidence = makeEvidence({ core: { globalId } })
/** Asks for nothing that could refuse it. */
const lax: AttestationPolicy = {
  ...policy,
  tees: [...TEES],
  anchors: [anchor.id, INTEL_ANCHOR_ID],
  tierMin: 'simulated',
  hardware: { ...policy.hardware, tierMin: 'software' },
}

function judge(changes: Partial<VerdictContext> = {}, given: EvidenceBundle = evidence) {
  return verifyEvidence(given, { ...context, globalId, policy: lax, ...changes })
}

function anchorStep(changes: Partial<VerdictContext> = {}, given?: EvidenceBundle): string {
  const verdict = judge(changes, given)
  expect(verdict.ok).toBe(false)
  expect(verdict.tier).not.toBe('confidential')
  const step = verdict.steps.find(({ name }) => name === 'anchor')
  return `${step?.status}: ${step?.detail}`
}

describe('simulated evidence on mainnet', () => {
  it('would be good on any other network: mainnet alone is what refuses it', () => {
    expect(globalId).toBe(-239)
    expect(judge({ globalId: -3 }, makeEvidence()).ok).toBe(true)
    const failed = judge().steps.filter(({ status }) => status === 'failed')
    expect(failed.map(({ name }) => name)).toEqual(['anchor'])
    expect(anchorStep()).toBe('failed: simulated evidence is never accepted on mainnet')
  })

  it.each<[string, TrustAnchor]>([
    ['is called production', { ...anchor, environment: 'production' }],
    ["takes the name of Intel's", { ...anchor, id: INTEL_ANCHOR_ID }],
    ["takes Intel's name and label", { ...anchor, id: INTEL_ANCHOR_ID, environment: 'production' }],
    ...(['amd-ark', 'nvidia-device-identity'] as const).map((kind): [string, TrustAnchor] => [
      `is of kind ${kind}`,
      { ...anchor, kind },
    ]),
    [
      'has a label that is none',
      { ...anchor, environment: 'Production' as TrustAnchor['environment'] },
    ],
  ])('is refused when its anchor %s', (_, changed) => {
    for (const anchors of [[changed], [changed, anchor], [intelAnchor(crypto), changed]]) {
      const anchorsInPolicy = [...lax.anchors, changed.id]
      const given = { anchors, policy: { ...lax, anchors: anchorsInPolicy } }
      expect(anchorStep(given)).toMatch(/^failed: /)
    }
  })

  it('is refused beside the real anchors, in any order', () => {
    const real = [intelAnchor(crypto), amdAnchor(crypto, 'genoa'), nvidiaAnchor(crypto)]
    for (const anchors of [
      [...real, anchor],
      [anchor, ...real],
    ]) {
      expect(anchorStep({ anchors })).toBe(
        'failed: simulated evidence is never accepted on mainnet',
      )
    }
    expect(anchorStep({ anchors: real })).toMatch(/not trusted here/)
  })

  it.each<[string, Partial<AttestationPolicy>]>([
    ['names the anchor and every kind of machine', {}],
    ['asks for any hardware', { hardware: { ...policy.hardware, tierMin: 'software' } }],
    ['asks for its own digest', { claimedPolicy: 'any' }],
    ['has no challenges', { freshness: { ...policy.freshness, challengeFirstContact: false } }],
  ])('is refused whatever the policy says: it %s', (_, changes) => {
    expect(anchorStep({ policy: { ...lax, ...changes } })).toMatch(/^failed: simulated evidence/)
  })

  it('is refused with a fresh challenge too', () => {
    const { evidence: fresh, challenge } = makeChallenge([bytes(32, 1)], 0)
    expect(judge({ challenge }, fresh).ok).toBe(false)
    expect(anchorStep({ challenge }, fresh)).toMatch(/^failed: simulated evidence/)
  })

  it('is refused when it says that it is another network, and by another network when it says mainnet', () => {
    expect(judge({}, makeEvidence()).ok).toBe(false)
    expect(judge({ globalId: -3 }).steps.find(({ name }) => name === 'network')?.status).toBe(
      'failed',
    )
  })

  it('is refused as a quote without a statement', () => {
    const { steps } = appraiseTdx(evidence, { ...context, globalId, policy: lax })
    expect(steps.find(({ name }) => name === 'anchor')?.status).toBe('failed')
  })

  it('is refused as another kind of evidence', () => {
    expect(judge({}, { ...evidence, kind: 'sev-snp' }).ok).toBe(false)
  })

  it('is not let in by a verdict that was remembered elsewhere', () => {
    const cache = new VerdictCache(crypto)
    const elsewhere = { ...context, globalId: -3, policy: lax }
    expect(cache.judge(makeEvidence(), elsewhere).ok).toBe(true)
    expect(cache.judge(makeEvidence(), { ...elsewhere, globalId }).ok).toBe(false)
    expect(cache.judge(evidence, { ...elsewhere, globalId }).ok).toBe(false)
    expect(cache.judge(evidence, { ...elsewhere, globalId }).ok).toBe(false)
  })

  it('is not let in by a network file that names a simulated manufacturer', () => {
    const file = {
      format: 'cocoon-network/1' as const,
      name: 'a trap',
      globalId,
      chainUrl: 'http://127.0.0.1:1',
      bootstrap: [],
      models: [],
      closeDelay: 600,
      simulatedManufacturerSeed: toHex(seed),
    }
    expect(errorCode(() => networkTrust(file, crypto, context.nowMs))).toBe('SIMULATED_ON_MAINNET')
    const { simulatedManufacturerSeed: _, ...honest } = file
    const trust = networkTrust(honest, crypto, context.nowMs)
    expect(trust.manufacturer).toBeUndefined()
    expect(trust.anchors.map(({ environment }) => environment)).not.toContain('simulated')
    expect(anchorStep({ anchors: trust.anchors, policy: trust.policy })).toMatch(/^failed: /)
  })

  it('no kind of anchor is production but by its pinned digest', () => {
    const kinds: AnchorKind[] = ['tdx-dcap', 'amd-ark', 'nvidia-device-identity']
    for (const kind of kinds) {
      const changed: TrustAnchor = { ...anchor, kind, environment: 'production' }
      expect(judge({ anchors: [changed] }).ok).toBe(false)
    }
  })
})
