/**
 * The strict verifier for NVIDIA GPU evidence. It shows which device answered and what firmware it runs; that
 * this device does the guest's work is only shown by the measured code in the guest, which talks to it first
 * (docs/spec/attestation.md#gpu-evidence). Pure and synchronous.
 */
import { expectAnchor } from '#attestation/anchors/select.ts'
import { parseDeviceCertificate } from '#attestation/der/device-certificate.ts'
import { verifyWithDeviceKey } from '#attestation/der/device-keys.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { Finding, StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { expectUnrevoked, type HardwareId, hardwareName } from '../hardware.ts'
import { refuse } from '../refuse.ts'
import type { AppraisalContext } from '../tee-verifier.ts'
import { type GpuDevice, verifyGpuDevice } from './device.ts'
import { decodeGpuEvidence, type GpuEvidence, gpuNonce } from './evidence.ts'
import { readFirmware } from './opaque.ts'
import { expectGolden } from './rim.ts'
import { checkSecondOpinion, type GpuOpinion, gpuCount } from './second-opinion.ts'
import type { GpuSightings } from './sightings.ts'
import { parseSpdmMeasurements, type SpdmMeasurements } from './spdm.ts'
import type { GpuStepName } from './steps.ts'

export interface GpuContext extends AppraisalContext {
  /** What this client saw before; undefined: nothing is remembered, and only doubles inside are found. */
  readonly gpuSightings?: GpuSightings | undefined
  /** What NVIDIA's remote service said (node/evidence/nras.ts); undefined: nobody asked it. */
  readonly gpuOpinions?: readonly GpuOpinion[] | undefined
}

export interface GpuInput {
  readonly gpuEvidence: Uint8Array
  /** What the statement says; undefined when it could not be read. */
  readonly statement:
    | { readonly gpuEvidenceHash: Uint8Array; readonly coreBytes: Uint8Array }
    | undefined
  /** The machine around the GPUs; undefined when its own steps failed. */
  readonly machine: { readonly name: string; readonly anchor: TrustAnchor } | undefined
}

type GpuPolicy = AttestationPolicy['gpu']

/** A step about devices that are not there, or that the policy does not ask about. */
const NOT_REQUIRED = { found: 'none', value: [], status: 'not-required' } as const

export function gpuHardware(device: Pick<GpuDevice, 'id'>): HardwareId {
  return { kind: 'nvidia-gpu', id: device.id }
}

function openEvidence(
  context: GpuContext,
  bytes: Uint8Array,
  claimed: Uint8Array,
): Finding<GpuEvidence> {
  const { crypto, policy } = context
  const hash = bytes.length === 0 ? new Uint8Array(32) : crypto.sha256(bytes)
  if (!equal(hash, claimed)) refuse('GPU evidence with another hash than the statement names')
  const nothing = { devices: [], rims: [] }
  if (bytes.length === 0) {
    if (policy.gpu.need === 'required') refuse('the policy requires GPU evidence, there is none')
    return { found: 'none', value: nothing, status: 'not-required' }
  }
  if (policy.gpu.need === 'none') {
    const found = `${bytes.length} bytes, not looked at`
    return { found, value: nothing, status: 'not-required' }
  }
  const value = decodeGpuEvidence(bytes)
  return { found: `${gpuCount(value.devices.length)}, ${bytes.length} bytes`, value }
}

function identify(
  context: GpuContext,
  evidence: GpuEvidence,
  machine: TrustAnchor,
): Finding<readonly GpuDevice[]> {
  const { crypto, policy, nowMs } = context
  const devices = evidence.devices.map(({ chain }) => {
    const [leaf, root] = [chain[0], chain.at(-1)]
    if (leaf === undefined || root === undefined) return refuse('a GPU without certificates')
    const anchor = expectAnchor(context, root, { kind: 'nvidia-device-identity', tees: null })
    if (anchor.environment !== machine.environment) refuse('a simulated device in a real machine')
    const name = parseDeviceCertificate(leaf).subject.commonName
    const device = verifyGpuDevice(crypto, chain, anchor.rootCertificate, name, nowMs)
    if (!policy.gpu.architectures.includes(device.architecture)) {
      refuse(`the policy does not accept ${device.architecture}`, { found: device.architecture })
    }
    expectUnrevoked(crypto, policy.hardware, gpuHardware(device))
    return device
  })
  const found = devices.map((one) => `${one.architecture} ${toHex(one.id)}`).join(', ')
  return { found, value: devices }
}

function readReports(
  context: GpuContext,
  evidence: GpuEvidence,
  devices: readonly GpuDevice[],
  core: Uint8Array,
): Finding<readonly SpdmMeasurements[]> {
  const { crypto } = context
  const value = evidence.devices.map(({ report }, index) => {
    const parsed = parseSpdmMeasurements(report)
    const device = devices[index] ?? refuse('a report without a device')
    const { signedPart, signature } = parsed
    if (!verifyWithDeviceKey(crypto, device.leaf.publicKey, signedPart, signature)) {
      refuse(`the report of GPU ${index} is not signed by its device`)
    }
    if (!equal(parsed.nonce, gpuNonce(crypto, index, core))) {
      refuse(`GPU ${index} answered another nonce`, { found: toHex(parsed.nonce) })
    }
    return parsed
  })
  return { found: value.map(({ blocks }) => `${blocks.size} measurements`).join(', '), value }
}

function expectFirmware(
  context: GpuContext,
  rims: readonly Uint8Array[],
  devices: readonly GpuDevice[],
  reports: readonly SpdmMeasurements[],
): Finding<boolean> {
  const policy: GpuPolicy = context.policy.gpu
  const found = reports.map((report, index) => {
    const firmware = readFirmware(report)
    const { driver, vbios, fwid, isNvdecDisabled } = firmware
    if (!equal(fwid, devices[index]?.fwid ?? new Uint8Array(0))) {
      refuse('the device runs other firmware than its certificate is for', { found: toHex(fwid) })
    }
    if (policy.drivers !== 'any' && !policy.drivers.includes(driver)) {
      refuse('a driver that the policy does not list', { found: driver })
    }
    if (policy.vbios !== 'any' && !policy.vbios.includes(vbios)) {
      refuse('a VBIOS that the policy does not list', { found: vbios })
    }
    if (policy.rims === 'any') return `driver ${driver}, VBIOS ${vbios}`
    const count = expectGolden(context.crypto, report, rims, policy.rims, isNvdecDisabled)
    return `driver ${driver}, VBIOS ${vbios}, ${count} measurements as in their manifests`
  })
  return { found: found.join('; '), value: true }
}

function expectUnique(
  context: GpuContext,
  devices: readonly GpuDevice[],
  machine: string,
): Finding<boolean> {
  const names = devices.map((device) => hardwareName(gpuHardware(device)))
  if (new Set(names).size !== names.length) refuse('one GPU counts twice')
  for (const name of names) {
    const other = context.gpuSightings?.conflict(name, machine, context.nowMs)
    if (other !== undefined) refuse(`this GPU was just seen in ${other}`, { found: name })
  }
  return { found: names.join(', '), value: true }
}

/**
 * Runs every step of `GPU_STEPS`, in their order.
 * @returns names of the devices, for the sightings; undefined when a step failed
 */
export function checkGpu(
  steps: StepRecorder<GpuStepName>,
  input: GpuInput,
  context: GpuContext,
): readonly string[] | undefined {
  const { statement, machine } = input
  const opened = steps.run('gpu-evidence', [statement], ({ gpuEvidenceHash }) =>
    openEvidence(context, input.gpuEvidence, gpuEvidenceHash),
  )
  const isEmpty = opened?.devices.length === 0
  const needs = isEmpty ? ([opened, 'none'] as const) : ([opened, machine] as const)
  const devices = steps.run('gpu-identity', needs, (evidence, around) =>
    around === 'none' ? NOT_REQUIRED : identify(context, evidence, around.anchor),
  )
  const reports = steps.run(
    'gpu-report',
    [opened, devices, statement],
    (evidence, found, { coreBytes }) =>
      isEmpty ? NOT_REQUIRED : readReports(context, evidence, found, coreBytes),
  )
  steps.run('gpu-firmware', [opened, devices, reports], ({ rims }, found, read) =>
    isEmpty ? { ...NOT_REQUIRED, value: true } : expectFirmware(context, rims, found, read),
  )
  steps.run('gpu-second-opinion', [reports], (read) => {
    if (isEmpty) return { ...NOT_REQUIRED, value: true }
    const nonces = read.map(({ nonce }) => nonce)
    return checkSecondOpinion(context.policy.gpu.nras, nonces, context.gpuOpinions)
  })
  const unique = steps.run(
    'gpu-uniqueness',
    isEmpty ? ([[], ''] as const) : ([devices, machine?.name] as const),
    (found, name) =>
      isEmpty ? { ...NOT_REQUIRED, value: true } : expectUnique(context, found, name),
  )
  if (unique === undefined || devices === undefined) return undefined
  return devices.map((device) => hardwareName(gpuHardware(device)))
}
