/** Writes SNP attestation reports (AMD SEV-SNP Firmware ABI Specification, ATTESTATION_REPORT). */
import type { SnpProduct, SnpTcb } from '#attestation/policy/snp-section.ts'
import { SNP_REPORT_BYTES } from '#attestation/verify/snp/report.ts'
import { type SimulatedP384Key, signP384 } from './device-keys.ts'

/** Fields as the firmware fills them; offsets are in `writeSnpReport`. */
export interface SnpReportFields {
  readonly version: number
  readonly product: SnpProduct
  readonly policy: bigint
  readonly vmpl: number
  readonly platformInfo: bigint
  readonly keyInfo: number
  readonly tcb: SnpTcb
  /** Where they differ from `tcb`. */
  readonly committedTcb?: SnpTcb
  readonly launchTcb?: SnpTcb
  readonly chipId: Uint8Array
  readonly reportData: Uint8Array
  readonly measurement: Uint8Array
  readonly hostData: Uint8Array
  readonly idKeyDigest: Uint8Array
  readonly authorKeyDigest: Uint8Array
  readonly firmware: { readonly major: number; readonly minor: number; readonly build: number }
}

/** Family, model and stepping that the firmware reports. */
const PROCESSOR = { milan: [0x19, 1, 1], genoa: [0x19, 0x11, 1], turin: [0x1a, 2, 1] } as const

function tcbBytes(tcb: SnpTcb, product: SnpProduct): Uint8Array {
  const { fmc, bootLoader, tee, snp, microcode } = tcb
  return product === 'turin'
    ? Uint8Array.of(fmc, bootLoader, tee, snp, 0, 0, 0, microcode)
    : Uint8Array.of(bootLoader, tee, 0, 0, 0, 0, snp, microcode)
}

/** A report and its signature by the VCEK or VLEK. */
export function writeSnpReport(fields: SnpReportFields, key: SimulatedP384Key): Uint8Array {
  const report = new Uint8Array(SNP_REPORT_BYTES)
  const view = new DataView(report.buffer)
  const { tcb, product, firmware } = fields
  const versions = [firmware.build, firmware.minor, firmware.major]
  view.setUint32(0x00, fields.version, true)
  view.setBigUint64(0x08, fields.policy, true)
  view.setUint32(0x30, fields.vmpl, true)
  view.setUint32(0x34, 1, true)
  report.set(tcbBytes(tcb, product), 0x38)
  view.setBigUint64(0x40, fields.platformInfo, true)
  view.setUint32(0x48, fields.keyInfo, true)
  report.set(fields.reportData, 0x50)
  report.set(fields.measurement, 0x90)
  report.set(fields.hostData, 0xc0)
  report.set(fields.idKeyDigest, 0xe0)
  report.set(fields.authorKeyDigest, 0x110)
  report.set(tcbBytes(tcb, product), 0x180)
  if (fields.version >= 3) report.set(PROCESSOR[product], 0x188)
  report.set(fields.chipId, 0x1a0)
  report.set(tcbBytes(fields.committedTcb ?? tcb, product), 0x1e0)
  report.set(versions, 0x1e8)
  report.set(versions, 0x1ec)
  report.set(tcbBytes(fields.launchTcb ?? tcb, product), 0x1f0)
  const signature = signP384(key, report.subarray(0, 0x2a0))
  report.set(signature.subarray(0, 48).toReversed(), 0x2a0)
  report.set(signature.subarray(48).toReversed(), 0x2a0 + 72)
  return report
}
