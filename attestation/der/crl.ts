/** X.509 v2 certificate revocation lists (RFC 5280 section 5), complete lists only. */
import { SERIAL_BYTES_MAX } from '#attestation/constants.ts'
import { p256SignatureFromDer } from './ecdsa-signature.ts'
import {
  children,
  contextTag,
  type DerElement,
  derError,
  expectTag,
  readDer,
  TAG,
} from './reader.ts'
import { readTime } from './time.ts'
import { readOctetBits, readSmall, readUnsigned } from './values.ts'
import { expectEcdsaSha256, type Name, readExtensions, readName, serialText } from './x509-parts.ts'

export interface RevocationList {
  readonly issuer: Name
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number
  /** Serial numbers, lowercase hexadecimal. */
  readonly revoked: ReadonlySet<string>
  readonly signedPart: Uint8Array
  /** As the crypto port takes it: r||s of ECDSA, the octets of RSA. */
  readonly signature: Uint8Array
}

/** The one algorithm that an issuer signs its lists with. */
export interface ListSignature {
  /** @throws AttestationError DER_MALFORMED for any other algorithm */
  expectAlgorithm(element: DerElement | undefined, what: string): void
  /** @throws AttestationError DER_MALFORMED */
  signatureFrom(octets: Uint8Array): Uint8Array
}

const ECDSA_P256: ListSignature = {
  expectAlgorithm: expectEcdsaSha256,
  signatureFrom: p256SignatureFromDer,
}

function readEntry(entry: DerElement): string {
  const parts = children(expectTag(entry, TAG.sequence, 'revoked certificate'))
  if (parts.length < 2 || parts.length > 3) derError('revoked certificate of another shape')
  const serial = readUnsigned(parts[0], 'revoked serial number')
  if (serial.length > SERIAL_BYTES_MAX) derError('revoked serial number too long')
  readTime(parts[1], 'revocation date')
  if (parts[2] !== undefined) readExtensions(parts[2], [])
  return serialText(serial)
}

function readRevoked(list: DerElement | undefined): Set<string> {
  if (list === undefined) return new Set()
  const entries = children(list)
  if (entries.length === 0) derError('an empty list of revoked certificates must be left out')
  return new Set(entries.map(readEntry))
}

/**
 * nextUpdate and extensions are required. Critical extensions are all unknown here: delta lists and
 * lists for some reasons only are refused with them.
 * @throws AttestationError DER_MALFORMED
 */
export function parseRevocationList(
  encoded: Uint8Array,
  profile: ListSignature = ECDSA_P256,
): RevocationList {
  const outer = children(expectTag(readDer(encoded), TAG.sequence, 'revocation list'))
  if (outer.length !== 3) derError('a revocation list has three parts')
  const body = expectTag(outer[0], TAG.sequence, 'revocation list body')
  const fields = children(body)
  profile.expectAlgorithm(fields[1], 'inner signature algorithm')
  profile.expectAlgorithm(outer[1], 'outer signature algorithm')
  if (readSmall(fields[0], 1, 'version') !== 1) derError('not a v2 revocation list')
  const hasEntries = fields[5]?.tag === TAG.sequence
  if (fields.length !== (hasEntries ? 7 : 6)) derError('revocation list of another shape')
  const wrapped = children(expectTag(fields.at(-1), contextTag(0), 'extensions'))
  if (wrapped.length !== 1 || wrapped[0] === undefined) return derError('one list of extensions')
  readExtensions(wrapped[0], [])
  return {
    issuer: readName(fields[2], 'issuer'),
    thisUpdateMs: readTime(fields[3], 'thisUpdate'),
    nextUpdateMs: readTime(fields[4], 'nextUpdate'),
    revoked: readRevoked(hasEntries ? fields[5] : undefined),
    signedPart: body.encoded,
    signature: profile.signatureFrom(readOctetBits(outer[2], 'signature')),
  }
}
