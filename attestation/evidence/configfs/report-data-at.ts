/** Where a raw report carries its report data: the guest compares it with what it wrote. */

/** Drivers behind configfs-tsm, by the text of the attribute `provider`. */
export type TsmProvider = 'tdx_guest' | 'sev_guest'

const REPORT_DATA_BYTES = 64
/** TDX quote: header 48, body of version 4 at once, of version 5 after type and size (6 bytes). */
const TDX_BODY_OFFSET = { 4: 48, 5: 54 } as const
/** In both TD report bodies (Intel TDX DCAP Quoting Library API, TD quote body). */
const TDX_REPORT_DATA_OFFSET = 520
/** REPORT_DATA (AMD SEV-SNP Firmware ABI, ATTESTATION_REPORT). */
const SNP_REPORT_DATA_OFFSET = 0x50

/** The 64 bytes, or undefined when the report is too short or of an unknown version. */
export function reportDataAt(provider: TsmProvider, report: Uint8Array): Uint8Array | undefined {
  const offset = provider === 'sev_guest' ? SNP_REPORT_DATA_OFFSET : tdxOffset(report)
  if (offset === undefined || report.length < offset + REPORT_DATA_BYTES) return undefined
  return report.slice(offset, offset + REPORT_DATA_BYTES)
}

function tdxOffset(quote: Uint8Array): number | undefined {
  const version = (quote[0] ?? 0) | ((quote[1] ?? 0) << 8)
  if (version !== 4 && version !== 5) return undefined
  return TDX_BODY_OFFSET[version] + TDX_REPORT_DATA_OFFSET
}
