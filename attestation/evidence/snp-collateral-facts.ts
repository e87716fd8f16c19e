/** Judges collateral for one SNP report before it is kept: chain, revocation list and signature. */
import { parseRevocationList } from '#attestation/der/crl.ts'
import { RSA_PSS_LIST } from '#attestation/der/device-keys.ts'
import { SNP_PRODUCTS, type SnpProduct, type SnpTcb } from '#attestation/policy/snp-section.ts'
import { StepRecorder } from '#attestation/steps.ts'
import { refuse } from '#attestation/verify/refuse.ts'
import { decodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { expectProcessor } from '#attestation/verify/snp/product.ts'
import { parseSnpReport, type SnpReport } from '#attestation/verify/snp/report.ts'
import { SNP_STEPS } from '#attestation/verify/snp/steps.ts'
import { readTcb } from '#attestation/verify/snp/tcb.ts'
import { checkSnpTrust } from '#attestation/verify/snp/trust.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CollateralFacts } from './collateral-facts.ts'
import { readCertificateTable, type SnpCertificateSlot } from './snp-certificate-table.ts'

const DAY_MS = 86_400_000
/** Turin's hardware id is the first 8 bytes of CHIP_ID, the rest is zero. */
const TURIN_HWID_BYTES = 8

/** Which collateral an SNP report needs. */
export interface SnpCollateralNeed {
  readonly kind: 'sev-snp'
  readonly product: SnpProduct
  readonly signingKey: SnpReport['signingKey']
  /** Hardware id in lowercase hexadecimal, as KDS takes it. */
  readonly hardwareId: string
  readonly tcb: SnpTcb
  readonly report: SnpReport
  /** Certificates that the host gave with the report; checked as any others. */
  readonly host: ReadonlyMap<SnpCertificateSlot, Uint8Array>
}

function productOf(report: SnpReport): SnpProduct {
  // Version 2 reports name no processor; only Milan's firmware still makes them.
  if (report.processor === undefined) return 'milan'
  for (const product of SNP_PRODUCTS) {
    try {
      expectProcessor(report.processor, product)
      return product
    } catch {
      // Not this one.
    }
  }
  return refuse('a processor of no known product')
}

/**
 * What the verifier of a report would look up; says nothing about the report being good.
 * @param table the host's certificate table, `auxblob`; empty: none
 * @throws AttestationError CHECK_FAILED
 */
export function snpCollateralNeed(
  bytes: Uint8Array,
  table: Uint8Array = new Uint8Array(0),
): SnpCollateralNeed {
  const report = parseSnpReport(bytes)
  const product = productOf(report)
  const id = product === 'turin' ? report.chipId.subarray(0, TURIN_HWID_BYTES) : report.chipId
  return {
    kind: 'sev-snp',
    product,
    signingKey: report.signingKey,
    hardwareId: toHex(id),
    tcb: readTcb(report.reportedTcb, product),
    report,
    host: readCertificateTable(table),
  }
}

/**
 * AMD numbers no evaluations: the day of the revocation list stands in for it, so that an older list
 * never replaces a newer one.
 * @param bytes exact bytes of an SnpCollateral
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 * @throws ProtocolError FRAME_MALFORMED
 */
export function snpCollateralFacts(
  bytes: Uint8Array,
  need: SnpCollateralNeed,
  context: AppraisalContext,
): CollateralFacts {
  const collateral = decodeSnpCollateral(bytes)
  const steps = new StepRecorder(SNP_STEPS)
  checkSnpTrust(steps, context, need.report, collateral)
  const bad = steps.steps.find(({ status }) => status !== 'passed')
  if (bad !== undefined) refuse(`${bad.name}: ${bad.detail}`)
  const { thisUpdateMs, nextUpdateMs } = parseRevocationList(collateral.crl, RSA_PSS_LIST)
  return {
    evaluationNumber: Math.floor(thisUpdateMs / DAY_MS),
    issuedMs: thisUpdateMs,
    expiresMs: nextUpdateMs,
  }
}
