/** What a file of evidence holds: told by its first bytes, in binary or in hexadecimal. */
import { isBundle } from '#attestation/evidence/bundle-file.ts'
import { SNP_REPORT_BYTES } from '#attestation/verify/snp/report.ts'
import { fromHex } from '#protocol/bytes.ts'

export type EvidenceForm = 'bundle' | 'tdx-quote' | 'snp-report' | 'nvidia-report'

export interface Recognised {
  readonly form: EvidenceForm
  /** Binary. */
  readonly bytes: Uint8Array
}

const TEE_TYPE_TDX = 0x81
/** SPDM 1.1 GET_MEASUREMENTS asking for all blocks, signed (DMTF DSP0274). */
const SPDM_REQUEST = [0x11, 0xe0] as const
const HEX_CHARACTER = /^[0-9a-fA-F]$/

/** undefined: none of the forms. Hexadecimal is all of one case, with at most one line end after it. */
export function recogniseEvidence(file: Uint8Array): Recognised | undefined {
  const found = formOf(file)
  if (found !== undefined) return { form: found, bytes: file }
  const binary = isHexStart(file) ? decodeHexText(file) : undefined
  const form = binary === undefined ? undefined : formOf(binary)
  return binary === undefined || form === undefined ? undefined : { form, bytes: binary }
}

function formOf(bytes: Uint8Array): EvidenceForm | undefined {
  if (isBundle(bytes)) return 'bundle'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === SNP_REPORT_BYTES) return 'snp-report'
  if (bytes.length > 48 && view.getUint32(4, true) === TEE_TYPE_TDX) return 'tdx-quote'
  const isSpdm = SPDM_REQUEST.every((byte, at) => bytes[at] === byte)
  return isSpdm ? 'nvidia-report' : undefined
}

function isHexStart(file: Uint8Array): boolean {
  return HEX_CHARACTER.test(String.fromCharCode(file[0] ?? 0))
}

function decodeHexText(file: Uint8Array): Uint8Array | undefined {
  const text = new TextDecoder('latin1').decode(file).replace(/\r?\n$/, '')
  const isHex = /^([0-9a-f]{2})+$/.test(text) || /^([0-9A-F]{2})+$/.test(text)
  return isHex ? fromHex(text.toLowerCase()) : undefined
}
