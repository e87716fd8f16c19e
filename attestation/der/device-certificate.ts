/**
 * X.509 v3 certificates (RFC 5280) as AMD and NVIDIA issue them: RSA-4096 or P-384. Device certificates
 * carry no basic constraints, which is read as "no authority". Parsing checks the shape; verify/device-chain.ts
 * checks trust.
 */
import { CERTIFICATE_BYTES_MAX, SERIAL_BYTES_MAX } from '#attestation/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  type DeviceKey,
  readDeviceKey,
  readDeviceSignature,
  readSignatureKind,
  verifyWithDeviceKey,
} from './device-keys.ts'
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
import { readBoolean, readOctetBits, readSmall, readUnsigned } from './values.ts'
import {
  type Extension,
  type Name,
  OID,
  readExtensions,
  readName,
  serialText,
} from './x509-parts.ts'

export interface DeviceCertificate {
  /** The exact DER. */
  readonly encoded: Uint8Array
  /** Lowercase hexadecimal; AMD numbers every VCEK 0. */
  readonly serial: string
  readonly issuer: Name
  readonly subject: Name
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly publicKey: DeviceKey
  readonly isAuthority: boolean
  /** Authorities allowed below this one, leaf not counted; undefined: no limit. */
  readonly pathLength: number | undefined
  readonly maySignCertificates: boolean
  readonly maySignCrls: boolean
  readonly extensions: ReadonlyMap<string, Extension>
  /** The bytes that the issuer signed. */
  readonly signedPart: Uint8Array
  /** As the crypto port takes it. */
  readonly signature: Uint8Array
}

const KNOWN_CRITICAL = [OID.basicConstraints, OID.keyUsage, OID.testOnly]

function readAuthority(extension: Extension | undefined) {
  const none = { isAuthority: false, pathLength: undefined }
  if (extension === undefined) return none
  if (!extension.critical) derError('basic constraints that are not critical')
  const constraints = unwrapOctets(extension.wrapped, 'basic constraints')
  const [flag, limit, ...rest] = children(expectTag(constraints, TAG.sequence, 'basic constraints'))
  if (flag === undefined) return none
  if (rest.length > 0 || !readBoolean(flag, 'CA flag')) derError('malformed CA flag')
  const pathLength = limit === undefined ? undefined : readSmall(limit, 8, 'path length')
  return { isAuthority: true, pathLength }
}

function readUsage(extension: Extension | undefined) {
  if (extension === undefined) return { maySignCertificates: false, maySignCrls: false }
  if (!extension.critical) derError('key usage that is not critical')
  const bits = unwrapOctets(extension.wrapped, 'key usage')
  const [unused = 8, octet = 0, ...rest] = expectTag(bits, TAG.bitString, 'key usage').value
  // AMD's ASK counts one unused bit where DER asks for two: trailing zero bits are let through here.
  if (unused > 7 || rest.length > 0 || (octet & ((1 << unused) - 1)) !== 0) {
    derError('key usage of another shape')
  }
  return { maySignCertificates: (octet & 0x04) !== 0, maySignCrls: (octet & 0x02) !== 0 }
}

function readBody(body: DerElement) {
  const fields = children(body)
  if (fields.length !== 8) derError('not a v3 certificate with extensions only')
  const [version, serialField, algorithm, issuer, validity, subject, key, wrapped] = fields
  const versionParts = children(expectTag(version, contextTag(0), 'version'))
  const isV3 = versionParts.length === 1 && readSmall(versionParts[0], 2, 'version') === 2
  if (!isV3) derError('not v3')
  const serial = readUnsigned(serialField, 'serial number')
  if (serial.length > SERIAL_BYTES_MAX) derError('serial number too long')
  const dates = children(expectTag(validity, TAG.sequence, 'validity'))
  if (dates.length !== 2) derError('validity is two dates')
  const [list, ...lists] = children(expectTag(wrapped, contextTag(3), 'extensions'))
  if (list === undefined || lists.length > 0) return derError('one list of extensions')
  const extensions = readExtensions(list, KNOWN_CRITICAL)
  const fieldsRead = {
    serial: serialText(serial),
    issuer: readName(issuer, 'issuer'),
    subject: readName(subject, 'subject'),
    notBeforeMs: readTime(dates[0], 'notBefore'),
    notAfterMs: readTime(dates[1], 'notAfter'),
    publicKey: readDeviceKey(key),
    ...readAuthority(extensions.get(OID.basicConstraints)),
    ...readUsage(extensions.get(OID.keyUsage)),
    extensions,
  }
  return { algorithm, fieldsRead }
}

/** @throws AttestationError DER_MALFORMED, also for every algorithm outside the profile */
export function parseDeviceCertificate(encoded: Uint8Array): DeviceCertificate {
  if (encoded.length > CERTIFICATE_BYTES_MAX) derError('certificate too long')
  const outer = children(expectTag(readDer(encoded), TAG.sequence, 'certificate'))
  if (outer.length !== 3) derError('a certificate has three parts')
  const body = expectTag(outer[0], TAG.sequence, 'certificate body')
  const { algorithm, fieldsRead } = readBody(body)
  const kind = readSignatureKind(outer[1], 'outer signature algorithm')
  if (readSignatureKind(algorithm, 'inner signature algorithm') !== kind) {
    derError('inner and outer signature algorithm differ')
  }
  const signature = readDeviceSignature(kind, readOctetBits(outer[2], 'signature'))
  return { encoded, ...fieldsRead, signedPart: body.encoded, signature }
}

/** Whether the key of `issuer` signed this; nothing else is checked here. */
export function isSignedByDevice(
  crypto: CryptoPort,
  signed: Pick<DeviceCertificate, 'signedPart' | 'signature'>,
  issuer: DeviceCertificate,
): boolean {
  return verifyWithDeviceKey(crypto, issuer.publicKey, signed.signedPart, signed.signature)
}
