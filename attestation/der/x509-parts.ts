/** What certificates and revocation lists share: names, algorithm identifiers and extensions. */
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import { children, type DerElement, derError, expectTag, TAG } from './reader.ts'
import { readBoolean, readOid } from './values.ts'

export const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecPublicKey: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  rsaEncryption: '1.2.840.113549.1.1.1',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  country: '2.5.4.6',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  authorityKeyIdentifier: '2.5.29.35',
  sgxExtension: '1.2.840.113741.1.13.1',
  /** Ours, in the arc for examples; critical, so that whoever does not know it refuses the certificate. */
  testOnly: '2.999.67.1',
} as const

/** A distinguished name: compared by its exact bytes, read only for display and profiles. */
export interface Name {
  readonly encoded: Uint8Array
  readonly commonName: string
  readonly organization: string
}

/** @throws AttestationError DER_MALFORMED */
export function readName(element: DerElement | undefined, what: string): Name {
  const name = expectTag(element, TAG.sequence, what)
  const found = new Map<string, string>()
  for (const set of children(name)) {
    for (const attribute of children(expectTag(set, TAG.set, what))) {
      const [type, value, ...rest] = children(expectTag(attribute, TAG.sequence, what))
      if (value === undefined || rest.length > 0) derError(`${what} has a malformed attribute`)
      const oid = readOid(type, what)
      if (found.has(oid)) derError(`${what} names one attribute twice`)
      found.set(oid, readText(value, what))
    }
  }
  const commonName = found.get(OID.commonName)
  if (commonName === undefined) return derError(`${what} has no common name`)
  const organization = found.get(OID.organization) ?? ''
  return { encoded: name.encoded, commonName, organization }
}

function readText(element: DerElement | undefined, what: string): string {
  if (element?.tag !== TAG.utf8String && element?.tag !== TAG.printableString) {
    return derError(`${what} has text of another type`)
  }
  try {
    return fromUtf8(element.value)
  } catch {
    return derError(`${what} has text that is not UTF-8`)
  }
}

/**
 * Only ecdsa-with-SHA256, whose parameters are absent (RFC 5758 section 3.2): asked of the inner and
 * the outer algorithm, which makes them equal.
 */
export function expectEcdsaSha256(element: DerElement | undefined, what: string): void {
  const parts = children(expectTag(element, TAG.sequence, what))
  if (parts.length !== 1 || readOid(parts[0], what) !== OID.ecdsaWithSha256) {
    derError(`${what} is not ecdsa-with-SHA256`)
  }
}

export interface Extension {
  readonly critical: boolean
  /** The OCTET STRING that wraps the extension's value. */
  readonly wrapped: DerElement
}

/**
 * Extensions by dotted identifier. A repeated one, and a critical one that is not in `known`, is refused.
 * @throws AttestationError DER_MALFORMED
 */
export function readExtensions(
  list: DerElement,
  known: readonly string[],
): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>()
  for (const entry of children(expectTag(list, TAG.sequence, 'extensions'))) {
    const parts = children(expectTag(entry, TAG.sequence, 'extension'))
    const oid = readOid(parts[0], 'extension identifier')
    const critical = parts.length === 3 && readBoolean(parts[1], 'criticality')
    if (parts.length === 3 && !critical) derError('criticality FALSE must be left out')
    if (parts.length < 2 || parts.length > 3) derError('extension of another shape')
    if (found.has(oid)) derError(`extension ${oid} twice`)
    if (critical && !known.includes(oid)) derError(`unknown critical extension ${oid}`)
    found.set(oid, { critical, wrapped: expectTag(parts.at(-1), TAG.octetString, 'extension') })
  }
  return found
}

/** A serial number as lowercase hexadecimal, for lookup and display. */
export function serialText(serial: Uint8Array): string {
  return toHex(serial)
}
