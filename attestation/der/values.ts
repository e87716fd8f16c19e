/** Values of DER objects (X.690 section 8 and 10), each in its only valid encoding. */
import { type DerElement, derError, expectTag, TAG } from './reader.ts'

/** Non-negative INTEGER, big-endian, without the sign octet. @throws AttestationError DER_MALFORMED */
export function readUnsigned(element: DerElement | undefined, what: string): Uint8Array {
  const { value } = expectTag(element, TAG.integer, what)
  const [first, second] = value
  if (first === undefined) return derError(`${what} is an empty integer`)
  if (first >= 0x80) return derError(`${what} is negative`)
  if (first === 0 && second !== undefined) {
    if (second < 0x80) return derError(`${what} is not in its shortest form`)
    return value.subarray(1)
  }
  return value
}

/** Non-negative INTEGER up to `max` (below 2^32). @throws AttestationError DER_MALFORMED */
export function readSmall(element: DerElement | undefined, max: number, what: string): number {
  const bytes = readUnsigned(element, what)
  const value = bytes.length > 4 ? Infinity : bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (value > max) return derError(`${what} is above ${max}`)
  return value
}

/** @throws AttestationError DER_MALFORMED */
export function readBoolean(element: DerElement | undefined, what: string): boolean {
  const { value } = expectTag(element, TAG.boolean, what)
  if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff)) derError(`${what} is no boolean`)
  return value[0] === 0xff
}

/** Dotted form; every arc below 2^28. @throws AttestationError DER_MALFORMED */
export function readOid(element: DerElement | undefined, what: string): string {
  const { value } = expectTag(element, TAG.oid, what)
  const arcs: number[] = []
  let arc = 0
  let octets = 0
  for (const byte of value) {
    if (octets === 0 && byte === 0x80) derError(`${what} has a padded arc`)
    if (++octets > 4) derError(`${what} has an oversized arc`)
    arc = arc * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(arc)
    arc = 0
    octets = 0
  }
  const [head, ...tail] = arcs
  if (head === undefined || octets !== 0) return derError(`${what} is cut`)
  const root = Math.min(Math.floor(head / 40), 2)
  return [root, head - 40 * root, ...tail].join('.')
}

/** A BIT STRING of whole octets. @throws AttestationError DER_MALFORMED */
export function readOctetBits(element: DerElement | undefined, what: string): Uint8Array {
  const { value } = expectTag(element, TAG.bitString, what)
  if (value.length < 1 || value[0] !== 0) derError(`${what} is not made of whole octets`)
  return value.subarray(1)
}

/** A named-bit BIT STRING, bit 0 first; no trailing zero bits. @throws AttestationError DER_MALFORMED */
export function readNamedBits(element: DerElement | undefined, what: string): boolean[] {
  const { value } = expectTag(element, TAG.bitString, what)
  const [unused, ...octets] = value
  const last = octets.at(-1)
  if (unused === undefined || unused > 7 || last === undefined) return derError(`${what} is cut`)
  if ((last & ((1 << (unused + 1)) - 1)) !== 1 << unused) derError(`${what} has trailing zero bits`)
  const bits = octets.flatMap((octet) => Array.from({ length: 8 }, (_, bit) => octet >> (7 - bit)))
  return bits.slice(0, bits.length - unused).map((bit) => (bit & 1) === 1)
}

/** OCTET STRING of exactly this length. @throws AttestationError DER_MALFORMED */
export function readOctets(
  element: DerElement | undefined,
  lengthBytes: number,
  what: string,
): Uint8Array {
  const { value } = expectTag(element, TAG.octetString, what)
  if (value.length !== lengthBytes) derError(`${what} is not ${lengthBytes} bytes`)
  return value
}
