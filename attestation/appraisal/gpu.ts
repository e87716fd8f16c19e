/**
 * A raw NVIDIA report: signature, device and firmware. Its nonce belongs to a statement that is not
 * here, so that it proves a genuine GPU somewhere, at some time.
 */
import { expectAnchor } from '#attestation/anchors/select.ts'
import { parseDeviceCertificate } from '#attestation/der/device-certificate.ts'
import { verifyWithDeviceKey } from '#attestation/der/device-keys.ts'
import { StepRecorder } from '#attestation/steps.ts'
import { type GpuDevice, verifyGpuDevice } from '#attestation/verify/gpu/device.ts'
import { gpuHardware } from '#attestation/verify/gpu/gpu.ts'
import { readFirmware } from '#attestation/verify/gpu/opaque.ts'
import { parseSpdmMeasurements, type SpdmMeasurements } from '#attestation/verify/gpu/spdm.ts'
import { GPU_STEPS } from '#attestation/verify/gpu/steps.ts'
import { expectUnrevoked, hardwareName } from '#attestation/verify/hardware.ts'
import { refuse } from '#attestation/verify/refuse.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { type Appraisal, conclude, skipped } from './appraisal.ts'
import type { AppraiseOptions } from './raw.ts'

const FORMAT = {
  term: 'SPDM GET_MEASUREMENTS and MEASUREMENTS (DMTF DSP0274)',
  evidence: 'report',
  required: 'an SPDM 1.1 measurement request and its signed answer, of exact length',
  reference: 'DMTF DSP0274 1.1, MEASUREMENTS',
}
const NONCE = {
  ...FORMAT,
  term: 'SPDM nonce',
  required: 'the nonce that follows from the statement',
  reference: 'docs/spec/attestation.md#gpu-evidence',
}
const RULES = {
  'gpu-evidence': FORMAT,
  'gpu-identity': GPU_STEPS['gpu-identity'],
  'gpu-report': GPU_STEPS['gpu-report'],
  'gpu-firmware': GPU_STEPS['gpu-firmware'],
  'gpu-nonce': NONCE,
  'gpu-uniqueness': GPU_STEPS['gpu-uniqueness'],
}

/** @param chain DER, leaf first, root last; undefined: none was given */
export function appraiseGpuReport(
  report: Uint8Array,
  chain: readonly Uint8Array[] | undefined,
  context: AppraisalContext,
  options: AppraiseOptions,
): Appraisal {
  const steps = new StepRecorder(RULES)
  const parsed = steps.run('gpu-evidence', [], () => {
    const value = parseSpdmMeasurements(report)
    return { found: `${value.blocks.size} measurements, ${report.length} bytes`, value }
  })
  const device = steps.run('gpu-identity', [chain], (certificates) =>
    identify(certificates, context),
  )
  steps.run('gpu-report', [parsed, device], ({ signedPart, signature }, { value }) => {
    const key = value.leaf.publicKey
    if (!verifyWithDeviceKey(context.crypto, key, signedPart, signature)) {
      refuse('the report is not signed by its device')
    }
    return { found: 'signed by its device', value: true }
  })
  steps.run('gpu-firmware', [parsed, device], (found, { value }) => firmware(found, value, context))
  steps.run('gpu-nonce', [undefined], () => ({ found: '', value: true }))
  steps.run('gpu-uniqueness', [undefined], () => ({ found: '', value: true }))
  const unbound = new Map([
    ['gpu-nonce', 'raw evidence: there is no statement that the nonce could follow from'],
    ['gpu-uniqueness', 'raw evidence: it names no machine'],
  ])
  const shown = steps.steps.map((step) =>
    chain === undefined && step.status === 'skipped' && !unbound.has(step.name)
      ? skipped(step, 'no certificates were given')
      : step,
  )
  const tier = device?.isProduction === true ? 'confidential' : 'simulated'
  return conclude({ form: 'nvidia-report', tier, steps: shown, unbound, ...options })
}

function identify(certificates: readonly Uint8Array[], context: AppraisalContext) {
  const { crypto, nowMs, policy } = context
  const [leaf, root] = [certificates[0], certificates.at(-1)]
  if (leaf === undefined || root === undefined) return refuse('no certificates')
  const anchor = expectAnchor(context, root, { kind: 'nvidia-device-identity', tees: null })
  const name = parseDeviceCertificate(leaf).subject.commonName
  const value = verifyGpuDevice(crypto, certificates, anchor.rootCertificate, name, nowMs)
  if (!policy.gpu.architectures.includes(value.architecture)) {
    refuse(`the policy does not accept ${value.architecture}`)
  }
  expectUnrevoked(crypto, policy.hardware, gpuHardware(value))
  const isProduction = anchor.environment === 'production'
  const found = `${value.architecture}, ${hardwareName(gpuHardware(value))}`
  return { found, value: { value, isProduction } }
}

function firmware(found: SpdmMeasurements, device: GpuDevice, { policy }: AppraisalContext) {
  const { driver, vbios, fwid } = readFirmware(found)
  if (!equal(fwid, device.fwid)) {
    refuse('the device runs other firmware than its certificate is for', { found: toHex(fwid) })
  }
  const { drivers, vbios: accepted } = policy.gpu
  if (drivers !== 'any' && !drivers.includes(driver)) refuse(`driver ${driver} is not listed`)
  if (accepted !== 'any' && !accepted.includes(vbios)) refuse(`VBIOS ${vbios} is not listed`)
  return { found: `driver ${driver}, VBIOS ${vbios}`, value: true }
}
