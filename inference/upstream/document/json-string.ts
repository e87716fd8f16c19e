/** The inside of a JSON string (RFC 8259, section 7), byte by byte, as the characters that it means. */
import { UTF8_BOUNDARY, utf8Step } from '../../decoding/structure/utf8-steps.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const HEX_DIGITS = 4

/** By the byte after the backslash: the character that it stands for. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  ...(['"', '\\', '/'] as const).map((same): [number, number] => [code(same), code(same)]),
  [code('b'), 0x08],
  [code('f'), 0x0c],
  [code('n'), 0x0a],
  [code('r'), 0x0d],
  [code('t'), 0x09],
])

export type StringStep = number | 'inside' | 'closed' | 'wrong'

/** Begins behind the opening quote. */
export class JsonString {
  #utf8 = UTF8_BOUNDARY
  /** Of the character or the hexadecimal number so far. */
  #code = 0
  #escape: 'none' | 'begun' | 'hex' = 'none'
  #hexDigits = 0

  /** A number: the character that is whole now; one that is escaped in two halves comes as two. */
  push(byte: number): StringStep {
    if (this.#escape === 'begun') return this.#escaped(byte)
    if (this.#escape === 'hex') return this.#hex(byte)
    if (this.#utf8 === UTF8_BOUNDARY) {
      if (byte === QUOTE) return 'closed'
      if (byte < 0x20) return 'wrong'
      if (byte === BACKSLASH) {
        this.#escape = 'begun'
        return 'inside'
      }
    }
    return this.#character(byte)
  }

  #character(byte: number): StringStep {
    const next = utf8Step(this.#utf8, byte)
    if (next < 0) return 'wrong'
    this.#code = this.#utf8 === UTF8_BOUNDARY ? leadBits(byte) : (this.#code << 6) | (byte & 0x3f)
    this.#utf8 = next
    return next === UTF8_BOUNDARY ? this.#code : 'inside'
  }

  #escaped(byte: number): StringStep {
    if (byte === LETTER_U) {
      this.#escape = 'hex'
      this.#hexDigits = 0
      this.#code = 0
      return 'inside'
    }
    this.#escape = 'none'
    return ESCAPES.get(byte) ?? 'wrong'
  }

  #hex(byte: number): StringStep {
    const digit = Number.parseInt(String.fromCharCode(byte), 16)
    if (Number.isNaN(digit)) return 'wrong'
    this.#code = this.#code * 16 + digit
    this.#hexDigits++
    if (this.#hexDigits < HEX_DIGITS) return 'inside'
    this.#escape = 'none'
    return this.#code
  }
}

/** What the first byte of a character says of it. */
function leadBits(byte: number): number {
  if (byte < 0x80) return byte
  if (byte < 0xe0) return byte & 0x1f
  return byte < 0xf0 ? byte & 0x0f : byte & 0x07
}

function code(letter: string): number {
  return letter.charCodeAt(0)
}
