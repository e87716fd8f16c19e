/** A client's own policy can only tighten the network's: judged by the verifiers themselves. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HARDWARE_TIERS } from '#attestation/policy/hardware-section.ts'
import { mergePolicies } from '#attestation/policy/merge.ts'
import { type AttestationPolicy, parsePolicy, policyDigest } from '#attestation/policy/policy.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { replayRegister } from '#attestation/verify/event-log.ts'
import { expectHardware, type HardwareId, saltedHardware } from '#attestation/verify/hardware.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { concat, fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { DEFAULT_SEAL_SUITE, SEAL_SUITES } from '#protocol/session/seal.ts'
import { type Forgery, makeTdx, tcbInfo } from './forge.ts'
import { bytes, context, core, machine, makeEvidence, manufacturer, policy } from './network.ts'
import { makeSnpEvidence, snpContext } from './snp-network.ts'

const RUNS = 150
/** A pair of policies on the whole pool takes some 150 ms on a busy core. */
const timeoutMs = 240_000

const subset = <T>(...entries: T[]) => fc.subarray(entries)
const open = <T>(...entries: T[]) => fc.oneof(fc.constant('any' as const), subset(...entries))
const word = <T extends string>(...words: T[]) => fc.constantFrom(...words)
const need = word('any', 'required')

const [release] = policy.tdx.measurements
const [snpRelease] = snpContext().policy.snp.measurements
const events = [bytes(48, 1), bytes(48, 2)]
const replaying = release && {
  ...release,
  rtMr3: {
    replayed: [
      { name: 'model', digests: [toHex(bytes(48, 1))] },
      { name: 'instance', digests: 'any' as const },
    ],
  },
}
const mrSeam = toHex(machine.report(bytes(64, 0)).mrSeam)
const ppid = 'tdx:811dca2a26b952e85bb6448b097ba4fd'
const machines = [ppid, 'tdx:811dca2a26b952e85bb6448b097ba4fe', `sev-snp:${'ab'.repeat(64)}`]
const vouched = subset(...machines.map((hardware) => ({ hardware, by: 'somebody' })))

const tcb = fc.record({
  statuses: subset('UpToDate', 'SWHardeningNeeded', 'OutOfDate', 'ConfigurationNeeded'),
  advisories: subset('SIMULATED-SA-00001', 'SIMULATED-SA-00002'),
  evaluationNumberMin: fc.integer({ min: 17, max: 19 }),
  grace: fc.oneof(
    fc.constant(null),
    fc.record({
      tcbDateMin: word('2025-01-01T00:00:00Z', '2025-12-01T00:00:00Z'),
      until: word('2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'),
    }),
  ),
})

const tdx = fc.record({
  mrSeam: open(mrSeam, 'ab'.repeat(48)),
  xfamAllowed: word('e71a060000000000', 'e702060000000000', 'ffffffffffffffff', '0300000000000000'),
  migratable: word('refused', 'allowed'),
  measurements: subset(release, replaying).map((list) => list.filter((one) => one !== undefined)),
})

const svn = fc.constantFrom(0, 9, 10, 11, 24)
const snp = fc.record({
  products: fc
    .record({ fmc: fc.constant(0), bootLoader: svn, tee: fc.constant(0), snp: svn, microcode: svn })
    .map((tcbMin) => [{ product: 'genoa' as const, tcbMin }])
    .chain((list) => fc.subarray(list)),
  signingKeys: subset('vcek', 'vlek'),
  reportVersionMin: fc.integer({ min: 2, max: 5 }),
  abiMin: fc.record({ major: fc.integer({ min: 0, max: 2 }), minor: fc.constantFrom(0, 55, 56) }),
  guest: fc.record({
    debug: fc.constant('refused' as const),
    migrationAgent: word('refused', 'allowed'),
    vmplMax: fc.integer({ min: 0, max: 3 }),
    singleSocket: need,
    smt: word('refused', 'allowed'),
  }),
  platform: fc.record({
    aliasCheckComplete: need,
    ciphertextHiding: need,
    pageSwapDisabled: need,
    eccMemory: need,
    raplDisabled: need,
  }),
  idKeyDigests: open('00'.repeat(48), 'ab'.repeat(48)),
  authorKeyDigests: open('00'.repeat(48), 'ab'.repeat(48)),
  measurements: subset(snpRelease).map((list) => list.filter((one) => one !== undefined)),
})

/** Any policy that says something about the pool of evidence below. */
const policies: fc.Arbitrary<AttestationPolicy> = fc
  .record({
    version: fc.constant(2 as const),
    name: word('one', 'other'),
    tierMin: word('simulated', 'confidential'),
    tees: subset('tdx', 'simulated-tdx', 'simulated-snp'),
    anchors: subset(
      manufacturer.anchor.id,
      ...snpContext().policy.anchors,
      ...snpContext({ product: 'genoa', signingKey: 'vlek' }).policy.anchors,
    ),
    tcb,
    tdx,
    snp,
    gpu: fc.record({
      need: word('none', 'optional', 'required'),
      architectures: subset('hopper', 'blackwell'),
      drivers: open('550.90.07', '570.1'),
      vbios: open('96.00.9F.00.01'),
      rims: open('ab'.repeat(32)),
      nras: word('none', 'optional', 'required'),
    }),
    hardware: fc.record({
      tierMin: fc.constantFrom(...HARDWARE_TIERS),
      endorsed: vouched,
      locationVerified: vouched,
      revoked: subset(...machines.map((hardware) => ({ hardware, reason: 'test' }))),
    }),
    sealingSuites: subset(...SEAL_SUITES),
    freshness: fc.record({
      challengeFirstContact: fc.boolean(),
      challengeLocationVerified: fc.boolean(),
      spotChecksPerThousand: fc.integer({ min: 0, max: 1_000 }),
    }),
    claimedPolicy: fc.oneof(word('any', 'same'), subset(toHex(core.policyDigest), 'ab'.repeat(32))),
  })
  .map(parsePolicy)

const leveled = (tcbStatus: string, tcbDate: string, advisoryIDs: string[]): Forgery => ({
  collateral: tcbInfo((document) => {
    const [level] = document.tcbLevels
    return { ...document, tcbLevels: [{ ...level, tcbStatus, tcbDate, advisoryIDs }] }
  }),
})

/** TDX evidence that differs in what a policy may decide. */
const tdxPool: readonly Forgery[] = [
  {},
  { body: { xfam: fromHex('e718060000000000') } },
  { body: { tdAttributes: fromHex('0000003000000000') } },
  { body: { mrSeam: bytes(48, 0xab) } },
  {
    body: { rtMr: machine.report(bytes(64, 0)).rtMr.with(3, replayRegister(crypto, events)) },
    eventLog: concat(...events),
  },
  leveled('SWHardeningNeeded', '2025-06-01T00:00:00Z', ['SIMULATED-SA-00001']),
  leveled('OutOfDate', '2025-06-01T00:00:00Z', []),
  leveled('OutOfDate', '2026-01-01T00:00:00Z', ['SIMULATED-SA-00002']),
  leveled('OutOfDateConfigurationNeeded', '2026-01-01T00:00:00Z', []),
]
const tdxEvidence = tdxPool.map(makeTdx)

/** Names of the steps that pass under this policy, and of those that no policy decides. */
function passing(
  steps: readonly { readonly name: string; readonly status: string }[],
): Set<string> {
  const good = steps.filter(({ status }) => status === 'passed' || status === 'not-required')
  return new Set(good.map(({ name }) => name))
}

function expectOnlyTighter(
  one: AttestationPolicy,
  other: AttestationPolicy,
  passes: (policy: AttestationPolicy) => Set<string>,
): void {
  const [first, second] = [passes(one), passes(other)]
  for (const step of passes(mergePolicies(crypto, one, other))) {
    expect(first, step).toContain(step)
    expect(second, step).toContain(step)
  }
}

const vlek = { product: 'genoa', signingKey: 'vlek' } as const

const bundles: readonly (readonly [EvidenceBundle, VerdictContext])[] = [
  [makeEvidence(), context],
  [makeEvidence({ core: { hpkeSuite: SEAL_SUITES[1], hpkeKey: bytes(32, 3) } }), context],
  [makeSnpEvidence(), snpContext()],
  [makeSnpEvidence({ kind: vlek }), snpContext(vlek)],
]

describe('two policies merged', () => {
  it(
    'accept of every TDX quote only what both accept, step by step',
    () => {
      const property = fc.property(policies, policies, (one, other) => {
        for (const evidence of tdxEvidence) {
          expectOnlyTighter(one, other, (judged) =>
            passing(appraiseTdx(evidence, { ...context, policy: judged }).steps),
          )
        }
      })
      fc.assert(property, { numRuns: RUNS / 5 })
    },
    timeoutMs,
  )

  it(
    'accept of whole evidence of both kinds only what both accept',
    () => {
      const property = fc.property(policies, policies, (one, other) => {
        for (const [evidence, base] of bundles) {
          expectOnlyTighter(one, other, (judged) =>
            passing(verifyEvidence(evidence, { ...base, policy: judged }).steps),
          )
        }
      })
      fc.assert(property, { numRuns: RUNS / 5 })
    },
    timeoutMs,
  )

  it('accept of genuine machines only those that both accept', () => {
    const ids: HardwareId[] = [
      { kind: 'tdx', id: fromHex(ppid.slice(4)) },
      { kind: 'tdx', id: fromHex('811dca2a26b952e85bb6448b097ba4fe') },
      { kind: 'sev-snp', id: bytes(64, 0xab) },
      { kind: 'sev-snp', id: bytes(64, 0xac) },
    ]
    const accepts = ({ hardware }: AttestationPolicy, id: HardwareId): boolean => {
      try {
        expectHardware(crypto, hardware, 'production', id)
        return true
      } catch {
        return false
      }
    }
    let accepted = 0
    const property = fc.property(policies, policies, (one, other) => {
      const merged = mergePolicies(crypto, one, other)
      for (const id of ids) {
        // Both ways: here nothing that both accept is lost either.
        const isAccepted = accepts(merged, id)
        expect(isAccepted).toBe(accepts(one, id) && accepts(other, id))
        accepted += isAccepted ? 1 : 0
      }
    })
    fc.assert(property, { numRuns: RUNS * 4 })
    expect(accepted).toBeGreaterThan(10)
  })

  it('ask for challenges whenever one of them does', () => {
    fc.assert(
      fc.property(policies, policies, (one, other) => {
        const { freshness } = mergePolicies(crypto, one, other)
        for (const { freshness: asked } of [one, other]) {
          expect(freshness.challengeFirstContact).toBe(
            one.freshness.challengeFirstContact || other.freshness.challengeFirstContact,
          )
          expect(freshness.spotChecksPerThousand).toBeGreaterThanOrEqual(
            asked.spotChecksPerThousand,
          )
        }
      }),
    )
  })

  it('come to the same twice, and to themselves with themselves', () => {
    fc.assert(
      fc.property(policies, policies, (one, other) => {
        const merged = mergePolicies(crypto, one, other)
        const again = mergePolicies(crypto, merged, other)
        expect({ ...again, name: '' }).toEqual({ ...merged, name: '' })
        if (one.claimedPolicy === 'same') return
        const self = mergePolicies(crypto, one, one)
        const { tierMin, tees, anchors, tcb: sameTcb, tdx: sameTdx, snp: sameSnp } = one
        expect(self).toMatchObject({
          tierMin,
          tees,
          anchors,
          tcb: sameTcb,
          tdx: sameTdx,
          snp: sameSnp,
        })
      }),
    )
  })
})

describe('what merging keeps', () => {
  it('the honest evidence that both accept', () => {
    const own = { ...policy, name: 'own', sealingSuites: [DEFAULT_SEAL_SUITE] }
    const merged = mergePolicies(crypto, policy, own)
    const evidence = makeEvidence()
    expect(verifyEvidence(evidence, { ...context, policy: merged }).ok).toBe(true)
  })

  it('a claim of the document that asked for it, never of the merged one', () => {
    const same = { ...policy, claimedPolicy: 'same' as const }
    const digest = policyDigest(crypto, same)
    const own = { ...policy, name: 'own' }
    const merged = mergePolicies(crypto, same, own)
    expect(merged.claimedPolicy).toEqual([toHex(digest)])
    const claiming = (policyDigestClaimed: Uint8Array) =>
      verifyEvidence(makeEvidence({ core: { policyDigest: policyDigestClaimed } }), {
        ...context,
        policy: merged,
      }).ok
    expect(claiming(digest)).toBe(true)
    expect(claiming(policyDigest(crypto, merged))).toBe(false)
    expect(claiming(policyDigest(crypto, own))).toBe(false)
  })

  it('revoked hardware of both, and refuses when that list gets too long', () => {
    const revoke = (from: number, count: number) => ({
      ...policy,
      hardware: {
        ...policy.hardware,
        revoked: Array.from({ length: count }, (_, at) => ({
          hardware: `tdx:${(from + at).toString(16).padStart(32, '0')}`,
          reason: 'extracted keys',
        })),
      },
    })
    const merged = mergePolicies(crypto, revoke(0, 100), revoke(50, 100))
    expect(merged.hardware.revoked).toHaveLength(150)
    expect(() => mergePolicies(crypto, revoke(0, 200), revoke(200, 200))).toThrow(
      /hardware.revoked/,
    )
  })

  it('machines that only one side vouches for, where only that side asks', () => {
    const asks = {
      ...policy,
      hardware: {
        ...policy.hardware,
        tierMin: 'endorsed' as const,
        endorsed: [{ hardware: ppid, by: 'an operator' }],
      },
    }
    const merged = mergePolicies(crypto, policy, asks)
    expect(merged.hardware).toMatchObject({ tierMin: 'endorsed', endorsed: asks.hardware.endorsed })
    const id: HardwareId = { kind: 'tdx', id: fromHex(ppid.slice(4)) }
    expect(expectHardware(crypto, merged.hardware, 'production', id).tier).toBe('endorsed')
    expect(() => expectHardware(crypto, merged.hardware, 'simulated', id)).toThrow(/tier software/)
  })
})

describe('hardware identity', () => {
  const id: HardwareId = { kind: 'tdx', id: fromHex(ppid.slice(4)) }
  const section = { tierMin: 'software', endorsed: [], locationVerified: [], revoked: [] } as const
  const salted = saltedHardware(crypto, bytes(16, 5), id)

  it.each([
    ['in clear', ppid],
    ['salted and hashed', salted],
  ])('that is revoked %s is refused', (_, hardware) => {
    const revoked = [{ hardware, reason: 'keys extracted by TEE.fail' }]
    const judge = (environment: 'production' | 'simulated') => () =>
      expectHardware(
        crypto,
        { ...section, endorsed: [], locationVerified: [], revoked },
        environment,
        id,
      )
    expect(judge('production')).toThrow(/revoked hardware: keys extracted/)
    expect(judge('simulated')).toThrow(/revoked hardware/)
    const other = { ...id, id: fromHex('811dca2a26b952e85bb6448b097ba4fe') }
    expect(
      expectHardware(
        crypto,
        { ...section, endorsed: [], locationVerified: [], revoked },
        'production',
        other,
      ).tier,
    ).toBe('genuine')
  })

  it('is refused in the verdict, which shows it', () => {
    const evidence = makeEvidence()
    const good = verifyEvidence(evidence, context)
    expect(good.hardware).toMatchObject({ tier: 'software', name: expect.stringMatching(/^tdx:/) })
    const hardware = {
      ...policy.hardware,
      revoked: [{ hardware: good.hardware?.name ?? '', reason: 'stolen' }],
    }
    const refused = verifyEvidence(evidence, { ...context, policy: { ...policy, hardware } })
    expect(refused.ok).toBe(false)
    const failed = refused.steps.filter((step) => step.status === 'failed')
    expect(failed).toMatchObject([
      {
        name: 'hardware-identity',
        found: good.hardware?.name,
        detail: 'revoked hardware: stolen',
        advice: 'stop',
      },
    ])
    expect(refused.hardware).toBeUndefined()
  })

  it('below the asked tier is refused, and simulated machines are always the lowest', () => {
    const endorsed = [{ hardware: salted, by: 'an operator' }]
    const located = [{ hardware: ppid, by: 'an auditor' }]
    const tier = (lists: object, environment: 'production' | 'simulated' = 'production') =>
      expectHardware(
        crypto,
        { ...section, endorsed: [], locationVerified: [], revoked: [], ...lists },
        environment,
        id,
      ).tier
    expect(tier({})).toBe('genuine')
    expect(tier({ endorsed })).toBe('endorsed')
    expect(tier({ endorsed, locationVerified: located })).toBe('location-verified')
    expect(tier({ endorsed, locationVerified: located }, 'simulated')).toBe('software')
    expect(() => tier({ endorsed, tierMin: 'location-verified' })).toThrow(/tier endorsed/)
    expect(() => tier({ tierMin: 'genuine' }, 'simulated')).toThrow(/tier software/)
  })
})
