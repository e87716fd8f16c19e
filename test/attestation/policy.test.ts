/** The policy document: strict, complete, and safe by default. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { canonicalJson } from '#attestation/policy/canonical-json.ts'
import { parsePolicy, policyDigest } from '#attestation/policy/policy.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { repositoryRoot } from '#test/support/source-files.ts'
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
      anchors: ['intel-sgx-root', 'amd-ark-genoa', 'amd-ark-turin', 'nvidia-device-identity'],
      snp: { products: [{ product: 'genoa' }, { product: 'turin' }], measurements: [] },
      tcb: { statuses: ['UpToDate'], advisories: [] },
      tdx: { measurements: [] },
      sealingSuites: ['MLKEM768-X25519/HKDF-SHA256/AES-256-GCM'],
    })
  })
})

const vector = z
  .object({ policyDigest: z.string(), policy: z.unknown() })
  .parse(JSON.parse(readFileSync(join(repositoryRoot, 'test/vectors/policy.json'), 'utf8')))

describe('the policy digest', () => {
  const fixed = parsePolicy(vector.policy)
  const digest = (document: unknown) => toHex(policyDigest(crypto, parsePolicy(document)))

  it('equals its vector and does not depend on the order of keys', () => {
    expect(digest(fixed)).toBe(vector.policyDigest)
    expect(digest(Object.fromEntries(Object.entries(fixed).reverse()))).toBe(vector.policyDigest)
  })

  it.each(Object.keys(fixed).filter((field) => field !== 'version'))('changes with %s', (field) => {
    const other = {
      ...policy,
      name: 'other',
      claimedPolicy: 'same',
      freshness: { ...policy.freshness, spotChecksPerThousand: 1 },
      sealingSuites: [],
    }
    const value = other[field as keyof typeof other]
    expect(digest({ ...fixed, [field]: value })).not.toBe(vector.policyDigest)
  })

  it('is of the whole document: what a list holds, and in which order', () => {
    const reversed = { ...fixed, tees: [...fixed.tees].reverse() }
    expect(digest(reversed)).not.toBe(vector.policyDigest)
  })
})

describe('canonical JSON', () => {
  it('sorts keys, keeps lists and leaves no spaces (RFC 8785)', () => {
    expect(canonicalJson({ b: [2, 'x', { d: '"', c: 1 }], a: '' })).toBe(
      '{"a":"","b":[2,"x",{"c":1,"d":"\\""}]}',
    )
  })

  it('writes true, false and null, and takes null for no empty text', () => {
    expect(canonicalJson({ a: true, b: [false, null] })).toBe('{"a":true,"b":[false,null]}')
  })

  it('has no numbers but safe integers', () => {
    expect(() => canonicalJson(1.5)).toThrow(RangeError)
    expect(() => canonicalJson({ a: 2 ** 53 })).toThrow(RangeError)
  })
})
