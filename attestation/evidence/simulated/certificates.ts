/** Issues X.509 certificates and revocation lists in the profile that attestation/der/ reads. */
import { contextTag, TAG } from '#attestation/der/reader.ts'
import { OID } from '#attestation/der/x509-parts.ts'
import { fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  derBoolean,
  derElement,
  derNamedBits,
  derOctetBits,
  derOctets,
  derOid,
  derSequence,
  derSmall,
  derText,
  derTime,
  derUnsigned,
} from './der-writer.ts'
import { type SimulatedKey, sign } from './keys.ts'

/** Who signs: a name and a key. */
export interface Issuer {
  readonly commonName: string
  readonly key: SimulatedKey
}

export interface CertificateOrder {
  readonly commonName: string
  readonly publicKey: Uint8Array
  /** Hexadecimal, at most 20 bytes. */
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Authorities allowed below; undefined: this is a leaf. */
  readonly authorityPathLength?: number | undefined
  /** Key usage bits (RFC 5280 section 4.2.1.3); by default those of an authority or of a leaf. */
  readonly keyUsage?: readonly number[] | undefined
  /** The SGX extension of a PCK certificate. */
  readonly sgxExtension?: Uint8Array | undefined
}

const ALGORITHM = derSequence(derOid(OID.ecdsaWithSha256))
const ORGANIZATION = 'Cocoon SIMULATED hardware'
const ORGANIZATIONAL_UNIT = 'SIMULATED, protects nothing'

/** keyCertSign, cRLSign. */
const AUTHORITY_USAGE = [5, 6]
/** digitalSignature, nonRepudiation. */
const LEAF_USAGE = [0, 1]

/** Intel's common names with an organization that says what this is. */
export function simulatedName(commonName: string): Uint8Array {
  const attributes: readonly (readonly [string, string])[] = [
    [OID.commonName, commonName],
    [OID.organization, ORGANIZATION],
    [OID.organizationalUnit, ORGANIZATIONAL_UNIT],
    [OID.country, 'XX'],
  ]
  const sets = attributes.map(([oid, text]) =>
    derElement(TAG.set, derSequence(derOid(oid), derText(text))),
  )
  return derSequence(...sets)
}

/** DER of an extension; `value` is the DER that it wraps. */
export function extension(oid: string, value: Uint8Array, isCritical = false): Uint8Array {
  const flag = isCritical ? [derBoolean(true)] : []
  return derSequence(derOid(oid), ...flag, derOctets(value))
}

function keyIdentifier(crypto: CryptoPort, publicKey: Uint8Array): Uint8Array {
  return crypto.sha256(publicKey).subarray(0, 20)
}

function authorityKey(crypto: CryptoPort, issuer: Issuer): Uint8Array {
  const identifier = derElement(0x80, keyIdentifier(crypto, issuer.key.publicKey))
  return extension(OID.authorityKeyIdentifier, derSequence(identifier))
}

function signed(body: Uint8Array, key: SimulatedKey): Uint8Array {
  const raw = sign(key, body)
  const scalars = derSequence(derUnsigned(raw.subarray(0, 32)), derUnsigned(raw.subarray(32)))
  return derSequence(body, ALGORITHM, derOctetBits(scalars))
}

/** DER of a certificate; an issuer of the same name and key makes it self-signed. */
export function issueCertificate(
  crypto: CryptoPort,
  order: CertificateOrder,
  issuer: Issuer,
): Uint8Array {
  const { publicKey, authorityPathLength, sgxExtension } = order
  const isAuthority = authorityPathLength !== undefined
  const usage = order.keyUsage ?? (isAuthority ? AUTHORITY_USAGE : LEAF_USAGE)
  const constraints = isAuthority ? [derBoolean(true), derSmall(authorityPathLength)] : []
  const extensions = [
    authorityKey(crypto, issuer),
    extension(OID.subjectKeyIdentifier, derOctets(keyIdentifier(crypto, publicKey))),
    extension(OID.keyUsage, derNamedBits(...usage), true),
    extension(OID.basicConstraints, derSequence(...constraints), true),
    ...(sgxExtension === undefined ? [] : [extension(OID.sgxExtension, sgxExtension)]),
  ]
  const keyAlgorithm = derSequence(derOid(OID.ecPublicKey), derOid(OID.p256))
  const body = derSequence(
    derElement(contextTag(0), derSmall(2)),
    derUnsigned(fromHex(order.serial)),
    ALGORITHM,
    simulatedName(issuer.commonName),
    derSequence(derTime(order.notBeforeMs), derTime(order.notAfterMs)),
    simulatedName(order.commonName),
    derSequence(keyAlgorithm, derOctetBits(publicKey)),
    derElement(contextTag(3), derSequence(...extensions)),
  )
  return signed(body, issuer.key)
}

export interface RevocationOrder {
  /** Serial numbers in hexadecimal. */
  readonly revoked: readonly string[]
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number
}

/** DER of a complete revocation list. */
export function issueRevocationList(
  crypto: CryptoPort,
  order: RevocationOrder,
  issuer: Issuer,
): Uint8Array {
  const date = derTime(order.thisUpdateMs)
  const keyCompromise = extension(OID.crlReason, derElement(TAG.enumerated, Uint8Array.of(1)))
  const entries = order.revoked.map((serial) =>
    derSequence(derUnsigned(fromHex(serial)), date, derSequence(keyCompromise)),
  )
  const body = derSequence(
    derSmall(1),
    ALGORITHM,
    simulatedName(issuer.commonName),
    date,
    derTime(order.nextUpdateMs),
    ...(entries.length === 0 ? [] : [derSequence(...entries)]),
    derElement(
      contextTag(0),
      derSequence(authorityKey(crypto, issuer), extension(OID.crlNumber, derSmall(1))),
    ),
  )
  return signed(body, issuer.key)
}
