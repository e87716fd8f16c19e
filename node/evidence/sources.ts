/** Quote sources over this machine's own devices: report data in, quote and collateral out. */
import type { ReportRequest, TsmReport } from '#attestation/evidence/configfs/attempt.ts'
import { type TsmComponents, tsmReport } from '#attestation/evidence/configfs/report.ts'
import { quotedBytes, type ReportData } from '#attestation/statement.ts'
import type { QuoteSource } from '#attestation/types.ts'
import { dstackQuote } from './dstack-socket.ts'

/** Collateral for a quote; `host` holds the certificates that came with a SEV-SNP report. */
export type CollateralFor = (report: TsmReport) => Promise<Uint8Array>

/** TDX through configfs-tsm; `quotedBytes` refuses report data that is no statement's hash. */
export function tdxSource(components: TsmComponents, collateralFor: CollateralFor): QuoteSource {
  return tsmSource('tdx', components, collateralFor, (reportData) => ({
    provider: 'tdx_guest',
    reportData,
  }))
}

export interface SnpSourceOptions {
  /** VMPL 0 to 3; undefined: what the kernel takes. */
  readonly privilegeLevel?: number | undefined
  readonly serviceProvider?: 'svsm' | undefined
}

export function snpSource(
  components: TsmComponents,
  collateralFor: CollateralFor,
  options: SnpSourceOptions = {},
): QuoteSource {
  return tsmSource('sev-snp', components, collateralFor, (reportData) => ({
    provider: 'sev_guest',
    reportData,
    ...options,
  }))
}

function tsmSource(
  tee: 'tdx' | 'sev-snp',
  components: TsmComponents,
  collateralFor: CollateralFor,
  requestFor: (reportData: Uint8Array) => ReportRequest,
): QuoteSource {
  return {
    tee,
    async quote(reportData: ReportData) {
      const report = await tsmReport(components, requestFor(quotedBytes(reportData)))
      return { quote: report.report, collateral: await collateralFor(report) }
    },
  }
}

/** TDX through dstack's guest agent. */
export function dstackSource(socketPath: string, collateralFor: CollateralFor): QuoteSource {
  return {
    tee: 'tdx',
    async quote(reportData: ReportData) {
      const report = await dstackQuote(socketPath, quotedBytes(reportData))
      return {
        quote: report,
        collateral: await collateralFor({ report, auxiliary: new Uint8Array(0) }),
      }
    },
  }
}
