/** GPU evidence of simulated devices: what is accepted, and every kind of forgery with the step that catches it. */
import { describe, expect, it } from 'vitest'
import { NVIDIA_ANCHOR_ID } from '#attestation/anchors/nvidia.ts'
import { expectAnchor } from '#attestation/anchors/select.ts'
import { issueDeviceCertificate } from '#attestation/evidence/simulated/device-certificates.ts'
import { deriveP384Key } from '#attestation/evidence/simulated/device-keys.ts'
import {
  diceExtension,
  SIMULATED_DRIVER,
  SIMULATED_VBIOS,
  type SimulatedGpu,
  simulatedNvidia,
  simulatedReport,
} from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import {
  firmwareFields,
  writeSpdmMeasurements,
} from '#attestation/evidence/simulated/spdm-writer.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { encodeStatementCore } from '#attestation/statement-core.ts'
import type { VerdictContext } from '#attestation/verdict.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import {
  encodeGpuEvidence,
  type GpuDeviceEvidence,
  gpuNonce,
} from '#attestation/verify/gpu/evidence.ts'
import type { GpuOpinion } from '#attestation/verify/gpu/second-opinion.ts'
import { GpuSightings } from '#attestation/verify/gpu/sightings.ts'
import { concat, toHex, utf8 } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { forChangedBytes } from '#test/contracts/verifier.ts'
import { bytes, core, nowMs, seed } from './network.ts'
import { makeSnpEvidence, nvidia, snpContext } from './snp-network.ts'

const coreBytes = encodeStatementCore(core)
const gpu = nvidia.gpu('provider 1 0')
const second = nvidia.gpu('provider 1 1')
const nonceOf = (index: number) => gpuNonce(crypto, index, coreBytes)
const deviceOf = (one: SimulatedGpu, nonce: Uint8Array): GpuDeviceEvidence => ({
  report: simulatedReport(one, nonce, crypto),
  chain: one.chain,
})
const honest = deviceOf(gpu, nonceOf(0))
const [leaf, device, provisioner, identity, root] = gpu.chain as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

type GpuPolicy = AttestationPolicy['gpu']

interface Given {
  readonly devices?: readonly GpuDeviceEvidence[]
  readonly rims?: readonly Uint8Array[]
  readonly raw?: Uint8Array
  readonly gpu?: Partial<GpuPolicy>
  readonly revoked?: string
  readonly context?: Partial<VerdictContext>
}

function judge(given: Given) {
  const { devices = [honest], rims = [] } = given
  const gpuEvidence = given.raw ?? encodeGpuEvidence({ devices, rims })
  const base = snpContext()
  const { hardware } = base.policy
  const revoked = given.revoked === undefined ? [] : [{ hardware: given.revoked, reason: 'stolen' }]
  const policy = {
    ...base.policy,
    gpu: { ...base.policy.gpu, ...given.gpu },
    hardware: { ...hardware, revoked },
  }
  return verifyEvidence(makeSnpEvidence({ gpuEvidence }), { ...base, policy, ...given.context })
}

/** The first step that failed, as `name: detail`, or `accepted`. */
function verdictOn(given: Given): string {
  const verdict = judge(given)
  const failed = verdict.steps.find((step) => step.status === 'failed')
  if (failed !== undefined) return `${failed.name}: ${failed.detail}`
  return verdict.ok ? 'accepted' : 'incomplete'
}

const withChain = (...chain: Uint8Array[]): Given => ({ devices: [{ ...honest, chain }] })
const withReport = (report: Uint8Array): Given => ({ devices: [{ ...honest, report }] })

/** A report with other contents, signed by the honest device. */
function signed(changes: {
  driver?: string
  vbios?: string
  fwid?: Uint8Array
  measurements?: readonly Uint8Array[]
  opaque?: readonly (readonly [number, Uint8Array])[]
}): Given {
  const { driver = SIMULATED_DRIVER, vbios = SIMULATED_VBIOS, fwid = gpu.fwid } = changes
  const { measurements = gpu.measurements } = changes
  const opaque = changes.opaque ?? firmwareFields(driver, vbios, fwid)
  const fields = { nonce: nonceOf(0), responderNonce: bytes(32, 1), measurements, opaque }
  return withReport(writeSpdmMeasurements(fields, gpu.leafKey))
}

/** A manifest of these measurements, as NVIDIA words them. */
function rimOf(
  indexes: readonly number[],
  value = (at: number) => toHex(gpu.measurements[at] ?? bytes(1, 0)),
) {
  const rows = indexes.map(
    (at) =>
      `<Resource type="Measurement" name="m${at}" index="${at}" active="True" alternatives="1" size="48" ns0:Hash0="${value(at)}"></Resource>`,
  )
  return utf8(`<SoftwareIdentity><Payload>${rows.join('')}</Payload></SoftwareIdentity>`)
}

const driverRim = rimOf([0, 1, 2])
const vbiosRim = rimOf([3, 4, 35])
const digestOf = (file: Uint8Array) => toHex(crypto.sha256(file))
const rims = [driverRim, vbiosRim]
const listed = { rims: rims.map(digestOf) }

describe('GPU evidence', () => {
  it('of one and of two GPUs is accepted, and names them', () => {
    expect(verdictOn({})).toBe('accepted')
    const two = judge({ devices: [honest, deviceOf(second, nonceOf(1))] })
    expect(two.ok).toBe(true)
    expect(two.gpus).toHaveLength(2)
    expect(new Set(two.gpus).size).toBe(2)
  })

  it('comes to the same verdict on both crypto ports', () => {
    expect(judge({ context: { crypto: nobleCrypto } }).steps).toEqual(judge({}).steps)
  })

  it('that is missing is refused where the policy requires it, and not required elsewhere', () => {
    const none = new Uint8Array(0)
    expect(verdictOn({ raw: none, gpu: { need: 'required' } })).toMatch(/^gpu-evidence: .*requires/)
    for (const need of ['optional', 'none'] as const) {
      const { ok, steps } = judge({ raw: none, gpu: { need } })
      expect(ok).toBe(true)
      const names = steps.filter((step) => step.status === 'not-required').map((step) => step.name)
      expect(names.filter((name) => name.startsWith('gpu-'))).toHaveLength(6)
    }
  })

  it('that is there must be good even where it is optional', () => {
    expect(verdictOn({ ...withReport(bytes(40, 0)), gpu: { need: 'optional' } })).toMatch(
      /^gpu-report: /,
    )
  })
})

describe('forged GPU evidence', () => {
  const rogue = { kind: 'P-384', key: deriveP384Key(crypto, seed, 'rogue gpu') } as const
  const names = { organizationalUnit: 'SIMULATED, protects nothing' }
  const brom = {
    commonName: 'GH100 A01 GSP BROM',
    key: { kind: 'P-384', key: deriveP384Key(crypto, seed, 'gpu provider 1 0') } as const,
  }
  const leafKey = { kind: 'P-384', key: gpu.leafKey } as const
  const leafOf = (changes: object) =>
    issueDeviceCertificate(
      crypto,
      names,
      {
        commonName: 'GH100 A01 GSP FMC LF',
        key: leafKey,
        serial: '41',
        extensions: [diceExtension(brom.key, gpu.fwid)],
        ...changes,
      },
      brom,
    )
  const upper = [device, provisioner, identity, root]

  it.each([
    ['no GPU', { devices: [], rims: [driverRim] }, /^gpu-evidence: 0 GPUs/],
    ['nine GPUs', { devices: Array.from({ length: 9 }, () => honest) }, /^gpu-evidence: 9 GPUs/],
    [
      'a report that is too long',
      withReport(new Uint8Array(16_385)),
      /^gpu-evidence: a report above/,
    ],
    ['bytes that are no message', { raw: bytes(50, 0x6b) }, /^gpu-evidence: /],
    ['no certificates', withChain(), /^gpu-identity: a GPU without/],
    ['the root alone', withChain(root), /^gpu-identity: .*no GPU that/],
    ['the leaf left out', withChain(...upper), /^gpu-identity: .*no GPU that/],
    [
      'a certificate left out',
      withChain(leaf, device, identity, root),
      /^gpu-identity: chain of 4/,
    ],
    [
      'a device under a leaf',
      withChain(leaf, leaf, device, provisioner, identity, root),
      /^gpu-identity: chain of 6/,
    ],
    [
      'a leaf of another device',
      withChain(leaf, second.chain[1] ?? root, provisioner, identity, root),
      /^gpu-identity: .*not signed/,
    ],
    [
      'a leaf signed by a stranger',
      withChain(
        issueDeviceCertificate(
          crypto,
          names,
          { commonName: 'GH100 A01 GSP FMC LF', key: leafKey, serial: '41' },
          { ...brom, key: rogue },
        ),
        ...upper,
      ),
      /^gpu-identity: .*not signed/,
    ],
    [
      'a leaf that is an authority',
      withChain(leafOf({ authority: {} }), ...upper),
      /^gpu-identity: .*is an authority/,
    ],
    [
      'a leaf without DICE',
      withChain(leafOf({ extensions: [] }), ...upper),
      /^gpu-identity: .*no DICE/,
    ],
    [
      'DICE about another device',
      withChain(leafOf({ extensions: [diceExtension(rogue, gpu.fwid)] }), ...upper),
      /^gpu-identity: .*another device/,
    ],
    [
      'an expired leaf',
      withChain(leafOf({ notAfterMs: nowMs - 1_000 }), ...upper),
      /^gpu-identity: .*expired/,
    ],
    [
      'a leaf of another chip',
      withChain(leafOf({ commonName: 'GH200 A01 GSP FMC LF' }), ...upper),
      /^gpu-identity: unexpected/,
    ],
    [
      'another nonce',
      { devices: [deviceOf(gpu, nonceOf(1))] },
      /^gpu-report: GPU 0 answered another nonce/,
    ],
    [
      'GPUs in another order',
      { devices: [deviceOf(gpu, nonceOf(1)), deviceOf(second, nonceOf(0))] },
      /^gpu-report: GPU 0 answered/,
    ],
    [
      'the report of another GPU',
      { devices: [{ ...honest, report: simulatedReport(second, nonceOf(0), crypto) }] },
      /^gpu-report: .*not signed/,
    ],
    ['a cut report', withReport(honest.report.subarray(0, -1)), /^gpu-report: a signature of 95/],
    [
      'a padded report',
      withReport(concat(honest.report, bytes(1, 0))),
      /^gpu-report: a signature of 97/,
    ],
    [
      'another SPDM version',
      withReport(honest.report.with(0, 0x12)),
      /^gpu-report: a request of SPDM/,
    ],
    [
      'a request without signature',
      withReport(honest.report.with(2, 0)),
      /^gpu-report: a request without/,
    ],
    [
      'a request for one block',
      withReport(honest.report.with(3, 1)),
      /^gpu-report: a request for some/,
    ],
    [
      'another slot',
      withReport(honest.report.with(36, 1)),
      /^gpu-report: a request for certificate slot/,
    ],
    [
      'an error response',
      withReport(honest.report.with(38, 0x7f)),
      /^gpu-report: a response with code/,
    ],
    ['no measurements', withReport(honest.report.with(41, 0)), /^gpu-report: 0 measurements/],
    ['one measurement fewer than stated', withReport(honest.report.with(41, 65)), /^gpu-report: /],
    [
      'a measurement index twice',
      withReport(honest.report.with(45 + 55, 1)),
      /^gpu-report: measurement 1 is out of place/,
    ],
    [
      'a measurement of no DMTF kind',
      withReport(honest.report.with(46, 2)),
      /^gpu-report: measurement 1 of no/,
    ],
    [
      'an opaque field twice',
      signed({
        opaque: [...firmwareFields(SIMULATED_DRIVER, SIMULATED_VBIOS, gpu.fwid), [3, bytes(1, 0)]],
      }),
      /^gpu-report: opaque field 3 twice/,
    ],
    [
      '65 opaque fields',
      signed({ opaque: Array.from({ length: 65 }, (_, at) => [100 + at, bytes(1, 0)] as const) }),
      /^gpu-report: too many/,
    ],
    [
      'no FWID',
      signed({ opaque: firmwareFields(SIMULATED_DRIVER, SIMULATED_VBIOS, gpu.fwid).slice(0, 3) }),
      /^gpu-firmware: .*no FWID/,
    ],
    ['another FWID', signed({ fwid: bytes(48, 1) }), /^gpu-firmware: .*other firmware/],
    [
      'a driver that is no version',
      signed({ driver: '550; rm' }),
      /^gpu-firmware: a driver version/,
    ],
    [
      'one GPU twice',
      { devices: [honest, deviceOf(gpu, nonceOf(1))] },
      /^gpu-uniqueness: one GPU counts twice/,
    ],
  ] satisfies [string, Given, RegExp][])('with %s is refused', (_name, given, expected) => {
    expect(verdictOn(given)).toMatch(expected)
  })

  it.each([
    ['another architecture', { architectures: ['blackwell'] }, /^gpu-identity: .*hopper/],
    ['other drivers', { drivers: ['550.90.08'] }, /^gpu-firmware: a driver/],
    ['other VBIOS', { vbios: ['96.00.9F.00.02'] }, /^gpu-firmware: a VBIOS/],
  ] satisfies [string, Partial<GpuPolicy>, RegExp][])(
    'under a policy of %s is refused',
    (_name, policy, expected) => {
      expect(verdictOn({ gpu: policy })).toMatch(expected)
    },
  )

  it('is accepted under lists that name its driver and VBIOS', () => {
    expect(verdictOn({ gpu: { drivers: [SIMULATED_DRIVER], vbios: [SIMULATED_VBIOS] } })).toBe(
      'accepted',
    )
  })

  describe("and NVIDIA's second opinion", () => {
    const about = (nras: GpuPolicy['nras'], outcome?: GpuOpinion['outcome'], at = 0) => ({
      gpu: { nras },
      context: {
        gpuOpinions:
          outcome === undefined
            ? undefined
            : [{ nonce: nonceOf(at), outcome, detail: 'as the service said' }],
      },
    })
    const step = (change: Parameters<typeof judge>[0]) =>
      judge(change).steps.find(({ name }) => name === 'gpu-second-opinion')

    it('required: refused when it was not asked, did not answer, said no, or spoke of another nonce', () => {
      expect(verdictOn(about('required'))).toMatch(/^gpu-second-opinion: .*not asked/)
      expect(verdictOn(about('required', 'unknown'))).toMatch(/as the service said/)
      expect(verdictOn(about('required', 'refused'))).toMatch(/^gpu-second-opinion: GPU 0/)
      expect(verdictOn(about('required', 'good', 1))).toMatch(/^gpu-second-opinion: .*not asked/)
      expect(verdictOn(about('required', 'good'))).toBe('accepted')
      expect(step(about('required'))?.advice).toBe('fix')
      expect(step(about('required', 'refused'))?.advice).toBe('stop')
    })

    it('optional: shown in the verdict, and a no counts', () => {
      expect(verdictOn(about('optional'))).toBe('accepted')
      expect(step(about('optional', 'unknown'))).toMatchObject({
        status: 'not-required',
        found: 'no answer',
        detail: 'no answer about GPU 0: as the service said',
      })
      expect(step(about('optional', 'good'))).toMatchObject({ status: 'passed' })
      expect(verdictOn(about('optional', 'refused'))).toMatch(/^gpu-second-opinion: GPU 0/)
    })

    it('none: not asked, and what it says does not count', () => {
      expect(verdictOn(about('none', 'refused'))).toBe('accepted')
      expect(step(about('none'))).toMatchObject({ status: 'not-required', found: 'not asked' })
    })
  })

  it('of revoked hardware is refused', () => {
    const [name = ''] = judge({}).gpus ?? []
    expect(verdictOn({ revoked: name })).toMatch(/^gpu-identity: revoked hardware: stolen/)
  })

  it('is refused with any byte changed', () => {
    const whole = encodeGpuEvidence({ devices: [honest], rims: [] })
    forChangedBytes(whole.length, (at, mask) => {
      expect(judge({ raw: whole.with(at, (whole[at] ?? 0) ^ mask) }).ok).toBe(false)
    })
  }, 900_000)
})

describe('reference integrity manifests', () => {
  it('are good when the policy lists them and every active value is measured', () => {
    expect(verdictOn({ rims, gpu: listed })).toBe('accepted')
    const step = judge({ rims, gpu: listed }).steps.find((one) => one.name === 'gpu-firmware')
    expect(step?.found).toContain('6 measurements')
  })

  it.each([
    ['that are missing', [], listed, /manifests of driver and VBIOS/],
    ['of which one is missing', [driverRim], listed, /manifests of driver and VBIOS/],
    ['that nobody listed', rims, { rims: [digestOf(driverRim)] }, /does not list/],
    ['that say the same twice', [driverRim, driverRim], listed, /in two manifests/],
    [
      'without measurements',
      [driverRim, utf8('<x/>')],
      { rims: [digestOf(driverRim), digestOf(utf8('<x/>'))] },
      /without active/,
    ],
  ] satisfies [string, Uint8Array[], Partial<GpuPolicy>, RegExp][])(
    '%s are refused',
    (_name, files, policy, expected) => {
      expect(verdictOn({ rims: files, gpu: policy })).toMatch(expected)
    },
  )

  it('refuse a device with another measurement, but not in the block of an engine that is off', () => {
    const wrong = (at: number) => {
      const measurements = gpu.measurements.with(at, bytes(48, 0xee))
      return verdictOn({ ...signed({ measurements }), rims, gpu: listed })
    }
    expect(wrong(4)).toMatch(/^gpu-firmware: measurement 4 is not/)
    expect(wrong(35)).toBe('accepted')
    expect(wrong(20)).toBe('accepted')
  })
})

describe('one GPU in two machines', () => {
  const [name = ''] = judge({}).gpus ?? []
  const here = judge({}).hardware?.name ?? ''

  it('is refused within what this client has seen, and only there', () => {
    const gpuSightings = new GpuSightings()
    gpuSightings.record(name, 'tdx:00', nowMs)
    expect(verdictOn({ context: { gpuSightings } })).toMatch(/^gpu-uniqueness: .*tdx:00/)
    expect(verdictOn({ context: { gpuSightings: new GpuSightings() } })).toBe('accepted')
  })

  it('is no conflict for the machine it was seen in, nor once the sighting is old', () => {
    const seen = new GpuSightings()
    seen.record(name, here, nowMs)
    expect(seen.conflict(name, here, nowMs)).toBeUndefined()
    expect(seen.conflict(name, 'other', nowMs + 4_500_000)).toBe(here)
    expect(seen.conflict(name, 'other', nowMs + 4_500_001)).toBeUndefined()
  })

  it('is kept in a table with an end', () => {
    const seen = new GpuSightings()
    for (let at = 0; at < 8_193; at++) seen.record(`gpu ${at}`, 'machine', nowMs)
    expect(seen.conflict('gpu 0', 'other', nowMs)).toBeUndefined()
    expect(seen.conflict('gpu 1', 'other', nowMs)).toBe('machine')
  })
})

describe('simulated GPUs', () => {
  it('are refused on mainnet, and under a root that calls itself production', () => {
    const { anchors } = snpContext()
    const forged = anchors.map((one) =>
      one.kind === 'amd-ark' ? one : { ...one, environment: 'production' as const },
    )
    expect(verdictOn({ context: { anchors: forged } })).toMatch(
      /^gpu-identity: .*calls itself production/,
    )
    const onMainnet = { ...snpContext(), globalId: -239 }
    const use = { kind: 'nvidia-device-identity', tees: null } as const
    expect(() => expectAnchor(onMainnet, root, use)).toThrow(/never accepted on mainnet/)
    const renamed = { ...nvidia.anchor, id: NVIDIA_ANCHOR_ID, environment: 'production' as const }
    expect(() => expectAnchor({ ...onMainnet, anchors: [renamed] }, root, use)).toThrow(
      /no pinned root/,
    )
  })

  it('of another network lead to no root of this one', () => {
    const other = simulatedNvidia({ seed: bytes(32, 99), crypto }).gpu('x')
    expect(verdictOn({ devices: [deviceOf(other, nonceOf(0))] })).toMatch(
      /^gpu-identity: .*not trusted/,
    )
  })
})
