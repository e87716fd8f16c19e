/**
 * SIMULATED NVIDIA: GPUs that are structurally H100s (five certificates, SPDM reports) and follow entirely from the
 * network's seed. They compute nothing and protect nothing; mainnet refuses their root in code.
 */
import type { GpuSource, TrustAnchor } from '#attestation/types.ts'
import { encodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import { tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { extension } from './certificates.ts'
import { derOctets, derOid, derSequence, derSmall } from './der-writer.ts'
import { type DeviceIssuer, deviceKeyInfo, issueDeviceCertificate } from './device-certificates.ts'
import { type DeviceIssuerKey, deriveP384Key, type SimulatedP384Key } from './device-keys.ts'
import { deriveBytes } from './keys.ts'
import { firmwareFields, writeSpdmMeasurements } from './spdm-writer.ts'

export const SIMULATED_DRIVER = '550.90.07'
export const SIMULATED_VBIOS = '96.00.9F.00.01'
const MEASUREMENTS = 64
const NAMES = { organizationalUnit: 'SIMULATED, protects nothing' }

export interface SimulatedNvidiaOptions {
  /** 32 bytes, one per network. */
  readonly seed: Uint8Array
  readonly crypto: CryptoPort
}

export interface SimulatedGpu {
  readonly leafKey: SimulatedP384Key
  /** SHA-384 of the firmware that the leaf key is for. */
  readonly fwid: Uint8Array
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[]
  /** Values of the measurement blocks from index 1 on. */
  readonly measurements: readonly Uint8Array[]
}

export interface SimulatedNvidia {
  /** The same bytes for everybody who derives it from the same seed. */
  readonly anchor: TrustAnchor
  /** With their keys, for tests that forge evidence: root, identity, provisioner. */
  readonly authorities: readonly (DeviceIssuer & { readonly certificate: Uint8Array })[]
  gpu(name: string): SimulatedGpu
  /** The GPUs of a machine by name, 1 to 8. */
  gpus(machine: string, count: number): GpuSource
}

function serialOf(crypto: CryptoPort, seed: Uint8Array, purpose: string): string {
  const [first = 0, ...rest] = deriveBytes(crypto, seed, `nvidia serial ${purpose}`, 16)
  return toHex(Uint8Array.of(0x40 | (first & 0x3f), ...rest))
}

/** CompositeDeviceID (TCG DICE): the device's own key and the firmware that the leaf key is for. */
export function diceExtension(deviceKey: DeviceIssuerKey, fwid: Uint8Array): Uint8Array {
  const digest = derSequence(derOid('2.16.840.1.101.3.4.2.2'), derOctets(fwid))
  return extension('2.23.133.5.4.1', derSequence(derSmall(1), deviceKeyInfo(deviceKey), digest))
}

function deriveAuthorities({ crypto, seed }: SimulatedNvidiaOptions) {
  const names = [
    'NVIDIA Device Identity CA',
    'NVIDIA GH100 Identity',
    'NVIDIA GH100 Provisioner ICA 1',
  ]
  const issuers = names.map(
    (commonName): DeviceIssuer => ({
      commonName,
      key: { kind: 'P-384', key: deriveP384Key(crypto, seed, commonName) },
    }),
  )
  return issuers.map((one, at) => {
    const serial = serialOf(crypto, seed, one.commonName)
    const order = { ...one, serial, authority: {} }
    const certificate = issueDeviceCertificate(crypto, NAMES, order, issuers[at - 1] ?? one)
    return { ...one, certificate }
  })
}

/** @throws RangeError when the seed is not 32 bytes */
export function simulatedNvidia(options: SimulatedNvidiaOptions): SimulatedNvidia {
  const { crypto, seed } = options
  if (seed.length !== 32) throw new RangeError('a manufacturer seed is 32 bytes')
  const authorities = deriveAuthorities(options)
  const [root, , provisioner] = authorities
  if (root === undefined || provisioner === undefined) throw new RangeError('no authorities')
  const rootCertificate = root.certificate
  const id = `simulated-gpu-${toHex(crypto.sha256(rootCertificate)).slice(0, 16)}`
  const gpu = (name: string): SimulatedGpu => {
    const deviceKey = { kind: 'P-384', key: deriveP384Key(crypto, seed, `gpu ${name}`) } as const
    const leafKey = deriveP384Key(crypto, seed, `gpu firmware ${name}`)
    const fwid = crypto.sha384(tagged('cocoon/simulated-measurement/1', utf8('gpu firmware')))
    const brom = { commonName: 'GH100 A01 GSP BROM', key: deviceKey }
    const device = issueDeviceCertificate(
      crypto,
      NAMES,
      { ...brom, serial: serialOf(crypto, seed, `gpu ${name}`), authority: {} },
      provisioner,
    )
    const leaf = issueDeviceCertificate(
      crypto,
      NAMES,
      {
        commonName: 'GH100 A01 GSP FMC LF',
        key: { kind: 'P-384', key: leafKey },
        serial: serialOf(crypto, seed, `gpu firmware ${name}`),
        extensions: [diceExtension(deviceKey, fwid)],
      },
      brom,
    )
    const upper = authorities.map((one) => one.certificate).reverse()
    const measurements = Array.from({ length: MEASUREMENTS }, (_, at) =>
      deriveBytes(crypto, seed, `gpu measurement ${at}`, 48),
    )
    return { leafKey, fwid, chain: [leaf, device, ...upper], measurements }
  }
  return {
    anchor: { id, kind: 'nvidia-device-identity', environment: 'simulated', rootCertificate },
    authorities,
    gpu,
    gpus(machine, count) {
      const devices = Array.from({ length: count }, (_, at) => gpu(`${machine} ${at}`))
      return {
        async evidence(core) {
          const reports = devices.map((device, index) => ({
            report: simulatedReport(device, gpuNonce(crypto, index, core), crypto),
            chain: device.chain,
          }))
          return encodeGpuEvidence({ devices: reports, rims: [] })
        },
      }
    },
  }
}

/** What this GPU answers to a nonce of 32 bytes. */
export function simulatedReport(
  device: SimulatedGpu,
  nonce: Uint8Array,
  crypto: CryptoPort,
): Uint8Array {
  const { leafKey, fwid, measurements } = device
  const opaque = firmwareFields(SIMULATED_DRIVER, SIMULATED_VBIOS, fwid)
  const responderNonce = crypto.sha256(nonce)
  return writeSpdmMeasurements({ nonce, responderNonce, measurements, opaque }, leafKey)
}
