/** The simulated manufacturer: the same for everybody, honest about itself, and real X.509. */
import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { INTEL_ROOT_SHA256, intelAnchor } from '#attestation/anchors/intel.ts'
import { SIMULATED_MARK } from '#attestation/anchors/select.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { type ReportData, reportData } from '#attestation/statement.ts'
import { decodeCollateral } from '#attestation/verify/collateral.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { toHex } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { bytes, context, machine, manufacturer, nowMs, runtimeDigest, seed } from './network.ts'

const dayMs = 86_400_000
const someReportData = reportData(crypto, 'epoch', bytes(10, 1))

describe('a simulated manufacturer', () => {
  it('is the same for everybody who knows the seed, whenever and with any crypto port', () => {
    const later = simulatedManufacturer({ seed, nowMs: nowMs + 90 * dayMs, crypto: nobleCrypto })
    expect(later.anchor).toEqual(manufacturer.anchor)
    const sameDay = simulatedManufacturer({ seed, nowMs: nowMs + 60_000, crypto: nobleCrypto })
    expect(toHex(sameDay.collateral)).toBe(toHex(manufacturer.collateral))
  })

  it('differs for another seed', () => {
    const other = simulatedManufacturer({ seed: bytes(32, 8), nowMs, crypto })
    expect(other.anchor.id).not.toBe(manufacturer.anchor.id)
  })

  it('needs a seed of 32 bytes and a runtime digest of 32', () => {
    expect(() => simulatedManufacturer({ seed: bytes(31, 1), nowMs, crypto })).toThrow(RangeError)
    expect(() => manufacturer.machine('a', bytes(31, 1))).toThrow(RangeError)
  })

  it('makes collateral that lasts 29 days and is not from the future', async () => {
    const evidence = await manufacturer.machine('a', runtimeDigest).quote(someReportData)
    for (const at of [nowMs, nowMs + 29 * dayMs]) {
      const { steps } = appraiseTdx(evidence, { ...context, nowMs: at })
      expect(steps.filter((step) => step.status !== 'passed')).toEqual([])
    }
  })

  it('gives every machine its own identity and the same quote twice', async () => {
    const quotes = await Promise.all(
      ['a', 'a', 'b', 1].map((name) =>
        manufacturer.machine(name, runtimeDigest).quote(someReportData),
      ),
    )
    const platforms = quotes.map((evidence) =>
      toHex(appraiseTdx(evidence, context).platform?.ppid ?? bytes(0, 0)),
    )
    expect(new Set(platforms).size).toBe(3)
    expect(toHex(quotes[0]?.quote ?? bytes(0, 0))).toBe(toHex(quotes[1]?.quote ?? bytes(1, 0)))
  })

  it('names itself on the source and refuses report data of another size', async () => {
    const source = manufacturer.machine('a', runtimeDigest)
    expect(source.tee).toBe('simulated-tdx')
    await expect(source.quote(bytes(63, 1) as ReportData)).rejects.toMatchObject({
      code: 'QUOTE_UNAVAILABLE',
    })
  })

  it('measures another runtime to other values', async () => {
    const evidence = await manufacturer.machine('provider 1', bytes(32, 8)).quote(someReportData)
    const { steps } = appraiseTdx(evidence, context)
    const bad = steps.filter((step) => step.status !== 'passed')
    expect(bad.map((step) => step.name)).toEqual(['measurements'])
  })
})

describe('simulated certificates, read by other libraries', () => {
  const chain = machine.material.pckChain
  const { tcbInfoChain } = decodeCollateral(manufacturer.collateral)

  it.each([
    ['PCK', chain],
    ['TCB signing', tcbInfoChain],
  ])('%s chain verifies under node:crypto', (_, certificates) => {
    const parsed = certificates.map((der) => new X509Certificate(der))
    for (const [index, certificate] of parsed.entries()) {
      const issuer = parsed[index + 1] ?? certificate
      expect(certificate.checkIssued(issuer)).toBe(true)
      expect(certificate.verify(issuer.publicKey)).toBe(true)
      expect(certificate.ca).toBe(index > 0)
      expect(certificate.subject).toContain(SIMULATED_MARK)
      expect(certificate.subject).toMatch(/CN=Intel SGX/)
    }
  })
})

describe("Intel's anchor", () => {
  it('is the pinned certificate, and says so when it is not', () => {
    const anchor = intelAnchor(crypto)
    expect(toHex(crypto.sha256(anchor.rootCertificate))).toBe(INTEL_ROOT_SHA256)
    const root = new X509Certificate(anchor.rootCertificate)
    expect(root.subject).toContain('CN=Intel SGX Root CA')
    expect(root.verify(root.publicKey)).toBe(true)
    const broken = { ...crypto, sha256: () => bytes(32, 0) }
    expect(() => intelAnchor(broken)).toThrow(/not Intel's/)
  })
})
