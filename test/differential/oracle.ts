/**
 * Another verifier for TDX quotes, `@phala/dcap-qvl`, asked for accept or refuse on the same evidence under the same
 * simulated root. A test oracle only: nothing of it is in the trust path, and it judges less than ours does.
 */
import dcapQvl from '@phala/dcap-qvl'
import { encodePemChain } from '#attestation/der/pem.ts'
import { type Collateral, encodeCollateral } from '#attestation/verify/collateral.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import { platform, root } from '../attestation/forge.ts'
import { context, policy } from '../attestation/network.ts'

/** Evidence as both verifiers take it. */
export interface Subject {
  readonly quote: Uint8Array
  readonly collateral: Collateral
  readonly nowMs: number
}

/** Ours with whatever a policy may allow that the other one allows too. */
const WIDEST = {
  ...policy,
  tcb: {
    statuses: [
      'UpToDate',
      'SWHardeningNeeded',
      'ConfigurationNeeded',
      'ConfigurationAndSWHardeningNeeded',
      'OutOfDate',
      'OutOfDateConfigurationNeeded',
    ],
    advisories: ['SIMULATED-SA-00001'],
    evaluationNumberMin: 1,
    grace: null,
  },
  tdx: { ...policy.tdx, xfamAllowed: 'ff'.repeat(8) },
} satisfies typeof policy

/** `accepted`, or the first step that failed with its reason; under the widest policy unless another is given. */
export function ours({ quote, collateral, nowMs }: Subject, by: typeof policy = WIDEST): string {
  const evidence = { quote, collateral: encodeCollateral(collateral) }
  const { steps } = appraiseTdx(evidence, { ...context, nowMs, policy: by })
  const failed = steps.find((step) => step.status === 'failed')
  if (failed !== undefined) return `${failed.name}: ${failed.detail}`
  return steps.every((step) => step.status === 'passed') ? 'accepted' : 'incomplete'
}

const verifier = dcapQvl.QuoteVerifier.newWithRootCa(Buffer.from(root.certificate))

/** `accepted`, or its reason. */
export function theirs({ quote, collateral, nowMs }: Subject): string {
  const chain = (certificates: readonly Uint8Array[]) =>
    fromUtf8(encodePemChain(certificates)).replace('\0', '')
  try {
    const { tcbInfo, qeIdentity } = collateral
    verifier.verify(
      Buffer.from(quote),
      {
        tcb_info: fromUtf8(tcbInfo),
        tcb_info_signature: toHex(collateral.tcbInfoSignature),
        tcb_info_issuer_chain: chain(collateral.tcbInfoChain),
        qe_identity: fromUtf8(qeIdentity),
        qe_identity_signature: toHex(collateral.qeIdentitySignature),
        qe_identity_issuer_chain: chain(collateral.qeIdentityChain),
        root_ca_crl: toHex(collateral.rootCrl),
        pck_crl: toHex(collateral.pckCrl),
        pck_crl_issuer_chain: chain([platform.certificate, root.certificate]),
      },
      Math.floor(nowMs / 1000),
    )
    return 'accepted'
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : `${thrown}`
  }
}
