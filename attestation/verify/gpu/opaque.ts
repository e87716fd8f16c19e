/** NVIDIA's fields in an SPDM response: what the device runs (NVIDIA nvTrust, OpaqueData field types). */
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import { refuse } from '../refuse.ts'
import type { SpdmMeasurements } from './spdm.ts'

export const OPAQUE = { driverVersion: 3, vbiosVersion: 6, nvdecStatus: 11, fwid: 20 } as const

/** NVDEC0 is switched off: its measurement block is not filled then. */
const NVDEC_DISABLED = 0x55

export interface GpuFirmware {
  /** `550.90.07`. */
  readonly driver: string
  /** `96.00.9F.00.01`. */
  readonly vbios: string
  /** SHA-384 of the firmware that holds the leaf key. */
  readonly fwid: Uint8Array
  readonly isNvdecDisabled: boolean
}

function field(report: SpdmMeasurements, type: number, name: string): Uint8Array {
  return report.opaque.get(type) ?? refuse(`the report states no ${name}`)
}

/** Digits and dots, ended by one zero byte. */
function driverText(bytes: Uint8Array): string {
  const text = bytes.at(-1) === 0 && bytes.length <= 64 ? fromUtf8(bytes.subarray(0, -1)) : ''
  return /^[0-9.]{1,63}$/.test(text) ? text : refuse('a driver version of another form')
}

/** Eight bytes: the fourth to the first, then the fifth. */
function vbiosText(bytes: Uint8Array): string {
  if (bytes.length !== 8) return refuse('a VBIOS version of another form')
  const order = [3, 2, 1, 0, 4].map((at) => toHex(bytes.subarray(at, at + 1)).toUpperCase())
  return order.join('.')
}

/** @throws AttestationError CHECK_FAILED */
export function readFirmware(report: SpdmMeasurements): GpuFirmware {
  const fwid = field(report, OPAQUE.fwid, 'FWID')
  if (fwid.length !== 48) refuse('a FWID of another length')
  return {
    driver: driverText(field(report, OPAQUE.driverVersion, 'driver version')),
    vbios: vbiosText(field(report, OPAQUE.vbiosVersion, 'VBIOS version')),
    fwid,
    isNvdecDisabled: report.opaque.get(OPAQUE.nvdecStatus)?.[0] === NVDEC_DISABLED,
  }
}
