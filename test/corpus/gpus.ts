/** GPU evidence: raw NVIDIA reports, and reports in bundles, of this machine and of others. */
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
import { encodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  bytes,
  core,
  makeEvidence,
  manufacturer,
  nowMs,
  policy,
  seed,
} from '#test/attestation/network.ts'
import { amd, makeSnpEvidence, nvidia, snpContext } from '#test/attestation/snp-network.ts'
import { attentive, bundle, type CorpusEntry } from './entry.ts'
import { snpBundle } from './snp-entry.ts'

const DAY_MS = 86_400_000
const coreBytes = encodeStatementCore(core)
const gpu = nvidia.gpu('provider 1 0')
const second = nvidia.gpu('provider 1 1')
const nonceOf = (index: number, of = coreBytes) => gpuNonce(crypto, index, of)
const honest = simulatedReport(gpu, nonceOf(0), crypto)
const [
  leaf = bytes(0, 0),
  device = bytes(0, 0),
  provisioner = bytes(0, 0),
  identity = bytes(0, 0),
  root = bytes(0, 0),
] = gpu.chain
const upper = [device, provisioner, identity, root]

const snpPolicy = snpContext().policy
const gpuPolicy = (changes: Partial<AttestationPolicy['gpu']>): AttestationPolicy => ({
  ...snpPolicy,
  gpu: { ...snpPolicy.gpu, ...changes },
})

/** A raw report beside its chain. */
function report(
  id: string,
  comment: string,
  failed: readonly string[],
  given: {
    report?: Uint8Array
    chain?: readonly Uint8Array[]
    policy?: AttestationPolicy
    clockMs?: number
  },
): CorpusEntry {
  return {
    id: `gpu-${id}`,
    comment,
    failed,
    evidence: given.report ?? honest,
    certificates: given.chain ?? gpu.chain,
    anchors: [nvidia.anchor],
    policy: given.policy ?? snpPolicy,
    clockMs: given.clockMs,
    allowUnbound: true,
  }
}

const rogue = { kind: 'P-384', key: deriveP384Key(crypto, seed, 'rogue gpu') } as const
const names = { organizationalUnit: 'SIMULATED, protects nothing' }
const brom = {
  commonName: 'GH100 A01 GSP BROM',
  key: { kind: 'P-384', key: deriveP384Key(crypto, seed, 'gpu provider 1 0') } as const,
}
const leafOf = (changes: object, issuer = brom) =>
  issueDeviceCertificate(
    crypto,
    names,
    {
      commonName: 'GH100 A01 GSP FMC LF',
      key: { kind: 'P-384', key: gpu.leafKey } as const,
      serial: '41',
      extensions: [diceExtension(brom.key, gpu.fwid)],
      ...changes,
    },
    issuer,
  )

const chain = (id: string, comment: string, ...certificates: Uint8Array[]) =>
  report(`chain-${id}`, comment, ['gpu-identity'], { chain: certificates })
const chains: readonly CorpusEntry[] = [
  chain('root-alone', 'The root alone.', root),
  chain('without-leaf', 'The leaf is missing.', ...upper),
  chain(
    'certificate-missing',
    'A certificate is missing in the middle.',
    leaf,
    device,
    identity,
    root,
  ),
  chain('leaf-as-ca', 'A leaf acting as CA: one certificate more below it.', leaf, leaf, ...upper),
  chain(
    'other-device',
    'The certificate of another device above the leaf.',
    leaf,
    second.chain[1] ?? root,
    provisioner,
    identity,
    root,
  ),
  chain(
    'leaf-of-a-stranger',
    "A leaf in the device's name, signed by another key.",
    leafOf({}, { ...brom, key: rogue }),
    ...upper,
  ),
  chain('leaf-is-authority', 'A leaf with the CA flag.', leafOf({ authority: {} }), ...upper),
  chain('without-dice', 'A leaf without the DICE extension.', leafOf({ extensions: [] }), ...upper),
  chain(
    'dice-of-another',
    'A DICE extension about another device.',
    leafOf({ extensions: [diceExtension(rogue, gpu.fwid)] }),
    ...upper,
  ),
  chain(
    'leaf-expired',
    'A leaf that ended a second ago.',
    leafOf({ notAfterMs: nowMs - 1_000 }),
    ...upper,
  ),
  chain(
    'other-chip',
    'A leaf of another chip.',
    leafOf({ commonName: 'GH200 A01 GSP FMC LF' }),
    ...upper,
  ),
  chain(
    'other-network',
    "A device of another network's root.",
    ...simulatedNvidia({ seed: bytes(32, 99), crypto }).gpu('x').chain,
  ),
  chain('truncated', 'The last byte of the leaf is missing.', leaf.subarray(0, -1), ...upper),
]

const broken = (id: string, comment: string, other: Uint8Array, failed = ['gpu-evidence']) =>
  report(`report-${id}`, comment, failed, { report: other })
function signed(changes: {
  driver?: string
  fwid?: Uint8Array
  opaque?: Parameters<typeof writeSpdmMeasurements>[0]['opaque']
}) {
  const { driver = SIMULATED_DRIVER, fwid = gpu.fwid } = changes
  const opaque = changes.opaque ?? firmwareFields(driver, SIMULATED_VBIOS, fwid)
  const { measurements } = gpu
  const fields = { nonce: nonceOf(0), responderNonce: bytes(32, 1), measurements, opaque }
  return writeSpdmMeasurements(fields, gpu.leafKey)
}
const reports: readonly CorpusEntry[] = [
  report('report-good', 'A report alone with its chain, taken unbound.', [], {}),
  broken('cut', 'The last byte is missing.', honest.subarray(0, -1)),
  broken('padded', 'A zero byte behind the report.', concat(honest, bytes(1, 0))),
  broken('no-signature', 'A request without signature.', honest.with(2, 0)),
  broken('one-block', 'A request for one block.', honest.with(3, 1)),
  broken('other-slot', 'Another certificate slot.', honest.with(36, 1)),
  broken('error-response', 'An error in the place of the answer.', honest.with(38, 0x7f)),
  broken('absurd-count', '255 measurements where there are 64.', honest.with(41, 255)),
  broken('index-twice', 'A measurement index twice.', honest.with(45 + 55, 1)),
  broken(
    'opaque-twice',
    'A field of the device twice.',
    signed({
      opaque: [...firmwareFields(SIMULATED_DRIVER, SIMULATED_VBIOS, gpu.fwid), [3, bytes(1, 0)]],
    }),
  ),
  broken('changed', 'One bit of a measurement.', honest.with(60, (honest[60] ?? 0) ^ 1), [
    'gpu-report',
  ]),
  broken(
    'of-another-gpu',
    'The report of another GPU.',
    simulatedReport(second, nonceOf(0), crypto),
    ['gpu-report'],
  ),
  broken(
    'no-fwid',
    'A report without FWID.',
    signed({
      opaque: firmwareFields(SIMULATED_DRIVER, SIMULATED_VBIOS, gpu.fwid).slice(0, 3),
    }),
    ['gpu-firmware'],
  ),
  broken(
    'other-fwid',
    'Other firmware than the certificate is for.',
    signed({ fwid: bytes(48, 1) }),
    ['gpu-firmware'],
  ),
  broken('odd-driver', 'A driver version that is none.', signed({ driver: '550; rm' }), [
    'gpu-firmware',
  ]),
  report('architecture', 'Hopper where the policy takes Blackwell.', ['gpu-identity'], {
    policy: gpuPolicy({ architectures: ['blackwell'] }),
  }),
  report('driver', 'A driver that the policy does not list.', ['gpu-firmware'], {
    policy: gpuPolicy({ drivers: ['550.90.08'] }),
  }),
  report('before-issue', 'A clock before the certificates.', ['gpu-identity'], {
    clockMs: nowMs - 9_000 * DAY_MS,
  }),
]

const deviceOf = (one: SimulatedGpu, nonce: Uint8Array) => ({
  report: simulatedReport(one, nonce, crypto),
  chain: one.chain,
})
const evidenceOf = (...devices: ReturnType<typeof deviceOf>[]) =>
  encodeGpuEvidence({ devices, rims: [] })
const onlyOne = evidenceOf(deviceOf(gpu, nonceOf(0)))
const elsewhere = encodeStatementCore({ ...core, bootId: bytes(16, 0x55) })
const machineWith = (
  id: string,
  comment: string,
  failed: readonly string[],
  gpuEvidence: Uint8Array,
  changes = {},
) => snpBundle(`gpu-machine-${id}`, comment, failed, { gpuEvidence }, changes)
const gpuName = `nvidia-gpu:${deviceName()}`

/** The serial number of the BROM certificate. */
function deviceName(): string {
  const at = device.indexOf(0x10, 8) + 1
  return toHex(device.subarray(at, at + 16))
}

const machines: readonly CorpusEntry[] = [
  machineWith('snp-good', 'An SNP machine with one GPU.', [], onlyOne),
  machineWith(
    'two-good',
    'An SNP machine with two GPUs.',
    [],
    evidenceOf(deviceOf(gpu, nonceOf(0)), deviceOf(second, nonceOf(1))),
  ),
  bundle(
    'gpu-machine-tdx-good',
    'A TDX machine with one GPU.',
    [],
    makeEvidence({ gpuEvidence: onlyOne }),
    {
      anchors: [manufacturer.anchor, nvidia.anchor],
      policy: { ...policy, anchors: [...policy.anchors, nvidia.anchor.id] },
    },
  ),
  machineWith(
    'of-another',
    'GPU evidence made for the statement of another machine.',
    ['gpu-report'],
    evidenceOf(deviceOf(gpu, nonceOf(0, elsewhere))),
  ),
  machineWith(
    'order',
    'Two GPUs in another order than their nonces.',
    ['gpu-report'],
    evidenceOf(deviceOf(gpu, nonceOf(1)), deviceOf(second, nonceOf(0))),
  ),
  machineWith(
    'twice',
    'One GPU counted twice.',
    ['gpu-uniqueness'],
    evidenceOf(deviceOf(gpu, nonceOf(0)), deviceOf(gpu, nonceOf(1))),
  ),
  machineWith(
    'seen-elsewhere',
    'A GPU that was seen in another machine ten minutes ago.',
    ['gpu-uniqueness'],
    onlyOne,
    {
      compare: {
        ...attentive,
        gpusSeen: [{ gpu: gpuName, machine: 'tdx:00', timeMs: nowMs - 600_000 }],
      },
    },
  ),
  machineWith('seen-long-ago-good', 'The same two hours ago: machines are rebuilt.', [], onlyOne, {
    compare: {
      ...attentive,
      gpusSeen: [{ gpu: gpuName, machine: 'tdx:00', timeMs: nowMs - 7_200_000 }],
    },
  }),
  bundle(
    'gpu-machine-swapped',
    "GPU evidence that is not the statement's.",
    ['gpu-evidence'],
    {
      ...makeSnpEvidence({ gpuEvidence: onlyOne }),
      gpuEvidence: evidenceOf(deviceOf(second, nonceOf(0))),
    },
    { anchors: [amd.anchor, nvidia.anchor], policy: snpPolicy },
  ),
  bundle(
    'gpu-machine-removed',
    'GPU evidence that the statement names is missing.',
    ['gpu-evidence'],
    {
      ...makeSnpEvidence({ gpuEvidence: onlyOne }),
      gpuEvidence: bytes(0, 0),
    },
    { anchors: [amd.anchor, nvidia.anchor], policy: snpPolicy },
  ),
  snpBundle(
    'gpu-machine-without-opinion',
    "No word of NVIDIA's service where the policy requires it as a second opinion.",
    ['gpu-second-opinion'],
    { gpuEvidence: onlyOne, context: { policy: gpuPolicy({ nras: 'required' }) } },
  ),
  snpBundle('gpu-machine-required', 'No GPU where the policy requires one.', ['gpu-evidence'], {
    context: { policy: gpuPolicy({ need: 'required' }) },
  }),
]

export const GPUS: readonly CorpusEntry[] = [...chains, ...reports, ...machines]
