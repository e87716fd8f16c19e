/** Strings and the names of members (RFC 8259, section 7). */
import type { FrameOf } from './frames.ts'
import { UTF8_BOUNDARY, utf8Step } from './utf8-steps.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const LETTER_D = 0x44
const SIMPLE_ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)))

/** Phases beside those of UTF-8, which stand for the inside of a character. */
export const STRING_UNOPENED = -1
const ESCAPE = 8
/** 9 to 12: so many hexadecimal digits of `\uXXXX` are read, less nine. */
const HEX_FIRST = 9
const HEX_LAST = 12
/** After `\uD`: a surrogate cannot stand for a character, so the next digit is below 8. */
const HEX_AFTER_D = 13

type StringFrame = FrameOf<'string'>
export type StringStep = Pick<StringFrame, 'phase' | 'length'> | 'closed' | undefined

export function stringStep(frame: StringFrame, byte: number): StringStep {
  const { phase, length } = frame
  if (phase === STRING_UNOPENED) return byte === QUOTE ? { phase: 0, length } : undefined
  if (phase === UTF8_BOUNDARY) return insideStep(frame, byte)
  if (phase < ESCAPE) {
    const next = utf8Step(phase, byte)
    return next < 0 ? undefined : { phase: next, length }
  }
  if (phase === ESCAPE) {
    if (SIMPLE_ESCAPES.has(byte)) return { phase: UTF8_BOUNDARY, length }
    return byte === LETTER_U ? { phase: HEX_FIRST, length } : undefined
  }
  const digit = hexDigit(byte)
  if (digit < 0) return undefined
  if (phase === HEX_AFTER_D) return digit < 8 ? { phase: HEX_FIRST + 2, length } : undefined
  if (phase === HEX_FIRST) return { phase: digit === 0xd ? HEX_AFTER_D : HEX_FIRST + 1, length }
  return { phase: phase === HEX_LAST ? UTF8_BOUNDARY : phase + 1, length }
}

/** Characters are counted where they begin; beyond `minLength` only as far as `maxLength` cares. */
function insideStep(frame: StringFrame, byte: number): StringStep {
  if (byte === QUOTE) return frame.length >= frame.minLength ? 'closed' : undefined
  if (byte < 0x20 || frame.length >= frame.maxLength) return undefined
  const isCounted = Number.isFinite(frame.maxLength) || frame.length < frame.minLength
  const length = isCounted ? frame.length + 1 : frame.length
  if (byte === BACKSLASH) return { phase: ESCAPE, length }
  const next = utf8Step(UTF8_BOUNDARY, byte)
  return next < 0 ? undefined : { phase: next, length }
}

/** Free names are written without escapes, so that their bytes tell them apart. */
export function nameStep(phase: number, byte: number): number | 'closed' | undefined {
  if (phase === UTF8_BOUNDARY && byte === QUOTE) return 'closed'
  if (byte === BACKSLASH || byte < 0x20) return undefined
  const next = utf8Step(phase, byte)
  return next < 0 ? undefined : next
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte & ~0x20
  return letter >= 0x41 && letter <= LETTER_D + 2 ? letter - 0x41 + 10 : -1
}
