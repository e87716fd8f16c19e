/**
 * Keys and signatures of AMD's and NVIDIA's certificates: RSA-4096 with RSASSA-PSS over SHA-384 (RFC 4055),
 * and P-384 with ecdsa-with-SHA384 (RFC 5758). Nothing else is read.
 */
import { equal, fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { ListSignature } from './crl.ts'
import { ecdsaSignatureFromDer } from './ecdsa-signature.ts'
import { children, type DerElement, derError, expectTag, readDer, TAG } from './reader.ts'
import { readOctetBits, readOid, readSmall, readUnsigned } from './values.ts'
import { OID } from './x509-parts.ts'

export type DeviceKey =
  /** Uncompressed P-384 point, 97 bytes. */
  | { readonly kind: 'P-384'; readonly point: Uint8Array }
  /** Modulus of 512 bytes; the exponent is 65537. */
  | { readonly kind: 'RSA-4096'; readonly modulus: Uint8Array }

export type DeviceSignatureKind = DeviceKey['kind']

const RSA_MODULUS_BYTES = 512
const RSA_EXPONENT = 65_537

const ECDSA_SHA384 = fromHex('300a06082a8648ce3d040303')
const PSS_SHA384 =
  'a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130'
/**
 * AMD writes the trailer field, whose value is the default and which DER leaves out, in most certificates
 * and leaves it out in some: both spellings, byte for byte.
 */
const RSA_PSS = [
  fromHex(`304606092a864886f70d01010a3039${PSS_SHA384}a303020101`),
  fromHex(`304106092a864886f70d01010a3034${PSS_SHA384}`),
]

/** @throws AttestationError DER_MALFORMED for every other algorithm and every other parameter */
export function readSignatureKind(
  element: DerElement | undefined,
  what: string,
): DeviceSignatureKind {
  const { encoded } = expectTag(element, TAG.sequence, what)
  if (equal(encoded, ECDSA_SHA384)) return 'P-384'
  if (RSA_PSS.some((known) => equal(encoded, known))) return 'RSA-4096'
  return derError(`${what} is neither ecdsa-with-SHA384 nor RSASSA-PSS with SHA-384`)
}

/** Signature octets as the crypto port takes them. @throws AttestationError DER_MALFORMED */
export function readDeviceSignature(kind: DeviceSignatureKind, octets: Uint8Array): Uint8Array {
  if (kind === 'P-384') return ecdsaSignatureFromDer(octets, 48)
  if (octets.length !== RSA_MODULUS_BYTES) derError('an RSA signature of another length')
  return octets
}

function readModulus(octets: Uint8Array): Uint8Array {
  const [modulus, exponent, ...rest] = children(
    expectTag(readDer(octets), TAG.sequence, 'RSA public key'),
  )
  const value = readUnsigned(modulus, 'RSA modulus')
  if (rest.length > 0 || value.length !== RSA_MODULUS_BYTES) derError('not an RSA-4096 key')
  if (readSmall(exponent, RSA_EXPONENT, 'RSA exponent') !== RSA_EXPONENT) {
    derError('the RSA exponent is not 65537')
  }
  return value
}

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). @throws AttestationError DER_MALFORMED */
export function readDeviceKey(element: DerElement | undefined): DeviceKey {
  const parts = children(expectTag(element, TAG.sequence, 'public key'))
  const [algorithm, parameters, ...rest] = children(
    expectTag(parts[0], TAG.sequence, 'public key algorithm'),
  )
  if (parts.length !== 2 || rest.length > 0) derError('public key of another shape')
  const octets = readOctetBits(parts[1], 'public key')
  const oid = readOid(algorithm, 'public key algorithm')
  if (oid === OID.rsaEncryption) {
    if (expectTag(parameters, TAG.null, 'RSA parameters').value.length > 0)
      derError('NULL of bytes')
    return { kind: 'RSA-4096', modulus: readModulus(octets) }
  }
  if (oid !== OID.ecPublicKey || readOid(parameters, 'curve') !== OID.p384) {
    derError('neither a P-384 nor an RSA-4096 key')
  }
  if (octets.length !== 97 || octets[0] !== 4) derError('public key not uncompressed')
  return { kind: 'P-384', point: octets }
}

/** Whether `key` made this signature; false too when the signature is of another kind than the key. */
export function verifyWithDeviceKey(
  crypto: CryptoPort,
  key: DeviceKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return key.kind === 'P-384'
    ? crypto.ecdsaVerify('P-384', key.point, message, signature)
    : crypto.rsaPssSha384Verify(key.modulus, message, signature)
}

/** Revocation lists that AMD's root keys sign. */
export const RSA_PSS_LIST: ListSignature = {
  expectAlgorithm(element, what) {
    if (readSignatureKind(element, what) !== 'RSA-4096') derError(`${what} is not RSASSA-PSS`)
  },
  signatureFrom: (octets) => readDeviceSignature('RSA-4096', octets),
}
