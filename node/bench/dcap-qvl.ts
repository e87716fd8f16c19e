/**
 * The fastest other JavaScript verifier for TDX quotes that is published, `@phala/dcap-qvl`, where it is
 * installed (it is a development dependency): a figure to compare with, never part of a verdict.
 */
import { encodePemChain } from '#attestation/der/pem.ts'
import { decodeCollateral } from '#attestation/verify/collateral.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import type { AttestSubjects } from './attest-evidence.ts'

/** What ours checks and it does not, by reading it and by the differential tests. */
export const DCAP_QVL_SKIPS =
  'measurements, statement, freshness, evaluation floor, exact names and lengths, signed revocation lists'

interface OtherVerifier {
  verify(quote: Uint8Array, collateral: unknown, nowS: number): { readonly status: string }
}

interface OtherModule {
  readonly QuoteVerifier: { newWithRootCa(root: Uint8Array): OtherVerifier }
}

/** One verification of the subject's TDX quote by it; undefined: not installed, or it refuses the evidence. */
export async function dcapQvlTask(subjects: AttestSubjects): Promise<(() => unknown) | undefined> {
  const name = '@phala/dcap-qvl'
  const loaded: { default?: OtherModule } | undefined = await import(name).catch(() => undefined)
  const verifier = loaded?.default?.QuoteVerifier.newWithRootCa(Buffer.from(subjects.tdxRoot))
  if (verifier === undefined) return undefined
  const found = decodeCollateral(subjects.tdx.collateral)
  const pem = (chain: readonly Uint8Array[]) => fromUtf8(encodePemChain(chain)).replace('\0', '')
  const collateral = {
    tcb_info: fromUtf8(found.tcbInfo),
    tcb_info_signature: toHex(found.tcbInfoSignature),
    tcb_info_issuer_chain: pem(found.tcbInfoChain),
    qe_identity: fromUtf8(found.qeIdentity),
    qe_identity_signature: toHex(found.qeIdentitySignature),
    qe_identity_issuer_chain: pem(found.qeIdentityChain),
    root_ca_crl: toHex(found.rootCrl),
    pck_crl: toHex(found.pckCrl),
  }
  const quote = Buffer.from(subjects.tdx.quote)
  const nowS = Math.floor(subjects.context.nowMs / 1000)
  const task = () => verifier.verify(quote, collateral, nowS)
  try {
    task()
    return task
  } catch {
    return undefined
  }
}
