/** Forged evidence: what somebody with an extracted key, a debug guest or an old platform can make. */
import {
  type CertificateOrder,
  type Issuer,
  issueCertificate,
  issueRevocationList,
} from '#attestation/evidence/simulated/certificates.ts'
import {
  documentBytes,
  simulatedQeIdentity,
  simulatedTcbInfo,
} from '#attestation/evidence/simulated/documents.ts'
import { deriveKey, type SimulatedKey, sign } from '#attestation/evidence/simulated/keys.ts'
import { VALIDITY } from '#attestation/evidence/simulated/machine.ts'
import {
  SIMULATED_CPU_SVN,
  SIMULATED_FMSPC,
  SIMULATED_PCE_ID,
  SIMULATED_PCE_SVN,
  sgxExtension,
  simulatedQeSigner,
} from '#attestation/evidence/simulated/platform.ts'
import { type QuoteMaterial, writeTdxQuote } from '#attestation/evidence/simulated/quote-writer.ts'
import {
  type Collateral,
  decodeCollateral,
  encodeCollateral,
} from '#attestation/verify/collateral.ts'
import type { TdReport } from '#attestation/verify/td-report.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import type { AppraisalContext, TeeEvidence } from '#attestation/verify/tee-verifier.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { bytes, context, machine, manufacturer, nowMs, seed } from './network.ts'

export const { root, platform, tcbSigner } = manufacturer.authorities

const dayMs = 86_400_000
const dates = { issuedMs: nowMs - dayMs, nextUpdateMs: nowMs + 30 * dayMs }
const revocation = { thisUpdateMs: dates.issuedMs, nextUpdateMs: dates.nextUpdateMs }

export const honest: Collateral = decodeCollateral(manufacturer.collateral)
export const reportData = bytes(64, 0xd7)

/** The key of a peer's own PCK certificate, as if it had been extracted from the hardware. */
export const extracted: Issuer & { readonly certificate: Uint8Array } = {
  commonName: 'Intel SGX PCK Certificate',
  key: machine.pckKey,
  certificate: machine.material.pckChain[0] ?? bytes(0, 0),
}

export const newKey = (name: string): SimulatedKey => deriveKey(crypto, seed, `forged ${name}`)

export function issue(order: Partial<CertificateOrder> & { commonName: string }, issuer: Issuer) {
  const key = newKey(order.commonName)
  const serial = '41'.repeat(20)
  return issueCertificate(
    crypto,
    { publicKey: key.publicKey, serial, ...VALIDITY, ...order },
    issuer,
  )
}

/** Under the root of a stranger's own manufacturer. */
export const stranger: Issuer = { commonName: 'Intel SGX Root CA', key: newKey('stranger') }

export const sgxOf = (values: Partial<Parameters<typeof sgxExtension>[0]> = {}): Uint8Array =>
  sgxExtension({
    ppid: bytes(16, 0xaa),
    cpuSvn: SIMULATED_CPU_SVN,
    pceSvn: SIMULATED_PCE_SVN,
    pceId: SIMULATED_PCE_ID,
    fmspc: SIMULATED_FMSPC,
    ...values,
  })

export const revocationList = (
  issuer: Issuer,
  order: Partial<Parameters<typeof issueRevocationList>[1]> = {},
): Uint8Array => issueRevocationList(crypto, { revoked: [], ...revocation, ...order }, issuer)

type TcbInfoDocument = ReturnType<typeof simulatedTcbInfo>
type QeIdentityDocument = ReturnType<typeof simulatedQeIdentity>

/** TCB info with changes, signed by the honest signer unless another one is given. */
export function tcbInfo(
  change: (document: TcbInfoDocument) => object,
  signer = { key: tcbSigner.key, chain: honest.tcbInfoChain },
): Partial<Collateral> {
  const json = documentBytes(change(simulatedTcbInfo(dates)))
  return {
    tcbInfo: json,
    tcbInfoSignature: sign(signer.key, json),
    tcbInfoChain: signer.chain,
  }
}

export function qeIdentity(
  change: (document: QeIdentityDocument) => object,
  signer = { key: tcbSigner.key, chain: honest.qeIdentityChain },
): Partial<Collateral> {
  const json = documentBytes(change(simulatedQeIdentity(dates, simulatedQeSigner(crypto, seed))))
  return {
    qeIdentity: json,
    qeIdentitySignature: sign(signer.key, json),
    qeIdentityChain: signer.chain,
  }
}

export interface Forgery {
  readonly body?: Partial<TdReport>
  readonly material?: Partial<QuoteMaterial>
  readonly collateral?: Partial<Collateral>
  readonly eventLog?: Uint8Array
  readonly context?: Partial<AppraisalContext>
}

/** The forgery as evidence. */
export function makeTdx(forgery: Forgery): TeeEvidence {
  const body = { ...machine.report(reportData), ...forgery.body }
  const quote = writeTdxQuote(crypto, body, { ...machine.material, ...forgery.material })
  const collateral = encodeCollateral({ ...honest, ...forgery.collateral })
  return { quote, collateral, eventLog: forgery.eventLog }
}

/** Steps of a forgery, judged by the same verifier as honest evidence. */
export function judge(forgery: Forgery) {
  return appraiseTdx(makeTdx(forgery), { ...context, ...forgery.context }).steps
}

/** The first step that failed, as `name: detail`, or `accepted`. */
export function verdictOn(forgery: Forgery): string {
  const steps = judge(forgery)
  const failed = steps.find((step) => step.status === 'failed')
  if (failed !== undefined) return `${failed.name}: ${failed.detail}`
  return steps.every((step) => step.status === 'passed') ? 'accepted' : 'incomplete'
}
