/**
 * Issues certificates and revocation lists in the profile that attestation/der/device-certificate.ts reads. Every
 * one carries the critical TEST ONLY extension, which no other X.509 software knows and so must refuse.
 */
import { contextTag, TAG } from '#attestation/der/reader.ts'
import { OID } from '#attestation/der/x509-parts.ts'
import { concat, fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { extension, type RevocationOrder } from './certificates.ts'
import {
  derBoolean,
  derElement,
  derNamedBits,
  derOctetBits,
  derOid,
  derSequence,
  derSmall,
  derText,
  derTime,
  derUnsigned,
} from './der-writer.ts'
import { type DeviceIssuerKey, signP384 } from './device-keys.ts'
import { VALIDITY } from './machine.ts'

export interface DeviceIssuer {
  readonly commonName: string
  readonly key: DeviceIssuerKey
}

export interface DeviceOrder {
  readonly commonName: string
  readonly key: DeviceIssuerKey
  /** Hexadecimal, at most 20 bytes. */
  readonly serial: string
  /** Authorities allowed below, or no limit; undefined: this is a device. */
  readonly authority?: { readonly pathLength?: number } | undefined
  /** DER of further extensions. */
  readonly extensions?: readonly Uint8Array[]
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
  /** Leaves the TEST ONLY extension out, for forged certificates in tests. */
  readonly isUnmarked?: boolean
}

const ECDSA_SHA384 = fromHex('300a06082a8648ce3d040303')
const RSA_PSS_SHA384 = fromHex(
  '304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101',
)

/** What this network's simulated manufacturer calls itself in every name. */
export interface DeviceNames {
  readonly organizationalUnit: string
}

function nameOf(commonName: string, { organizationalUnit }: DeviceNames): Uint8Array {
  const attributes: readonly (readonly [string, string])[] = [
    [OID.organizationalUnit, organizationalUnit],
    [OID.organization, 'Cocoon SIMULATED hardware'],
    [OID.commonName, commonName],
  ]
  const sets = attributes.map(([oid, text]) =>
    derElement(TAG.set, derSequence(derOid(oid), derText(text))),
  )
  return derSequence(...sets)
}

/** SubjectPublicKeyInfo. */
export function deviceKeyInfo({ kind, key }: DeviceIssuerKey): Uint8Array {
  if (kind === 'P-384') {
    const algorithm = derSequence(derOid(OID.ecPublicKey), derOid(OID.p384))
    return derSequence(algorithm, derOctetBits(key.publicKey))
  }
  const algorithm = derSequence(derOid(OID.rsaEncryption), derElement(TAG.null))
  const exponent = derUnsigned(Uint8Array.of(1, 0, 1))
  return derSequence(algorithm, derOctetBits(derSequence(derUnsigned(key.modulus), exponent)))
}

function algorithmOf({ kind }: DeviceIssuerKey): Uint8Array {
  return kind === 'P-384' ? ECDSA_SHA384 : RSA_PSS_SHA384
}

function signed(crypto: CryptoPort, body: Uint8Array, issuer: DeviceIssuerKey): Uint8Array {
  const algorithm = algorithmOf(issuer)
  if (issuer.kind === 'RSA-4096') {
    return derSequence(body, algorithm, derOctetBits(issuer.key.sign(crypto, body)))
  }
  const raw = signP384(issuer.key, body)
  const scalars = derSequence(derUnsigned(raw.subarray(0, 48)), derUnsigned(raw.subarray(48)))
  return derSequence(body, algorithm, derOctetBits(scalars))
}

/** keyCertSign and cRLSign of an authority. */
function authorityExtensions(authority: DeviceOrder['authority']): Uint8Array[] {
  if (authority === undefined) return []
  const { pathLength } = authority
  const limit = pathLength === undefined ? [] : [derSmall(pathLength)]
  return [
    extension(OID.keyUsage, derNamedBits(5, 6), true),
    extension(OID.basicConstraints, derSequence(derBoolean(true), ...limit), true),
  ]
}

/** DER of a certificate; an issuer of the same name and key makes it self-signed. */
export function issueDeviceCertificate(
  crypto: CryptoPort,
  names: DeviceNames,
  order: DeviceOrder,
  issuer: DeviceIssuer,
): Uint8Array {
  const { notBeforeMs = VALIDITY.notBeforeMs, notAfterMs = VALIDITY.notAfterMs } = order
  const mark = order.isUnmarked ? [] : [extension(OID.testOnly, derText('TEST ONLY'), true)]
  const extensions = [...authorityExtensions(order.authority), ...mark, ...(order.extensions ?? [])]
  const body = derSequence(
    derElement(contextTag(0), derSmall(2)),
    derUnsigned(fromHex(order.serial)),
    algorithmOf(issuer.key),
    nameOf(issuer.commonName, names),
    derSequence(derTime(notBeforeMs), derTime(notAfterMs)),
    nameOf(order.commonName, names),
    deviceKeyInfo(order.key),
    derElement(contextTag(3), derSequence(...extensions)),
  )
  return signed(crypto, body, issuer.key)
}

/** DER of a complete revocation list. */
export function issueDeviceRevocationList(
  crypto: CryptoPort,
  names: DeviceNames,
  order: RevocationOrder,
  issuer: DeviceIssuer,
): Uint8Array {
  const date = derTime(order.thisUpdateMs)
  const entries = order.revoked.map((serial) => derSequence(derUnsigned(fromHex(serial)), date))
  const number = extension(OID.crlNumber, derSmall(1))
  const parts = [
    derSmall(1),
    algorithmOf(issuer.key),
    nameOf(issuer.commonName, names),
    date,
    derTime(order.nextUpdateMs),
    ...(entries.length === 0 ? [] : [derSequence(...entries)]),
    derElement(contextTag(0), derSequence(number)),
  ]
  return signed(crypto, derSequence(concat(...parts)), issuer.key)
}
