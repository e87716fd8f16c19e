/**
 * Real evidence of AMD and NVIDIA hardware, which belongs to others and is not in the repository. COCOON_VECTORS names
 * the folder that holds `snp/` and `nvidia/`, by default one beside the checkout; without it these tests are skipped, and
 * say so.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { amdAnchor } from '#attestation/anchors/amd.ts'
import { NVIDIA_ANCHOR_ID, nvidiaAnchor } from '#attestation/anchors/nvidia.ts'
import { parseDeviceCertificate } from '#attestation/der/device-certificate.ts'
import { verifyWithDeviceKey } from '#attestation/der/device-keys.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { StepRecorder } from '#attestation/steps.ts'
import { verifyGpuDevice } from '#attestation/verify/gpu/device.ts'
import { readFirmware } from '#attestation/verify/gpu/opaque.ts'
import { parseSpdmMeasurements } from '#attestation/verify/gpu/spdm.ts'
import { encodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { SNP_VERIFIER } from '#attestation/verify/snp/snp.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'

const BESIDE = path.resolve(import.meta.dirname, '../../../shared/vectors')
const FOLDER = process.env['COCOON_VECTORS'] ?? BESIDE
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(FOLDER, name)))
const text = (name: string): string => readFileSync(path.join(FOLDER, name), 'latin1')
const isAbsent = (name: string): boolean => !existsSync(path.join(FOLDER, name))
const why = (name: string): string => (isAbsent(name) ? ' (skipped: the vector is not here)' : '')

function pemChain(pem: string): Uint8Array[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)
  return [...blocks].map(([, base64 = '']) => new Uint8Array(Buffer.from(base64, 'base64')))
}

const PORTS = [
  ['node:crypto', nodeCrypto],
  ['noble', nobleCrypto],
] as const

const SNP = 'snp/attestation.bin'
/** Inside the validity of the VCEK, 2022 to 2029. */
const nowMs = Date.UTC(2024, 0, 1)

describe.skipIf(isAbsent(SNP))(`a real Milan report${why(SNP)}`, () => {
  const judge = (crypto: typeof nodeCrypto, report = file(SNP)) => {
    const steps = new StepRecorder(SNP_VERIFIER.steps)
    const policy = { ...defaultPolicy(), anchors: ['amd-ark-milan'] }
    const anchors = [amdAnchor(crypto, 'milan'), amdAnchor(crypto, 'genoa')]
    const chain = [file('snp/vcek.testcer'), ...pemChain(text('snp/milan.testcer'))]
    const collateral = encodeSnpCollateral({ chain, crl: new Uint8Array(0) })
    SNP_VERIFIER.check(
      steps,
      { quote: report, collateral },
      { crypto, globalId: -3, nowMs, anchors, policy },
    )
    return new Map(steps.steps.map((step) => [step.name, `${step.status}: ${step.detail}`]))
  }

  it.each(PORTS)('has a good chain and signature, over %s', (_name, crypto) => {
    const found = judge(crypto)
    for (const name of ['report-format', 'anchor', 'vcek-chain', 'report-signature']) {
      expect(found.get(name)).toBe('passed: ')
    }
  })

  it('is refused for its product, its debug policy, its platform and what it measures', () => {
    const found = judge(nodeCrypto)
    expect(found.get('vcek-identity')).toBe('failed: the policy does not accept milan')
    expect(found.get('guest-policy')).toMatch(/^failed: .*DEBUG/)
    expect(found.get('platform-info')).toMatch(/^failed: aliasCheckComplete/)
    expect(found.get('measurements')).toMatch(/^failed: /)
    expect(found.get('revocation')).toMatch(/^failed: malformed DER/)
  })

  it('is refused with a changed byte', () => {
    const report = file(SNP)
    const changed = report.with(0x50, (report[0x50] ?? 0) ^ 1)
    expect(judge(nodeCrypto, changed).get('report-signature')).toMatch(/^failed: /)
  })
})

const NVIDIA = 'nvidia/hopperAttestationReport.txt'

describe.skipIf(isAbsent(NVIDIA))(`a real Hopper report${why(NVIDIA)}`, () => {
  const NONCE = '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb'
  const report = () => parseSpdmMeasurements(fromHex(text(NVIDIA).trim()))
  const deviceOver = (crypto: typeof nodeCrypto) => {
    const chain = pemChain(text('nvidia/hopperCertChain.txt'))
    const name = parseDeviceCertificate(chain[0] ?? new Uint8Array(0)).subject.commonName
    return verifyGpuDevice(crypto, chain, nvidiaAnchor(crypto).rootCertificate, name, nowMs)
  }

  it.each(PORTS)(
    'leads to the pinned root and is signed by its device, over %s',
    (_name, crypto) => {
      const { signedPart, signature, nonce, blocks } = report()
      const device = deviceOver(crypto)
      expect(verifyWithDeviceKey(crypto, device.leaf.publicKey, signedPart, signature)).toBe(true)
      expect(toHex(nonce)).toBe(NONCE)
      expect(blocks.size).toBe(64)
      expect(device.architecture).toBe('hopper')
      expect(toHex(device.id)).toBe('41431d480fe5e87274')
    },
  )

  it('states its driver and VBIOS, and the firmware that its certificate is for', () => {
    const firmware = readFirmware(report())
    expect(firmware).toMatchObject({ driver: '550.90.07', vbios: '96.00.9F.00.01' })
    expect(firmware.fwid).toEqual(deviceOver(nodeCrypto).fwid)
  })

  it('is not signed any more with a byte changed', () => {
    const whole = fromHex(text(NVIDIA).trim())
    const changed = parseSpdmMeasurements(whole.with(60, (whole[60] ?? 0) ^ 1))
    const { leaf } = deviceOver(nodeCrypto)
    const { signedPart, signature } = changed
    expect(verifyWithDeviceKey(nodeCrypto, leaf.publicKey, signedPart, signature)).toBe(false)
  })

  it('has a root of the pinned name', () => {
    expect(nvidiaAnchor(nodeCrypto).id).toBe(NVIDIA_ANCHOR_ID)
  })
})
