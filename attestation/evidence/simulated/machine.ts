/** SIMULATED authorities and machines: keys and certificates that follow from the network's seed. */
import { replayRegister } from '#attestation/verify/event-log.ts'
import type { TdReport } from '#attestation/verify/td-report.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type CertificateOrder, type Issuer, issueCertificate } from './certificates.ts'
import { deriveBytes, deriveKey, type SimulatedKey } from './keys.ts'
import { measurementBytes, simulatedMeasurement } from './measurements.ts'
import {
  SIMULATED_CPU_SVN,
  SIMULATED_FMSPC,
  SIMULATED_PCE_ID,
  SIMULATED_PCE_SVN,
  SIMULATED_TEE_TCB_SVN,
  sgxExtension,
  simulatedQeSigner,
} from './platform.ts'
import { type QuoteMaterial, writeTdxQuote } from './quote-writer.ts'

/** Fixed, so that certificates are the same bytes whenever they are derived. */
export const VALIDITY = {
  notBeforeMs: Date.UTC(2020, 0, 1),
  notAfterMs: Date.UTC(2049, 11, 31),
} as const

export interface Authority extends Issuer {
  readonly serial: string
  /** DER. */
  readonly certificate: Uint8Array
}

/** Positive and 20 bytes long, as Intel's are. */
function deriveSerial(crypto: CryptoPort, seed: Uint8Array, purpose: string): string {
  const [first = 0, ...rest] = deriveBytes(crypto, seed, `serial ${purpose}`, 20)
  return toHex(Uint8Array.of(0x40 | (first & 0x3f), ...rest))
}

export function deriveAuthority(
  crypto: CryptoPort,
  seed: Uint8Array,
  commonName: string,
  rank: { readonly pathLength?: number; readonly issuer?: Issuer },
): Authority {
  const key = deriveKey(crypto, seed, commonName)
  const order: CertificateOrder = {
    commonName,
    publicKey: key.publicKey,
    serial: deriveSerial(crypto, seed, commonName),
    ...VALIDITY,
    authorityPathLength: rank.pathLength,
  }
  const certificate = issueCertificate(crypto, order, rank.issuer ?? { commonName, key })
  return { commonName, key, serial: order.serial, certificate }
}

export interface SimulatedMachine {
  /** Serial number of the PCK certificate, hexadecimal. */
  readonly pckSerial: string
  readonly pckKey: SimulatedKey
  readonly material: QuoteMaterial
  /** The TD report of this guest over 64 bytes of report data. */
  report(reportData: Uint8Array): TdReport
  quote(reportData: Uint8Array): Uint8Array
}

/** What a machine's TDX module reports: a TD 1.0 body in a version 4 quote, or TD 1.5 in version 5. */
export type TdGeneration = 'td-1.0' | 'td-1.5'

/** SEPT_VE_DISABLE. */
const TD_ATTRIBUTES = fromHex('0000001000000000')
const XFAM = fromHex('e702060000000000')
/** No update since launch, no service TD. */
const TD_15 = { teeTcbSvn2: SIMULATED_TEE_TCB_SVN, mrServiceTd: new Uint8Array(48) }

/**
 * @param runtimeEvents digests of 48 bytes that the guest extends RTMR3 with, from zero; none: it holds a fixed value
 * @throws RangeError when the digest is not 32 bytes
 */
export function createMachine(
  crypto: CryptoPort,
  seed: Uint8Array,
  authorities: { readonly root: Authority; readonly platform: Authority },
  name: string,
  runtimeDigest: Uint8Array,
  generation: TdGeneration = 'td-1.0',
  runtimeEvents: readonly Uint8Array[] = [],
): SimulatedMachine {
  const { root, platform } = authorities
  const pckKey = deriveKey(crypto, seed, `pck ${name}`)
  const pckSerial = deriveSerial(crypto, seed, `pck ${name}`)
  const identity = {
    ppid: deriveBytes(crypto, seed, `ppid ${name}`, 16),
    cpuSvn: SIMULATED_CPU_SVN,
    pceSvn: SIMULATED_PCE_SVN,
    pceId: SIMULATED_PCE_ID,
    fmspc: SIMULATED_FMSPC,
  }
  const pck = issueCertificate(
    crypto,
    {
      commonName: 'Intel SGX PCK Certificate',
      publicKey: pckKey.publicKey,
      serial: pckSerial,
      ...VALIDITY,
      sgxExtension: sgxExtension(identity),
    },
    platform,
  )
  const material: QuoteMaterial = {
    attestationKey: deriveKey(crypto, seed, `attestation ${name}`),
    pckKey,
    pckChain: [pck, platform.certificate, root.certificate],
    qeSigner: simulatedQeSigner(crypto, seed),
    cpuSvn: SIMULATED_CPU_SVN,
  }
  const fixed = measurementBytes(simulatedMeasurement(crypto, runtimeDigest))
  const rtMr3 = runtimeEvents.length > 0 ? [replayRegister(crypto, runtimeEvents)] : []
  const measured = { ...fixed, rtMr: [...fixed.rtMr.slice(0, 4 - rtMr3.length), ...rtMr3] }
  const report = (reportData: Uint8Array): TdReport => ({
    teeTcbSvn: SIMULATED_TEE_TCB_SVN,
    mrSeam: deriveBytes(crypto, seed, 'tdx module', 48),
    mrSignerSeam: new Uint8Array(48),
    seamAttributes: new Uint8Array(8),
    tdAttributes: TD_ATTRIBUTES,
    xfam: XFAM,
    ...measured,
    reportData,
    ...(generation === 'td-1.5' ? { td15: TD_15 } : {}),
  })
  const quote = (reportData: Uint8Array) => writeTdxQuote(crypto, report(reportData), material)
  return { pckSerial, pckKey, material, report, quote }
}
