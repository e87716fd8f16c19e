/**
 * Strict DER reader (X.690): single-byte tags, definite lengths in their shortest form, nothing left
 * over. Bounded in size, depth and number of children. Knows structure only; values are in values.ts.
 */
import { DER_BYTES_MAX, DER_CHILDREN_MAX, DER_DEPTH_MAX } from '#attestation/constants.ts'
import { AttestationError } from '#protocol/errors.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Context-specific, constructed: `[n]` around another object. */
export function contextTag(number: number): number {
  return 0xa0 | number
}

export interface DerElement {
  readonly tag: number
  /** Contents octets. */
  readonly value: Uint8Array
  /** Tag, length and contents: the exact bytes that a signature covers. */
  readonly encoded: Uint8Array
  readonly depth: number
}

/** @throws AttestationError DER_MALFORMED, always */
export function derError(detail: string): never {
  throw new AttestationError('DER_MALFORMED', `malformed DER: ${detail}`)
}

/** Contents length and where the contents begin. */
function readLength(bytes: Uint8Array, at: number): { length: number; valueAt: number } {
  const first = bytes[at]
  if (first === undefined) return derError('no length')
  if (first < 0x80) return { length: first, valueAt: at + 1 }
  const count = first & 0x7f
  if (count === 0 || count > 3) return derError('indefinite or oversized length')
  let length = 0
  for (let index = 1; index <= count; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return derError('cut in a length')
    length = length * 256 + byte
  }
  const shortest = length < 0x80 ? 0 : Math.ceil(Math.log2(length + 1) / 8)
  if (shortest !== count) return derError('length not in its shortest form')
  return { length, valueAt: at + 1 + count }
}

function readAt(bytes: Uint8Array, at: number, depth: number): DerElement {
  const tag = bytes[at]
  if (tag === undefined) return derError('empty')
  if ((tag & 0x1f) === 0x1f) return derError('multi-byte tag')
  const { length, valueAt } = readLength(bytes, at + 1)
  const end = valueAt + length
  if (end > bytes.length) return derError('cut in its contents')
  return {
    tag,
    value: bytes.subarray(valueAt, end),
    encoded: bytes.subarray(at, end),
    depth,
  }
}

/**
 * Reads one object that fills the bytes exactly.
 * @throws AttestationError DER_MALFORMED
 */
export function readDer(bytes: Uint8Array, depth = 0): DerElement {
  if (bytes.length > DER_BYTES_MAX) derError(`more than ${DER_BYTES_MAX} bytes`)
  const element = readAt(bytes, 0, depth)
  if (element.encoded.length !== bytes.length) derError('bytes after the end')
  return element
}

/**
 * The objects inside a constructed one.
 * @throws AttestationError DER_MALFORMED
 */
export function children(parent: DerElement): DerElement[] {
  if ((parent.tag & 0x20) === 0) derError('a primitive object has no children')
  if (parent.depth + 1 > DER_DEPTH_MAX) derError(`nested deeper than ${DER_DEPTH_MAX}`)
  const found: DerElement[] = []
  for (let at = 0; at < parent.value.length; ) {
    if (found.length === DER_CHILDREN_MAX) derError(`more than ${DER_CHILDREN_MAX} children`)
    const child = readAt(parent.value, at, parent.depth + 1)
    found.push(child)
    at += child.encoded.length
  }
  return found
}

/**
 * The object, when it is there and has this tag.
 * @throws AttestationError DER_MALFORMED
 */
export function expectTag(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element === undefined) return derError(`${what} is missing`)
  if (element.tag !== tag) return derError(`${what} has tag ${element.tag.toString(16)}`)
  return element
}

/** The object inside an OCTET STRING that wraps DER. @throws AttestationError DER_MALFORMED */
export function unwrapOctets(element: DerElement | undefined, what: string): DerElement {
  const octets = expectTag(element, TAG.octetString, what)
  return readDer(octets.value, octets.depth + 1)
}
