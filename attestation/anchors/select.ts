/**
 * Which root a quote may lead to. Two rules stand in code, above every policy: only Intel's pinned root
 * is `production`, and nothing simulated is accepted on mainnet.
 */
import { parseCertificate } from '#attestation/der/certificate.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { refuse } from '#attestation/verify/refuse.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { INTEL_ROOT_SHA256 } from './intel.ts'

/** TON mainnet. */
export const MAINNET_GLOBAL_ID = -239

/** Every simulated root carries this word in its organization. */
export const SIMULATED_MARK = 'SIMULATED'

export interface AnchorContext {
  readonly crypto: CryptoPort
  readonly globalId: number
  readonly anchors: readonly TrustAnchor[]
  readonly policy: AttestationPolicy
}

function expectHonestLabel(crypto: CryptoPort, anchor: TrustAnchor): void {
  const isIntel = toHex(crypto.sha256(anchor.rootCertificate)) === INTEL_ROOT_SHA256
  if (anchor.environment === 'production') {
    if (!isIntel) refuse(`anchor ${anchor.id} calls itself production and is not Intel's root`)
    return
  }
  const { organization } = parseCertificate(anchor.rootCertificate).subject
  if (!organization.includes(SIMULATED_MARK)) refuse(`anchor ${anchor.id} is not marked simulated`)
}

/**
 * The anchor whose root certificate is exactly this one, when it may be used here.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function expectAnchor(context: AnchorContext, root: Uint8Array): TrustAnchor {
  const { crypto, globalId, anchors, policy } = context
  const anchor = anchors.find((one) => equal(one.rootCertificate, root))
  if (anchor === undefined) return refuse('the quote leads to a root that is not trusted here')
  expectHonestLabel(crypto, anchor)
  const isSimulated = anchor.environment === 'simulated'
  if (isSimulated && globalId === MAINNET_GLOBAL_ID) {
    refuse('simulated evidence is never accepted on mainnet')
  }
  if (!policy.anchors.includes(anchor.id)) refuse(`the policy does not accept anchor ${anchor.id}`)
  const tee = isSimulated ? 'simulated-tdx' : 'tdx'
  if (!policy.tees.includes(tee)) refuse(`the policy does not accept ${tee}`)
  if (isSimulated && policy.tierMin === 'confidential') {
    refuse('the policy asks for tier confidential')
  }
  return anchor
}
