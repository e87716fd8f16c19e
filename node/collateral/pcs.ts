/** Collateral of TDX platforms from Intel's PCS (API v4) or from a PCCS that caches it. */
import type { TdxCollateralNeed } from '#attestation/evidence/collateral-facts.ts'
import {
  chainOfHeader,
  revocationListOf,
  signedDocument,
} from '#attestation/evidence/pcs-answers.ts'
import { collateralFromPcs } from '#attestation/evidence/pcs-collateral.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import { get, type HttpLimits } from './http.ts'
import type { CollateralSource } from './source.ts'

export interface PcsService {
  /** Without a slash at the end, for example `https://localhost:8081`. */
  readonly baseUrl: string
  /** Where the root's list is: PCS has it on another host, a PCCS beside the rest. */
  readonly rootCrlUrl: string
}

export const INTEL_PCS: PcsService = {
  baseUrl: 'https://api.trustedservices.intel.com',
  rootCrlUrl: 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der',
}

/** A PCCS by its base URL. */
export function pccs(baseUrl: string): PcsService {
  return { baseUrl, rootCrlUrl: `${baseUrl}/sgx/certification/v4/rootcacrl` }
}

export function pcsSource(
  service: PcsService = INTEL_PCS,
  limits: HttpLimits = {},
): CollateralSource<TdxCollateralNeed> {
  return {
    name: new URL(service.baseUrl).host,
    async fetch(need) {
      const { baseUrl, rootCrlUrl } = service
      const [tcb, qe, pckCrl, rootCrl] = await Promise.all([
        get(`${baseUrl}/tdx/certification/v4/tcb?fmspc=${need.fmspc.toUpperCase()}`, limits),
        get(`${baseUrl}/tdx/certification/v4/qe/identity`, limits),
        get(`${baseUrl}/sgx/certification/v4/pckcrl?ca=${need.authority}&encoding=der`, limits),
        get(rootCrlUrl, limits),
      ])
      const info = signedDocument(tcb.body, 'tcbInfo')
      const identity = signedDocument(qe.body, 'enclaveIdentity')
      const tcbHeader = 'TCB-Info-Issuer-Chain'
      const qeHeader = 'SGX-Enclave-Identity-Issuer-Chain'
      return collateralFromPcs({
        tcb_info: fromUtf8(info.json),
        tcb_info_signature: toHex(info.signature),
        tcb_info_issuer_chain: chainOfHeader(tcb.header(tcbHeader), tcbHeader),
        qe_identity: fromUtf8(identity.json),
        qe_identity_signature: toHex(identity.signature),
        qe_identity_issuer_chain: chainOfHeader(qe.header(qeHeader), qeHeader),
        root_ca_crl: toHex(revocationListOf(rootCrl.body, 'root CRL')),
        pck_crl: toHex(revocationListOf(pckCrl.body, 'PCK CRL')),
      })
    },
  }
}
