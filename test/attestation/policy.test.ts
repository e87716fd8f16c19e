/** The policy document: strict, complete, and safe by default. */
import { describe, expect, it } from 'vitest'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { canonicalJson } from '#attestation/policy/canonical-json.ts'
import { parsePolicy } from '#attestation/policy/policy.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { policy } from './network.ts'

describe('a policy document', () => {
  it('is what it was after reading', () => {
    expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
  })

  it.each(Object.keys(policy))('without %s is refused', (field) => {
    const { [field as 'name']: _, ...rest } = policy
    expect(() => parsePolicy(rest)).toThrow(`"${field}"`)
  })

  it.each([
    ['an unknown field', { ...policy, allowDebug: true }],
    ['another version', { ...policy, version: 1 }],
    ['Revoked among its statuses', { ...policy, tcb: { ...policy.tcb, statuses: ['Revoked'] } }],
    ['an unknown TEE', { ...policy, tees: ['sgx'] }],
    ['an unknown suite', { ...policy, sealingSuites: ['none'] }],
    ['a short measurement', { ...policy, tdx: { ...policy.tdx, mrSeam: ['ab'] } }],
    ['too many anchors', { ...policy, anchors: new Array(257).fill('a') }],
    ['nothing in it', {}],
    ['no object at all', 'allow'],
  ])('with %s is refused', (_, document) => {
    expect(() => parsePolicy(document)).toThrow(/policy is invalid/)
  })

  it('for production accepts hardware, UpToDate and nothing without a release', () => {
    const production = defaultPolicy()
    expect(production).toMatchObject({
      tierMin: 'confidential',
      tees: ['tdx', 'sev-snp'],
      anchors: [intelAnchor(crypto).id],
      tcb: { statuses: ['UpToDate'], advisories: [] },
      tdx: { measurements: [] },
      sealingSuites: ['MLKEM768-X25519/HKDF-SHA256/AES-256-GCM'],
    })
  })
})

describe('canonical JSON', () => {
  it('sorts keys, keeps lists and leaves no spaces (RFC 8785)', () => {
    expect(canonicalJson({ b: [2, 'x', { d: '"', c: 1 }], a: '' })).toBe(
      '{"a":"","b":[2,"x",{"c":1,"d":"\\""}]}',
    )
  })

  it('has no numbers but safe integers', () => {
    expect(() => canonicalJson(1.5)).toThrow(RangeError)
    expect(() => canonicalJson({ a: 2 ** 53 })).toThrow(RangeError)
  })
})
