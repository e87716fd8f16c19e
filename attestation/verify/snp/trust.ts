/** Steps from the ARK down to the report's own signature. */
import { expectAnchor } from '#attestation/anchors/select.ts'
import { parseRevocationList } from '#attestation/der/crl.ts'
import {
  type DeviceCertificate,
  isSignedByDevice,
  parseDeviceCertificate,
} from '#attestation/der/device-certificate.ts'
import { RSA_PSS_LIST, verifyWithDeviceKey } from '#attestation/der/device-keys.ts'
import { isoSeconds } from '#attestation/der/time.ts'
import type { SnpProduct } from '#attestation/policy/snp-section.ts'
import type { StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { verifyDeviceChain } from '../device-chain.ts'
import { refuse } from '../refuse.ts'
import type { AppraisalContext } from '../tee-verifier.ts'
import type { SnpCollateral } from './collateral.ts'
import { productName, productOfRoot } from './product.ts'
import type { SnpReport, SnpSigningKey } from './report.ts'
import type { SnpStepName } from './steps.ts'

/** What the later steps build on; each part is undefined when its step did not pass. */
export interface SnpTrust {
  readonly anchor: TrustAnchor | undefined
  readonly product: SnpProduct | undefined
  /** The VCEK or VLEK. */
  readonly signer: DeviceCertificate | undefined
}

const TEES = { production: 'sev-snp', simulated: 'simulated-snp' } as const

function profileOf(product: SnpProduct, key: SnpSigningKey) {
  const name = productName(product)
  const [leaf, authority] =
    key === 'vcek' ? ['SEV-VCEK', `SEV-${name}`] : ['SEV-VLEK', `SEV-VLEK-${name}`]
  const names = [leaf, authority, `ARK-${name}`]
  return names.map((expected) => (found: string) => found === expected)
}

/**
 * AMD's list is complete, signed by the ARK, and names revoked ASKs and ASVKs; single VCEKs are revoked by the
 * TCB floor and by the policy's own list of hardware.
 */
function expectNotRevoked(
  crypto: CryptoPort,
  encoded: Uint8Array,
  chain: readonly DeviceCertificate[],
  nowMs: number,
): number {
  const root = chain.at(-1) ?? refuse('empty chain')
  const list = parseRevocationList(encoded, RSA_PSS_LIST)
  const name = root.subject.commonName
  if (!equal(list.issuer.encoded, root.subject.encoded)) {
    refuse(`the revocation list of "${list.issuer.commonName}" instead of "${name}"`)
  }
  if (!root.maySignCrls) refuse(`${name} may not sign revocation lists`)
  if (!isSignedByDevice(crypto, list, root)) refuse(`the revocation list is not signed by ${name}`)
  if (nowMs < list.thisUpdateMs) refuse(`the revocation list of ${name} is not valid yet`)
  if (nowMs > list.nextUpdateMs) {
    refuse(`the revocation list of ${name} expired ${isoSeconds(list.nextUpdateMs)}`)
  }
  for (const certificate of chain.slice(1)) {
    const isListed = list.revoked.has(certificate.serial)
    if (isListed) refuse(`${certificate.subject.commonName} ${certificate.serial} is revoked`)
  }
  return list.revoked.size
}

/** Steps `anchor` to `report-signature`. */
export function checkSnpTrust(
  steps: StepRecorder<SnpStepName>,
  context: AppraisalContext,
  report: SnpReport | undefined,
  collateral: SnpCollateral | undefined,
): SnpTrust {
  const { crypto, nowMs } = context
  const anchored = steps.run('anchor', [collateral], ({ chain }) => {
    const root = chain.at(-1) ?? refuse('no root certificate')
    const anchor = expectAnchor(context, root, { kind: 'amd-ark', tees: TEES })
    const product = productOfRoot(parseDeviceCertificate(root).subject.commonName)
    return { found: `${anchor.id} (${anchor.environment})`, value: { anchor, product } }
  })
  const chain = steps.run(
    'vcek-chain',
    [report, collateral, anchored],
    ({ signingKey }, received, { anchor, product }) => {
      const profile = profileOf(product, signingKey)
      const root = anchor.rootCertificate
      const value = verifyDeviceChain(
        crypto,
        { certificates: received.chain, root, profile },
        nowMs,
      )
      return { found: value.map((one) => one.subject.commonName).join(', '), value }
    },
  )
  steps.run('revocation', [chain, collateral], (certificates, { crl }) => {
    const count = expectNotRevoked(crypto, crl, certificates, nowMs)
    return { found: `1 list, ${count} revoked certificates`, value: true }
  })
  steps.run('report-signature', [report, chain], (parsed, [leaf]) => {
    const { signedPart, signature } = parsed
    if (leaf.publicKey.kind !== 'P-384') refuse('the signing key is not a P-384 key')
    if (!verifyWithDeviceKey(crypto, leaf.publicKey, signedPart, signature)) {
      refuse(`the report is not signed by this ${parsed.signingKey.toUpperCase()}`)
    }
    return { found: `signed by the ${parsed.signingKey.toUpperCase()}`, value: true }
  })
  return { anchor: anchored?.anchor, product: anchored?.product, signer: chain?.[0] }
}
