/**
 * X.509 v3 certificates (RFC 5280) in the one profile that DCAP uses: P-256 keys, ecdsa-with-SHA256,
 * basic constraints and key usage present. Parsing checks the shape; verify/chain.ts checks trust.
 */
import {
  CERTIFICATE_BYTES_MAX,
  PARSED_CERTIFICATES_MAX,
  SERIAL_BYTES_MAX,
} from '#attestation/constants.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { p256SignatureFromDer } from './ecdsa-signature.ts'
import {
  children,
  contextTag,
  type DerElement,
  derError,
  expectTag,
  readDer,
  TAG,
  unwrapOctets,
} from './reader.ts'
import { readTime } from './time.ts'
import {
  readBoolean,
  readNamedBits,
  readOctetBits,
  readOid,
  readSmall,
  readUnsigned,
} from './values.ts'
import {
  type Extension,
  expectEcdsaSha256,
  type Name,
  OID,
  readExtensions,
  readName,
  serialText,
} from './x509-parts.ts'

export interface Certificate {
  /** The exact DER. */
  readonly encoded: Uint8Array
  /** Lowercase hexadecimal, without a sign octet. */
  readonly serial: string
  readonly issuer: Name
  readonly subject: Name
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Uint8Array
  readonly isAuthority: boolean
  /** Certificates of authorities allowed below this one, leaf not counted; undefined: no limit. */
  readonly pathLength: number | undefined
  readonly mayDigitalSign: boolean
  readonly maySignCertificates: boolean
  readonly maySignCrls: boolean
  readonly extensions: ReadonlyMap<string, Extension>
  /** The bytes that the issuer signed. */
  readonly signedPart: Uint8Array
  /** r||s, 64 bytes. */
  readonly signature: Uint8Array
}

const KNOWN_CRITICAL = [OID.basicConstraints, OID.keyUsage]

function readPublicKey(element: DerElement | undefined): Uint8Array {
  const parts = children(expectTag(element, TAG.sequence, 'public key'))
  const algorithm = children(expectTag(parts[0], TAG.sequence, 'public key algorithm'))
  if (parts.length !== 2 || algorithm.length !== 2) derError('public key of another shape')
  if (readOid(algorithm[0], 'public key algorithm') !== OID.ecPublicKey) derError('not an EC key')
  if (readOid(algorithm[1], 'curve') !== OID.p256) derError('not a P-256 key')
  const point = readOctetBits(parts[1], 'public key')
  if (point.length !== 65 || point[0] !== 4) derError('public key not uncompressed')
  return point
}

function readBasicConstraints(extension: Extension | undefined) {
  if (extension === undefined || !extension.critical) derError('no critical basic constraints')
  const constraints = unwrapOctets(extension.wrapped, 'basic constraints')
  const parts = children(expectTag(constraints, TAG.sequence, 'basic constraints'))
  if (parts.length === 0) return { isAuthority: false, pathLength: undefined }
  if (parts.length > 2 || !readBoolean(parts[0], 'CA flag')) derError('malformed CA flag')
  const limit = parts[1]
  return {
    isAuthority: true,
    pathLength: limit === undefined ? undefined : readSmall(limit, 8, 'path length'),
  }
}

function readKeyUsage(extension: Extension | undefined) {
  if (extension === undefined || !extension.critical) derError('no critical key usage')
  const bits = readNamedBits(unwrapOctets(extension.wrapped, 'key usage'), 'key usage')
  return {
    mayDigitalSign: bits[0] === true,
    maySignCertificates: bits[5] === true,
    maySignCrls: bits[6] === true,
  }
}

/** Parsed lately, the least recently used first: a root stands in three chains of one quote, an authority in every quote. */
const parsedLately: Certificate[] = []

/** @throws AttestationError DER_MALFORMED, also for every algorithm outside the profile */
export function parseCertificate(encoded: Uint8Array): Certificate {
  const at = parsedLately.findIndex((one) => equal(one.encoded, encoded))
  const [known] = at === -1 ? [] : parsedLately.splice(at, 1)
  if (known !== undefined) {
    parsedLately.push(known)
    return known
  }
  if (encoded.length > CERTIFICATE_BYTES_MAX) derError('certificate too long')
  // Of a copy: a caller that writes into its buffer later must not change what is remembered.
  const parsed = parseAnew(new Uint8Array(encoded))
  parsedLately.push(parsed)
  if (parsedLately.length > PARSED_CERTIFICATES_MAX) parsedLately.shift()
  return parsed
}

function parseAnew(encoded: Uint8Array): Certificate {
  const outer = children(expectTag(readDer(encoded), TAG.sequence, 'certificate'))
  if (outer.length !== 3) derError('a certificate has three parts')
  const body = expectTag(outer[0], TAG.sequence, 'certificate body')
  const fields = children(body)
  if (fields.length !== 8) derError('not a v3 certificate with extensions only')
  const [version, serialField, inner, issuer, validity, subject, key, wrappedExtensions] = fields
  const versionParts = children(expectTag(version, contextTag(0), 'version'))
  if (versionParts.length !== 1 || readSmall(versionParts[0], 2, 'version') !== 2)
    derError('not v3')
  const serial = readUnsigned(serialField, 'serial number')
  if (serial.length > SERIAL_BYTES_MAX) derError('serial number too long')
  expectEcdsaSha256(inner, 'inner signature algorithm')
  expectEcdsaSha256(outer[1], 'outer signature algorithm')
  const dates = children(expectTag(validity, TAG.sequence, 'validity'))
  if (dates.length !== 2) derError('validity is two dates')
  const lists = children(expectTag(wrappedExtensions, contextTag(3), 'extensions'))
  if (lists.length !== 1 || lists[0] === undefined) return derError('one list of extensions')
  const extensions = readExtensions(lists[0], KNOWN_CRITICAL)
  return {
    encoded,
    serial: serialText(serial),
    issuer: readName(issuer, 'issuer'),
    subject: readName(subject, 'subject'),
    notBeforeMs: readTime(dates[0], 'notBefore'),
    notAfterMs: readTime(dates[1], 'notAfter'),
    publicKey: readPublicKey(key),
    ...readBasicConstraints(extensions.get(OID.basicConstraints)),
    ...readKeyUsage(extensions.get(OID.keyUsage)),
    extensions,
    signedPart: body.encoded,
    signature: p256SignatureFromDer(readOctetBits(outer[2], 'signature')),
  }
}

/** Whether the key of `issuer` signed this certificate; nothing else is checked here. */
export function isSignedBy(
  crypto: CryptoPort,
  signed: Pick<Certificate, 'signedPart' | 'signature'>,
  issuer: Certificate,
): boolean {
  return crypto.ecdsaVerify('P-256', issuer.publicKey, signed.signedPart, signed.signature)
}
