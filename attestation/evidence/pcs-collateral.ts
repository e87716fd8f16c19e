/**
 * Collateral as Intel's Provisioning Certification Service, and the PCCS in front of it, hand it out: PEM
 * chains, hexadecimal signatures and revocation lists, the signed documents as exact text.
 */
import { z } from 'zod'
import { CHAIN_CERTIFICATES_MAX } from '#attestation/constants.ts'
import { encodeCollateral } from '#attestation/verify/collateral.ts'
import { fromHex, utf8 } from '#protocol/bytes.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import { AttestationError } from '#protocol/errors.ts'

const text = z.string().max(EVIDENCE_COLLATERAL_BYTES_MAX)
const hex = text.regex(/^([0-9a-f]{2})*$/i)

const pcsCollateralSchema = z.object({
  tcb_info: text,
  tcb_info_signature: hex,
  tcb_info_issuer_chain: text,
  qe_identity: text,
  qe_identity_signature: hex,
  qe_identity_issuer_chain: text,
  /** Hexadecimal DER. */
  root_ca_crl: hex,
  pck_crl: hex,
})

/** Lenient about line breaks, since the certificates are checked byte for byte afterwards. */
function certificatesOf(pem: string): Uint8Array[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks
    .slice(0, CHAIN_CERTIFICATES_MAX)
    .map((block) => block.replace(/-----[^-]+-----/g, ''))
    .map((base64) => new Uint8Array(Buffer.from(base64, 'base64')))
}

/**
 * @returns exact bytes of a TdxCollateral
 * @throws AttestationError PCS_COLLATERAL_MALFORMED when a field is missing or of another type
 */
export function collateralFromPcs(document: unknown): Uint8Array {
  const parsed = pcsCollateralSchema.safeParse(document)
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new AttestationError('PCS_COLLATERAL_MALFORMED', `unexpected field "${field}"`, {
      remedy: 'Fetch the collateral again from Intel PCS or a PCCS.',
    })
  }
  const found = parsed.data
  return encodeCollateral({
    tcbInfo: utf8(found.tcb_info),
    tcbInfoSignature: fromHex(found.tcb_info_signature),
    tcbInfoChain: certificatesOf(found.tcb_info_issuer_chain),
    qeIdentity: utf8(found.qe_identity),
    qeIdentitySignature: fromHex(found.qe_identity_signature),
    qeIdentityChain: certificatesOf(found.qe_identity_issuer_chain),
    rootCrl: fromHex(found.root_ca_crl),
    pckCrl: fromHex(found.pck_crl),
  })
}
