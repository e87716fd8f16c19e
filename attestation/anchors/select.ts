/**
 * Which root evidence may lead to. Two rules stand in code, above every policy: only a manufacturer's
 * pinned root is `production`, and nothing simulated is accepted on mainnet.
 */
import { parseCertificate } from '#attestation/der/certificate.ts'
import { parseDeviceCertificate } from '#attestation/der/device-certificate.ts'
import type { AttestationPolicy, Tee } from '#attestation/policy/policy.ts'
import type { AnchorKind, TrustAnchor } from '#attestation/types.ts'
import { refuse } from '#attestation/verify/refuse.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { PRODUCTION_ROOTS } from './production.ts'

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
  if (anchor.environment === 'production') {
    const digest = toHex(crypto.sha256(anchor.rootCertificate))
    const isPinned = PRODUCTION_ROOTS[anchor.kind].includes(digest)
    if (!isPinned) refuse(`anchor ${anchor.id} calls itself production and is no pinned root`)
    return
  }
  const parse = anchor.kind === 'tdx-dcap' ? parseCertificate : parseDeviceCertificate
  const { organization } = parse(anchor.rootCertificate).subject
  if (!organization.includes(SIMULATED_MARK)) refuse(`anchor ${anchor.id} is not marked simulated`)
}

/** What a root is needed for: evidence of a kind of machine, or of a device in it. */
export interface AnchorUse {
  readonly kind: AnchorKind
  /** As policies name a manufacturer's machine and a simulated one; null: a device, not a machine. */
  readonly tees: { readonly production: Tee; readonly simulated: Tee } | null
}

/**
 * The anchor of this kind whose root certificate is exactly this one, when it may be used here.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function expectAnchor(
  context: AnchorContext,
  root: Uint8Array,
  use: AnchorUse,
): TrustAnchor {
  const { crypto, globalId, anchors, policy } = context
  const anchor = anchors.find((one) => one.kind === use.kind && equal(one.rootCertificate, root))
  if (anchor === undefined) return refuse('the evidence leads to a root that is not trusted here')
  expectHonestLabel(crypto, anchor)
  // Whatever is not production is simulated, also a label that this code does not know.
  const isSimulated = anchor.environment !== 'production'
  if (isSimulated && globalId === MAINNET_GLOBAL_ID) {
    refuse('simulated evidence is never accepted on mainnet', { found: anchor.id })
  }
  if (!policy.anchors.includes(anchor.id)) refuse(`the policy does not accept anchor ${anchor.id}`)
  const tee = use.tees?.[isSimulated ? 'simulated' : 'production']
  if (tee !== undefined && !policy.tees.includes(tee)) refuse(`the policy does not accept ${tee}`)
  if (isSimulated && policy.tierMin === 'confidential') {
    refuse('the policy asks for tier confidential', { found: anchor.id })
  }
  return anchor
}
