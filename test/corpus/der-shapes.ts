/** Certificates out of shape whose signatures are good: only a strict reader refuses them. */
import { children, readDer } from '#attestation/der/reader.ts'
import { OID } from '#attestation/der/x509-parts.ts'
import {
  derElement,
  derOctetBits,
  derOid,
  derSequence,
  derUnsigned,
} from '#attestation/evidence/simulated/der-writer.ts'
import { type SimulatedKey, sign } from '#attestation/evidence/simulated/keys.ts'
import { concat } from '#protocol/bytes.ts'

export const ALGORITHM = derSequence(derOid(OID.ecdsaWithSha256))

export const partsOf = (der: Uint8Array): Uint8Array[] =>
  children(readDer(der)).map((part) => part.encoded)

/** Fields of the body of a certificate or revocation list, in order. */
export function bodyOf(der: Uint8Array): Uint8Array[] {
  const [body] = partsOf(der)
  return body === undefined ? [] : partsOf(body)
}

export function signatureValue(key: SimulatedKey, body: Uint8Array): Uint8Array {
  const raw = sign(key, body)
  return derSequence(derUnsigned(raw.subarray(0, 32)), derUnsigned(raw.subarray(32)))
}

/** These fields as a body, signed anew. */
export function signedAgain(fields: readonly Uint8Array[], key: SimulatedKey): Uint8Array {
  const body = derSequence(...fields)
  return derSequence(body, ALGORITHM, derOctetBits(signatureValue(key, body)))
}

/** The value of a SEQUENCE, without tag and length. */
const contents = (der: Uint8Array): Uint8Array => readDer(der).value

/** The same SEQUENCE with an indefinite length and an end-of-contents, as BER allows and DER does not. */
export function indefinite(der: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x30, 0x80), contents(der), Uint8Array.of(0, 0))
}

/** The same SEQUENCE with its length in one octet more than it needs. */
export function longLength(der: Uint8Array): Uint8Array {
  const { length } = contents(der)
  return concat(Uint8Array.of(0x30, 0x83, 0, length >> 8, length & 0xff), contents(der))
}

/** An INTEGER of these exact octets. */
export const rawInteger = (...octets: number[]): Uint8Array =>
  derElement(0x02, Uint8Array.from(octets))
