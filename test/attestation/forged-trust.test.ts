/** Forged chains and revocation lists: each is refused at the step that is meant to refuse it. */
import { describe, expect, it } from 'vitest'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { expectAnchor, MAINNET_GLOBAL_ID } from '#attestation/anchors/select.ts'
import {
  expectNotRevoked,
  PCK_PROFILE,
  verifyChain,
  verifyRevocationList,
} from '#attestation/verify/chain.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  extracted,
  honest,
  issue,
  newKey,
  platform,
  revocationList,
  root,
  sgxOf,
  stranger,
  tcbInfo,
  tcbSigner,
  verdictOn,
} from './forge.ts'
import { bytes, machine, manufacturer, nowMs, policy } from './network.ts'

const dayMs = 86_400_000
const PCK = 'Intel SGX PCK Certificate'
const pckKey = newKey(PCK)
/** A quote whose PCK certificate is this one, under the honest authorities. */
const withPck = (certificate: Uint8Array) => ({
  material: { pckKey, pckChain: [certificate, platform.certificate, root.certificate] },
})
const freshPck = (order: Partial<Parameters<typeof issue>[0]> = {}, issuer = platform) =>
  issue({ commonName: PCK, sgxExtension: sgxOf(), ...order }, issuer)

describe('forged chains', () => {
  it('accepts what the honest authorities issued', () => {
    expect(verdictOn({})).toBe('accepted')
    expect(verdictOn(withPck(freshPck()))).toBe('accepted')
  })

  it('refuses a PCK certificate minted under an extracted PCK key', () => {
    const minted = freshPck({}, { ...platform, ...extracted })
    const four = [minted, extracted.certificate, platform.certificate, root.certificate]
    expect(verdictOn({ material: { pckKey, pckChain: four } })).toContain('quote-format: ')
    const three = [minted, extracted.certificate, root.certificate]
    expect(verdictOn({ material: { pckKey, pckChain: three } })).toBe(
      'pck-chain: unexpected certificate "Intel SGX PCK Certificate"',
    )
  })

  it('refuses a PCK certificate signed by the TCB signer or by the root', () => {
    const bySigner = [freshPck({}, tcbSigner), tcbSigner.certificate, root.certificate]
    expect(verdictOn({ material: { pckKey, pckChain: bySigner } })).toBe(
      'pck-chain: unexpected certificate "Intel SGX TCB Signing"',
    )
    const byRoot = [freshPck({}, root), root.certificate]
    expect(verdictOn({ material: { pckKey, pckChain: byRoot } })).toBe(
      'pck-chain: chain of 2 certificates instead of 3',
    )
  })

  it.each([
    [
      'another common name',
      freshPck({ commonName: 'Intel SGX Something' }),
      /^pck-chain: unexpected/,
    ],
    ['a CA flag', freshPck({ authorityPathLength: 0 }), /^pck-chain: wrong CA flag/],
    ['no right to sign', freshPck({ keyUsage: [1] }), /^pck-chain: .*may not sign$/],
    ['the right to certify', freshPck({ keyUsage: [0, 5] }), /^pck-chain: .*may sign certificates/],
    ['no SGX extension', freshPck({ sgxExtension: undefined }), /^pck-chain: .*no SGX extension/],
    ['dates to come', freshPck({ notBeforeMs: nowMs + dayMs }), /^pck-chain: .*not valid yet/],
    ['dates gone by', freshPck({ notAfterMs: nowMs - dayMs }), /^pck-chain: .*expired/],
    [
      'an issuer of another name',
      freshPck({}, { ...platform, commonName: 'X' }),
      /other issuer name/,
    ],
    [
      'an issuer of another key',
      freshPck({}, { ...platform, key: newKey('x') }),
      /not signed by its/,
    ],
  ])('refuses a PCK certificate with %s', (_, certificate, reason) => {
    expect(verdictOn(withPck(certificate))).toMatch(reason)
  })

  const forgedCa = (order: Partial<Parameters<typeof issue>[0]>) => {
    const commonName = 'Intel SGX PCK Platform CA'
    const authority = issue({ commonName, publicKey: platform.key.publicKey, ...order }, root)
    return verdictOn({ material: { pckKey, pckChain: [freshPck(), authority, root.certificate] } })
  }

  it.each([
    ['an authority', { authorityPathLength: 0 }, /^accepted$/],
    ['no authority', {}, /^pck-chain: wrong CA flag/],
    [
      'without keyCertSign',
      { authorityPathLength: 0, keyUsage: [6] },
      /^pck-chain: .*may not sign cert/,
    ],
    [
      'without cRLSign',
      { authorityPathLength: 0, keyUsage: [5] },
      /^revocation: .*may not sign rev/,
    ],
  ])('judges a platform CA that is %s', (_, order, reason) => {
    expect(forgedCa(order)).toMatch(reason)
  })

  it('counts the authorities below one that limits them', () => {
    const rootOf = (authorityPathLength: number) =>
      issue(
        { commonName: root.commonName, publicKey: root.key.publicKey, authorityPathLength },
        root,
      )
    const verify = (rootCertificate: Uint8Array) => {
      const certificates = [freshPck(), platform.certificate, rootCertificate]
      return verifyChain(
        crypto,
        { certificates, root: rootCertificate, profile: PCK_PROFILE },
        nowMs,
      )
    }
    expect(verify(rootOf(1)).all).toHaveLength(3)
    expect(() => verify(rootOf(0))).toThrow(/too long a path/)
  })

  it('refuses documents under another certificate of the same root', () => {
    const { publicKey } = root.key
    const again = issue({ commonName: root.commonName, publicKey, authorityPathLength: 1 }, root)
    const chain = [tcbSigner.certificate, again]
    const collateral = tcbInfo((document) => document, { key: tcbSigner.key, chain })
    expect(verdictOn({ collateral })).toBe('tcb-info: the chain does not end in the trusted root')
  })

  it("refuses a chain under a stranger's root, also when only its bytes differ", () => {
    const strangers = issue(
      {
        commonName: stranger.commonName,
        publicKey: stranger.key.publicKey,
        authorityPathLength: 1,
      },
      stranger,
    )
    const [pck = bytes(0, 0), authority = bytes(0, 0)] = machine.material.pckChain
    expect(verdictOn({ material: { pckChain: [pck, authority, strangers] } })).toBe(
      'anchor: the evidence leads to a root that is not trusted here',
    )
    const again = issue(
      { commonName: root.commonName, publicKey: root.key.publicKey, authorityPathLength: 1 },
      root,
    )
    expect(verdictOn({ material: { pckChain: [pck, authority, again] } })).toContain('anchor: ')
  })
})

describe('revocation', () => {
  const empty = revocationList(platform)

  it.each([
    ['a revoked PCK', { pckCrl: revocationList(platform, { revoked: [machine.pckSerial] }) }],
    ['a revoked platform CA', { rootCrl: revocationList(root, { revoked: [platform.serial] }) }],
    ['a list that is not DER', { pckCrl: bytes(1, 0) }],
    ['no list', { pckCrl: bytes(0, 0) }],
    ['no root list', { rootCrl: bytes(0, 0) }],
    ['the lists swapped', { rootCrl: honest.pckCrl, pckCrl: honest.rootCrl }],
    ['the root list twice', { pckCrl: honest.rootCrl }],
    ['the list of a stranger', { pckCrl: revocationList(stranger) }],
    [
      "a stranger's list in the right name",
      { pckCrl: revocationList({ ...platform, key: newKey('x') }) },
    ],
    [
      'a list signed by an extracted PCK',
      { pckCrl: revocationList({ ...platform, key: extracted.key }) },
    ],
    ['a list to come', { pckCrl: revocationList(platform, { thisUpdateMs: nowMs + dayMs }) }],
    ['an expired list', { pckCrl: revocationList(platform, { nextUpdateMs: nowMs - 1_000 }) }],
    ['bytes after the list', { pckCrl: new Uint8Array([...empty, 0]) }],
  ])('refuses %s', (_, collateral) => {
    expect(verdictOn({ collateral })).toMatch(/^revocation: /)
  })

  it('refuses documents of a revoked TCB signer', () => {
    const rootCrl = revocationList(root, { revoked: [tcbSigner.serial] })
    expect(verdictOn({ collateral: { rootCrl } })).toMatch(/^tcb-info: .*is revoked/)
  })

  it('needs a list for every certificate below the root', () => {
    const certificates = machine.material.pckChain
    const input = { certificates, root: root.certificate, profile: PCK_PROFILE }
    const chain = verifyChain(crypto, input, nowMs)
    const rootList = verifyRevocationList(crypto, honest.rootCrl, chain.all[2] ?? chain.leaf, nowMs)
    expect(() => expectNotRevoked(chain, [rootList])).toThrow(
      /no revocation list for Intel SGX PCK/,
    )
  })

  it('lets other serial numbers be revoked', () => {
    const pckCrl = revocationList(platform, { revoked: ['01', '7f'.repeat(20)] })
    expect(verdictOn({ collateral: { pckCrl } })).toBe('accepted')
  })

  it('still refuses a revoked PCK when TCB info is forged too', () => {
    const pckCrl = revocationList(platform, { revoked: [machine.pckSerial] })
    const forged = tcbInfo((document) => document)
    expect(verdictOn({ collateral: { ...forged, pckCrl } })).toMatch(/^revocation: .*is revoked/)
  })
})

describe('anchors', () => {
  it('refuses a simulated anchor on mainnet whatever the policy says', () => {
    const lenient = { ...policy, tierMin: 'simulated' as const, tees: ['simulated-tdx' as const] }
    const context = { globalId: MAINNET_GLOBAL_ID, policy: lenient }
    expect(verdictOn({ context })).toBe('anchor: simulated evidence is never accepted on mainnet')
  })

  it("refuses simulated evidence where Intel's is the only anchor", () => {
    const anchor = intelAnchor(crypto)
    const tees = ['tdx' as const, 'simulated-tdx' as const]
    const context = { anchors: [anchor], policy: { ...policy, anchors: [anchor.id], tees } }
    expect(verdictOn({ context })).toMatch(/^anchor: .*not trusted here/)
  })

  it('refuses a root under a simulated label that does not carry the mark', () => {
    const use = {
      kind: 'tdx-dcap',
      tees: { production: 'tdx', simulated: 'simulated-tdx' },
    } as const
    const intel = { ...intelAnchor(crypto), environment: 'simulated' as const }
    const context = { crypto, globalId: -3, anchors: [intel], policy }
    expect(() => expectAnchor(context, intel.rootCertificate, use)).toThrow(/not marked simulated/)
  })

  it('refuses a simulated root that is relabelled production', () => {
    const anchor = { ...manufacturer.anchor, environment: 'production' as const }
    for (const globalId of [MAINNET_GLOBAL_ID, -3]) {
      const tees = ['tdx' as const]
      const context = { globalId, anchors: [anchor], policy: { ...policy, tees } }
      expect(verdictOn({ context })).toMatch(/^anchor: .*no pinned root/)
    }
  })

  it('refuses simulated evidence where the policy asks for confidential', () => {
    const context = { policy: { ...policy, tierMin: 'confidential' as const } }
    expect(verdictOn({ context })).toBe('anchor: the policy asks for tier confidential')
  })

  it('refuses simulated evidence where the policy lists hardware only', () => {
    const context = { policy: { ...policy, tees: ['tdx' as const] } }
    expect(verdictOn({ context })).toBe('anchor: the policy does not accept simulated-tdx')
  })
})
