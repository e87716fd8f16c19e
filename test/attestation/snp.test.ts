/** SEV-SNP evidence of simulated machines: what is accepted, and every kind of forgery with the step that catches it. */
import { describe, expect, it } from 'vitest'
import { issueDeviceCertificate } from '#attestation/evidence/simulated/device-certificates.ts'
import { deriveP384Key } from '#attestation/evidence/simulated/device-keys.ts'
import { testOnlyRsaKey } from '#attestation/evidence/simulated/rsa-signer.ts'
import { chipExtensions, SIMULATED_SNP_TCB } from '#attestation/evidence/simulated/snp-machine.ts'
import { simulatedAmd } from '#attestation/evidence/simulated/snp-manufacturer.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import { stepNames } from '#attestation/verdict-steps.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { changedBytesTimeoutMs, forChangedBytes } from '#test/contracts/verifier.ts'
import { bytes, nowMs, runtimeDigest, seed } from './network.ts'
import {
  amd,
  amdOf,
  machineOf,
  makeSnpEvidence,
  revocationListOf,
  type SnpForgery,
  snpContext,
  snpVerdictOn,
} from './snp-network.ts'

const { root, signer, names } = amd.authorities
const honest = makeSnpEvidence()
const machine = machineOf()
const chain = [machine.certificate, signer.certificate, root.certificate]
const tcb = SIMULATED_SNP_TCB.genoa
const hardwareId = machine.fields(bytes(64, 0)).chipId
const dayMs = 86_400_000

const turin = { product: 'turin', signingKey: 'vcek' } as const
const milan = { product: 'milan', signingKey: 'vcek' } as const
const vlek = { product: 'genoa', signingKey: 'vlek' } as const

/** A policy whose SNP section has these changes. */
function withPolicy(changes: Partial<ReturnType<typeof snpContext>['policy']['snp']>): SnpForgery {
  const { policy } = snpContext()
  return { context: { policy: { ...policy, snp: { ...policy.snp, ...changes } } } }
}

function withPlatform(name: string): SnpForgery {
  const { snp } = snpContext().policy
  return withPolicy({ platform: { ...snp.platform, [name]: 'required' } })
}

/** A VCEK with other extensions, by the honest ASK. */
function vcek(extensions: readonly Uint8Array[], issuer = signer, commonName = 'SEV-VCEK') {
  const key = { kind: 'P-384', key: machine.key } as const
  return issueDeviceCertificate(
    crypto,
    names,
    { commonName, key, serial: '00', extensions },
    issuer,
  )
}

const chainOf = (...certificates: Uint8Array[]): SnpForgery => ({
  collateral: { chain: certificates },
})

describe('SEV-SNP evidence', () => {
  it.each([
    ['Genoa with VCEK', {}],
    ['Turin with FMC and a chip id of 8 bytes', { kind: turin }],
    ['a VLEK where the policy takes one', { kind: vlek }],
    ['report version 4', { fields: { version: 4 } }],
    ['report version 5', { fields: { version: 5 } }],
  ] satisfies [string, SnpForgery][])('of %s is accepted', (_name, forgery) => {
    expect(snpVerdictOn(forgery)).toBe('accepted')
  })

  it('passes every step, in order, and names the chip', () => {
    const verdict = verifyEvidence(honest, snpContext())
    expect(verdict).toMatchObject({ ok: true, tier: 'simulated', evidenceKind: 'sev-snp' })
    expect(verdict.steps.map((step) => step.name)).toEqual(stepNames('sev-snp'))
    expect(verdict.hardware).toEqual({ tier: 'software', name: `sev-snp:${toHex(hardwareId)}` })
    for (const step of verdict.steps) expect(step.reference.length).toBeGreaterThan(5)
  })

  it('comes to the same verdict on both crypto ports', () => {
    const over = (port: typeof crypto) =>
      verifyEvidence(honest, { ...snpContext(), crypto: port }).steps
    expect(over(nobleCrypto)).toEqual(over(crypto))
  })

  it('is the same bytes for everybody with the seed, and of another root for another network', () => {
    const again = simulatedAmd({ seed, nowMs, crypto: nobleCrypto })
    expect(again.anchor).toEqual(amd.anchor)
    expect(again.crl).toEqual(amd.crl)
    const other = simulatedAmd({ seed: bytes(32, 99), nowMs, crypto })
    expect(other.anchor.id).not.toBe(amd.anchor.id)
    expect(snpVerdictOn({ context: { anchors: [other.anchor] } })).toMatch(/^anchor: .*not trusted/)
  })
})

describe('a forged SNP report', () => {
  const byte = (at: number, mask: number) => (report: Uint8Array) =>
    report.with(at, (report[at] ?? 0) ^ mask)

  it.each([
    ['version 1', { fields: { version: 1 } }, /^report-format: report version 1/],
    ['version 6', { fields: { version: 6 } }, /^report-format: report version 6/],
    ['one byte more', { report: (r) => concat(r, Uint8Array.of(0)) }, /^report-format: 1185 bytes/],
    ['one byte less', { report: (r) => r.subarray(1) }, /^report-format: 1183 bytes/],
    [
      'another signature algorithm',
      { report: byte(0x34, 3) },
      /^report-format: signature algorithm/,
    ],
    ['reserved bytes set', { report: byte(0x208, 1) }, /^report-format: .*not zero/],
    ['padding of R set', { report: byte(0x2a0 + 48, 1) }, /^report-format: the padding of R/],
    ['padding of S set', { report: byte(0x2a0 + 72 + 71, 1) }, /^report-format: the padding of S/],
    ['the end of the signature set', { report: byte(1_183, 1) }, /^report-format: the end of/],
    [
      'a mitigation vector before version 5',
      { report: byte(0x1f8, 1) },
      /^report-format: the mitig/,
    ],
    ['a masked chip key', { fields: { keyInfo: 2 } }, /^report-format: the platform masks/],
    ['no signing key', { fields: { keyInfo: 7 << 2 } }, /^report-format: signed by key 7/],
    ['reserved key info', { fields: { keyInfo: 1 << 5 } }, /^report-format: reserved bits of KEY/],
    ['a changed measurement', { report: byte(0x90, 1) }, /^report-signature: /],
    ['a changed scalar', { report: byte(0x2a0, 1) }, /^report-signature: /],
    ['other report data', { fields: { reportData: bytes(64, 1) } }, /^report-data: /],
    [
      'version 2 under a policy of 3',
      { fields: { version: 2 } },
      /^vcek-identity: report version 2/,
    ],
    ['another processor', { fields: { product: 'milan' } }, /^vcek-identity: a processor of/],
    ['another chip', { fields: { chipId: bytes(64, 5) } }, /^vcek-identity: the VCEK of another/],
    [
      'a TCB it has no key for',
      { fields: { tcb: { ...tcb, snp: 99 } } },
      /^tcb-status: the key is/,
    ],
    [
      'an old committed TCB',
      { fields: { committedTcb: { ...tcb, snp: 1 } } },
      /^tcb-status: the comm/,
    ],
    [
      'an old launch TCB',
      { fields: { launchTcb: { ...tcb, microcode: 1 } } },
      /^tcb-status: the laun/,
    ],
    [
      'old firmware',
      { fields: { firmware: { major: 1, minor: 54, build: 9 } } },
      /^tcb-status: commi/,
    ],
    ['DEBUG', { fields: { policy: 0xb_0137n } }, /^guest-policy: .*DEBUG/],
    ['MIGRATE_MA', { fields: { policy: 0x7_0137n } }, /^guest-policy: .*MIGRATE_MA/],
    ['bit 17 cleared', { fields: { policy: 0x1_0137n } }, /^guest-policy: bit 17/],
    [
      'reserved policy bits',
      { fields: { policy: 0x3_0137n | (1n << 40n) } },
      /^guest-policy: reserved/,
    ],
    ['VMPL 1', { fields: { vmpl: 1 } }, /^guest-policy: VMPL 1/],
    ['no alias check', { fields: { platformInfo: 5n } }, /^platform-info: aliasCheckComplete/],
    ['reserved platform bits', { fields: { platformInfo: 0x65n } }, /^platform-info: reserved/],
    [
      'an author digest without a key',
      { fields: { authorKeyDigest: bytes(48, 1) } },
      /^id-keys: AUTHOR/,
    ],
    ['another launch digest', { fields: { measurement: bytes(48, 1) } }, /^measurements: /],
    ['other host data', { fields: { hostData: bytes(32, 1) } }, /^measurements: /],
  ] satisfies [string, SnpForgery, RegExp][])('with %s is refused', (_name, forgery, expected) => {
    expect(snpVerdictOn(forgery)).toMatch(expected)
  })

  it.each([
    ['smt refused', { guest: { ...snpContext().policy.snp.guest, smt: 'refused' } }, /SMT is set/],
    [
      'one socket',
      { guest: { ...snpContext().policy.snp.guest, singleSocket: 'required' } },
      /SINGLE/,
    ],
    ['ID keys listed', { idKeyDigests: ['ab'.repeat(48)] }, /^id-keys: an ID key/],
    ['author keys listed', { authorKeyDigests: ['ab'.repeat(48)] }, /^id-keys: an author key/],
    ['no VCEK', { signingKeys: ['vlek'] }, /^vcek-identity: .*vcek/],
    ['no Genoa', { products: [] }, /^vcek-identity: .*genoa/],
    [
      'a higher floor',
      { products: [{ product: 'genoa', tcbMin: { ...tcb, snp: 25 } }] },
      /^tcb-status/,
    ],
  ] satisfies [string, Parameters<typeof withPolicy>[0], RegExp][])(
    'under a policy with %s is refused',
    (_name, changes, expected) => {
      expect(snpVerdictOn(withPolicy(changes))).toMatch(expected)
    },
  )

  it.each(['ciphertextHiding', 'pageSwapDisabled', 'raplDisabled'])(
    'without %s is refused where it is required',
    (name) => {
      expect(snpVerdictOn(withPlatform(name))).toBe(`platform-info: ${name} is required and off`)
    },
  )

  it('with every platform protection is accepted where all are required', () => {
    const all = ['ciphertextHiding', 'pageSwapDisabled', 'raplDisabled', 'eccMemory'] as const
    const { snp } = snpContext().policy
    const on = Object.fromEntries(all.map((name) => [name, 'required' as const]))
    const fields = { platformInfo: 0b11_1101n, policy: 0x303_0137n }
    expect(snpVerdictOn({ ...withPolicy({ platform: { ...snp.platform, ...on } }), fields })).toBe(
      'accepted',
    )
  })

  it(
    'is refused with any byte changed, of report or collateral',
    () => {
      for (const part of ['quote', 'collateral'] as const) {
        forChangedBytes(honest[part].length, (at, mask) => {
          const changed = honest[part].with(at, (honest[part][at] ?? 0) ^ mask)
          expect(verifyEvidence({ ...honest, [part]: changed }, snpContext()).ok).toBe(false)
        })
      }
    },
    changedBytesTimeoutMs,
  )
})

describe('a forged SNP chain', () => {
  const rogue = { kind: 'P-384', key: deriveP384Key(crypto, seed, 'rogue') } as const
  const honestExtensions = chipExtensions('genoa', tcb, { hardwareId })
  const extracted = { commonName: 'SEV-VCEK', key: { kind: 'P-384', key: machine.key } as const }
  const minted = issueDeviceCertificate(
    crypto,
    names,
    { commonName: 'SEV-VCEK', key: extracted.key, serial: '00', extensions: honestExtensions },
    extracted,
  )
  const askKey = { kind: 'RSA-4096', key: testOnlyRsaKey('ask') } as const
  const ask = (changes: object) =>
    issueDeviceCertificate(
      crypto,
      names,
      {
        commonName: 'SEV-Genoa',
        key: askKey,
        serial: '41',
        authority: { pathLength: 0 },
        ...changes,
      },
      root,
    )
  const otherAsk = amdOf(vlek).authorities.signer.certificate

  it.each([
    ['no certificates', chainOf(), /^anchor: no root/],
    ['the leaf missing', chainOf(signer.certificate, root.certificate), /^vcek-chain: chain of 2/],
    ['one more', chainOf(machine.certificate, ...chain), /^vcek-chain: chain of 4/],
    [
      'a leaf minted under the chip key',
      chainOf(minted, machine.certificate, root.certificate),
      /^vcek-chain: unexpected/,
    ],
    [
      'a leaf signed by the chip key',
      chainOf(minted, signer.certificate, root.certificate),
      /^vcek-chain: SEV-VCEK: other issuer/,
    ],
    [
      'a leaf signed by a rogue ASK',
      chainOf(
        vcek(honestExtensions, { ...signer, key: rogue }),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-chain: SEV-VCEK is not signed/,
    ],
    [
      'the ASVK instead of the ASK',
      chainOf(machine.certificate, otherAsk, root.certificate),
      /^vcek-chain: SEV-VCEK: other issuer/,
    ],
    [
      'an ASK that is no authority',
      chainOf(machine.certificate, ask({ authority: undefined }), root.certificate),
      /^vcek-chain: .*may not sign/,
    ],
    [
      'an expired ASK',
      chainOf(machine.certificate, ask({ notAfterMs: nowMs - 1_000 }), root.certificate),
      /^vcek-chain: SEV-Genoa expired/,
    ],
    [
      'an ASK of tomorrow',
      chainOf(machine.certificate, ask({ notBeforeMs: nowMs + dayMs }), root.certificate),
      /^vcek-chain: .*not valid yet/,
    ],
    [
      'a truncated leaf',
      chainOf(machine.certificate.subarray(0, -1), signer.certificate, root.certificate),
      /^vcek-chain: malformed DER/,
    ],
    [
      'a VCEK of another product',
      chainOf(
        vcek(chipExtensions('milan', tcb, { hardwareId })),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-identity: a key of Milan/,
    ],
    [
      'a VCEK of another TCB',
      chainOf(
        vcek(chipExtensions('genoa', { ...tcb, snp: 25 }, { hardwareId })),
        signer.certificate,
        root.certificate,
      ),
      /^tcb-status: the key is for/,
    ],
    [
      'a VCEK without a hardware id',
      chainOf(vcek(honestExtensions.slice(0, -1)), signer.certificate, root.certificate),
      /^vcek-identity: a hardware id of 0/,
    ],
    [
      'a VCEK with a short hardware id',
      chainOf(
        vcek(chipExtensions('genoa', tcb, { hardwareId: hardwareId.subarray(0, 8) })),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-identity: a hardware id of 8/,
    ],
    [
      'a VCEK of a cloud provider',
      chainOf(
        vcek(chipExtensions('genoa', tcb, { cloudProvider: 'x' })),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-identity: a VCEK of a cloud/,
    ],
    [
      'an extension twice',
      chainOf(
        vcek([...honestExtensions, ...honestExtensions]),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-chain: .*twice/,
    ],
    [
      'an FMC extension on Genoa',
      chainOf(
        vcek(chipExtensions('turin', tcb, { hardwareId })),
        signer.certificate,
        root.certificate,
      ),
      /^vcek-identity: /,
    ],
  ] satisfies [string, SnpForgery, RegExp][])('with %s is refused', (_name, forgery, expected) => {
    expect(snpVerdictOn(forgery)).toMatch(expected)
  })

  const crlOf = (crl: Uint8Array): SnpForgery => ({ collateral: { crl } })
  const serialOfAsk = () => {
    const at = signer.certificate.indexOf(0x14, 8) + 1
    return toHex(signer.certificate.subarray(at, at + 20))
  }
  it.each([
    ['missing', () => crlOf(new Uint8Array(0)), /^revocation: malformed DER/],
    ['a single byte', () => crlOf(Uint8Array.of(0)), /^revocation: malformed DER/],
    ['truncated', () => crlOf(amd.crl.subarray(0, -1)), /^revocation: malformed DER/],
    [
      'expired',
      () => crlOf(revocationListOf(root, { nextUpdateMs: nowMs - 1_000 })),
      /^revocation: .*expired/,
    ],
    [
      'of tomorrow',
      () => crlOf(revocationListOf(root, { thisUpdateMs: nowMs + dayMs })),
      /^revocation: .*not valid yet/,
    ],
    [
      'of the ASK',
      () => crlOf(revocationListOf(signer)),
      /^revocation: the revocation list of "SEV-Genoa"/,
    ],
    [
      'signed by another key',
      () => crlOf(revocationListOf({ ...root, key: askKey })),
      /^revocation: .*not signed/,
    ],
    [
      'signed with another algorithm',
      () => crlOf(revocationListOf({ ...root, key: rogue })),
      /^revocation: malformed/,
    ],
    [
      'with the ASK in it',
      () => crlOf(revocationListOf(root, { revoked: [serialOfAsk()] })),
      /^revocation: SEV-Genoa .* is revoked/,
    ],
  ] satisfies [string, () => SnpForgery, RegExp][])(
    'with a list that is %s is refused',
    (_name, forgery, expected) => {
      expect(snpVerdictOn(forgery())).toMatch(expected)
    },
  )

  it('of a VLEK on a platform that hides its chip is refused', () => {
    expect(snpVerdictOn({ kind: vlek, fields: { chipId: new Uint8Array(64) } })).toMatch(
      /^vcek-identity: .*hides/,
    )
  })

  it('that calls a VLEK a VCEK is refused', () => {
    expect(snpVerdictOn({ kind: vlek, fields: { keyInfo: 0 } })).toMatch(/^vcek-chain: unexpected/)
  })
})

describe('what no policy changes', () => {
  it('refuses Milan by every built-in policy', () => {
    const { policy } = snpContext()
    expect(
      snpVerdictOn({
        kind: milan,
        context: { policy: { ...policy, anchors: [amdOf(milan).anchor.id] } },
      }),
    ).toMatch(/^vcek-identity: .*milan/)
    for (const one of [defaultPolicy(), policy]) {
      expect(one.snp.products.map(({ product }) => product)).toEqual(['genoa', 'turin'])
    }
    expect(defaultPolicy().anchors).not.toContain('amd-ark-milan')
  })

  it.each([
    ['as it is', {}],
    ['with a policy that wants confidential', { tierMin: 'confidential' }],
    ['with a policy that takes sev-snp only', { tees: ['sev-snp'] }],
  ] as const)('refuses simulated SNP on mainnet %s', (_name, changes) => {
    const policy = {
      ...snpContext().policy,
      ...changes,
      tees: [...(('tees' in changes ? changes.tees : undefined) ?? snpContext().policy.tees)],
    }
    const core = { globalId: -239 }
    expect(snpVerdictOn({ core, context: { globalId: -239, policy } })).toMatch(
      /^anchor: simulated evidence is never accepted on mainnet/,
    )
  })

  it('refuses a simulated ARK that calls itself production, on every network', () => {
    const anchor = { ...amd.anchor, environment: 'production' as const }
    for (const globalId of [-239, -3]) {
      const forgery = { core: { globalId }, context: { globalId, anchors: [anchor] } }
      expect(snpVerdictOn(forgery)).toMatch(/^anchor: .*calls itself production/)
    }
  })

  it('refuses an ARK given as an anchor of another kind', () => {
    const anchor = { ...amd.anchor, kind: 'nvidia-device-identity' as const }
    expect(snpVerdictOn({ context: { anchors: [anchor] } })).toMatch(/^anchor: .*not trusted/)
  })

  it('refuses SNP evidence that calls itself TDX, and the other way round', () => {
    expect(verifyEvidence({ ...honest, kind: 'tdx' }, snpContext()).ok).toBe(false)
  })

  it('runs the runtime that its statement names', () => {
    expect(snpVerdictOn({ core: { runtimeDigest: bytes(32, 77) } })).toMatch(
      /^report-data: .*runtime/,
    )
    expect(runtimeDigest).toHaveLength(32)
  })

  it('or one that a release with the same launch digest lists, too', () => {
    const { policy } = snpContext()
    const [first] = policy.snp.measurements
    if (first === undefined) throw new Error('the policy lists a release')
    const second = { ...first, runtimeDigest: '4d'.repeat(32) }
    const snp = { ...policy.snp, measurements: [first, second] }
    const over = (value: number) =>
      snpVerdictOn({
        core: { runtimeDigest: bytes(32, value) },
        context: { policy: { ...policy, snp } },
      })
    expect([over(0x4d), over(0x4e)]).toEqual(['accepted', expect.stringMatching(/^report-data: /)])
  })
})
