/** Small byte helpers shared by every room. All of them are pure. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** @throws TypeError when the bytes are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Equality of public values; not constant-time, never used on secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  // A plain loop: evidence is compared byte for byte, and a callback for each costs as much as a signature.
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

const HEX_DIGITS = utf8('0123456789abcdef')
/** Engines take so many arguments in one call, and by far. */
const HEX_BYTES_AT_ONCE = 2_048

/**
 * Lower-case hexadecimal. One flat string: a sum of pairs would be kept by V8 as a tree of its parts, ten
 * times the memory for each id that is remembered.
 */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (let from = 0; from < bytes.length; from += HEX_BYTES_AT_ONCE) {
    hex += hexOf(bytes.subarray(from, from + HEX_BYTES_AT_ONCE))
  }
  return hex
}

function hexOf(bytes: Uint8Array): string {
  const codes: number[] = new Array(2 * bytes.length)
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    codes[2 * at] = HEX_DIGITS[byte >> 4] ?? 0
    codes[2 * at + 1] = HEX_DIGITS[byte & 15] ?? 0
  }
  return String.fromCharCode(...codes)
}

/** @throws RangeError when the text is not an even number of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw new RangeError('not hexadecimal')
  const out = new Uint8Array(hex.length / 2)
  for (let at = 0; at < out.length; at++)
    out[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return out
}

export function u32be(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError('not a u32')
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}

export function u64be(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError('not a u64')
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value)
  return out
}

/**
 * The preimage of everything that is signed or hashed: `tag 00 (u32 length, field)*`.
 * Source: docs/spec/encoding.md, "Every signed or hashed thing starts with its own domain tag and a 00, then
 * length-prefixed fields". Numbers are passed as fixed-width big-endian fields.
 */
export function tagged(tag: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const framed = fields.flatMap((field) => [u32be(field.length), field])
  return concat(utf8(tag), Uint8Array.of(0), ...framed)
}
