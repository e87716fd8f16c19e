/** Quote sources over this machine's own devices: report data in, quote and collateral out. */
import type { ReportRequest, TsmReport } from '#attestation/evidence/configfs/attempt.ts'
import { type TsmComponents, tsmReport } from '#attestation/evidence/configfs/report.ts'
import { runtimeLogFor } from '#attestation/evidence/event-log/runtime-log.ts'
import { quotedBytes, type ReportData } from '#attestation/statement.ts'
import type { QuoteSource } from '#attestation/types.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { dstackQuote } from './dstack-socket.ts'

/** Collateral for a quote; `host` holds the certificates that came with a SEV-SNP report. */
export type CollateralFor = (report: TsmReport) => Promise<Uint8Array>

/** What the guest extended RTMR3 with, 48 bytes each; undefined: it keeps no log. */
export type ReadRuntimeEvents = () => Promise<readonly Uint8Array[] | undefined>

/** The kernel's configfs-tsm, and every primitive. */
export interface TsmSourceComponents extends TsmComponents {
  readonly crypto: CryptoPort
}

/** TDX through configfs-tsm; `quotedBytes` refuses report data that is no statement's hash. */
export function tdxSource(
  components: TsmSourceComponents,
  collateralFor: CollateralFor,
  runtimeEvents: ReadRuntimeEvents = async () => undefined,
): QuoteSource {
  const source = tsmSource('tdx', components, collateralFor, (reportData) => ({
    provider: 'tdx_guest',
    reportData,
  }))
  return {
    ...source,
    async quote(reportData) {
      const quoted = await source.quote(reportData)
      return { ...quoted, ...runtimeLogFor(components.crypto, quoted.quote, await runtimeEvents()) }
    },
  }
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

/** TDX through dstack's guest agent, which also brings its event log. */
export function dstackSource(
  crypto: CryptoPort,
  socketPath: string,
  collateralFor: CollateralFor,
): QuoteSource {
  return {
    tee: 'tdx',
    async quote(reportData: ReportData) {
      const { quote, runtimeEvents } = await dstackQuote(
        crypto,
        socketPath,
        quotedBytes(reportData),
      )
      const collateral = await collateralFor({ report: quote, auxiliary: new Uint8Array(0) })
      return { quote, collateral, ...runtimeLogFor(crypto, quote, runtimeEvents) }
    },
  }
}
