/** Just enough DER to issue certificates and revocation lists; the inverse of attestation/der/. */
import { TAG } from '#attestation/der/reader.ts'
import { concat, utf8 } from '#protocol/bytes.ts'

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Uint8Array.of(0x80 | octets.length, ...octets)
}

export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const value = concat(...contents)
  return concat(Uint8Array.of(tag), lengthOctets(value.length), value)
}

export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return derElement(TAG.sequence, ...contents)
}

export function derOctets(value: Uint8Array): Uint8Array {
  return derElement(TAG.octetString, value)
}

/** Non-negative INTEGER of big-endian bytes. */
export function derUnsigned(value: Uint8Array): Uint8Array {
  const from = value.findIndex((byte) => byte !== 0)
  const shortest = from === -1 ? Uint8Array.of(0) : value.subarray(from)
  const needsSign = (shortest[0] ?? 0) >= 0x80
  return derElement(TAG.integer, needsSign ? concat(Uint8Array.of(0), shortest) : shortest)
}

/** INTEGER below 2^16. */
export function derSmall(value: number): Uint8Array {
  return derUnsigned(Uint8Array.of(value >> 8, value & 0xff))
}

export function derBoolean(value: boolean): Uint8Array {
  return derElement(TAG.boolean, Uint8Array.of(value ? 0xff : 0))
}

export function derOid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [40 * root + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return derElement(TAG.oid, Uint8Array.of(...octets))
}

export function derText(value: string): Uint8Array {
  return derElement(TAG.utf8String, utf8(value))
}

/** BIT STRING of whole octets. */
export function derOctetBits(value: Uint8Array): Uint8Array {
  return derElement(TAG.bitString, Uint8Array.of(0), value)
}

/** Named bits of one octet, bit 0 first. */
export function derNamedBits(...bits: readonly number[]): Uint8Array {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  return derElement(TAG.bitString, Uint8Array.of(7 - Math.max(...bits), octet))
}

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 section 4.1.2.5). */
export function derTime(unixMs: number): Uint8Array {
  const digits = new Date(unixMs).toISOString().slice(0, 19).replace(/\D/g, '')
  const isLate = Number(digits.slice(0, 4)) >= 2050
  const text = utf8(`${isLate ? digits : digits.slice(2)}Z`)
  return derElement(isLate ? TAG.generalizedTime : TAG.utcTime, text)
}
