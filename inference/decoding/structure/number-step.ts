/** Numbers (RFC 8259, section 6), with as many digits as every reader keeps. */
import type { FrameOf } from './frames.ts'

const DIGITS_MAX = 15
const EXPONENT_DIGITS_MAX = 2

const START = 0
const MINUS = 1
const ZERO = 2
const WHOLE = 3
const POINT = 4
const FRACTION = 5
const EXPONENT = 6
const EXPONENT_SIGN = 7
const EXPONENT_DIGITS = 8
/** Whole numbers below zero, whose range is watched. */
const NEGATIVE_WHOLE = 9

type NumberFrame = FrameOf<'number'>
type NumberPlace = Pick<NumberFrame, 'phase' | 'digits' | 'magnitude'>

export const NUMBER_START: NumberPlace = { phase: START, digits: 0, magnitude: 0 }

export function numberStep(frame: NumberFrame, byte: number): NumberPlace | undefined {
  return frame.node.isInteger ? integerStep(frame, byte) : decimalStep(frame, byte)
}

/** Whether the number may end here. */
export function isWholeNumber({ node, phase, magnitude }: NumberFrame): boolean {
  if (!node.isInteger) return [ZERO, WHOLE, FRACTION, EXPONENT_DIGITS].includes(phase)
  const value = phase === NEGATIVE_WHOLE ? -magnitude : magnitude
  const isWritten = phase === ZERO || phase === WHOLE || phase === NEGATIVE_WHOLE
  return isWritten && value >= node.minimum && value <= node.maximum
}

function integerStep(frame: NumberFrame, byte: number): NumberPlace | undefined {
  const { phase, digits } = frame
  if (byte === 0x2d && phase === START) {
    return frame.node.minimum < 0 ? { ...NUMBER_START, phase: MINUS } : undefined
  }
  const digit = digitOf(byte)
  if (digit < 0 || digits >= DIGITS_MAX || phase === ZERO) return undefined
  const isNegative = phase === MINUS || phase === NEGATIVE_WHOLE
  const magnitude = frame.magnitude * 10 + digit
  if (isNegative && magnitude === 0) return undefined
  if (!canReachRange(frame, isNegative, magnitude, digits + 1)) return undefined
  const next = magnitude === 0 ? ZERO : isNegative ? NEGATIVE_WHOLE : WHOLE
  return { phase: next, digits: digits + 1, magnitude }
}

/** Whether these digits, or these and more, are a number of the range. */
function canReachRange(
  { node }: NumberFrame,
  isNegative: boolean,
  magnitude: number,
  digits: number,
): boolean {
  let [low, high] = [magnitude, magnitude]
  for (let more = 0; more <= DIGITS_MAX - digits; more++) {
    const [least, most] = isNegative ? [-high, -low] : [low, high]
    if (least <= node.maximum && most >= node.minimum) return true
    if (magnitude === 0) return false
    low *= 10
    high = high * 10 + 9
  }
  return false
}

function decimalStep({ node, phase, digits }: NumberFrame, byte: number): NumberPlace | undefined {
  const at = (next: number, count: number): NumberPlace => ({
    phase: next,
    digits: count,
    magnitude: 0,
  })
  if (byte === 0x2d) {
    if (phase === START && node.minimum < 0) return at(MINUS, 0)
    return phase === EXPONENT ? at(EXPONENT_SIGN, 0) : undefined
  }
  if (byte === 0x2b) return phase === EXPONENT ? at(EXPONENT_SIGN, 0) : undefined
  if (byte === 0x2e) return phase === ZERO || phase === WHOLE ? at(POINT, 0) : undefined
  if (byte === 0x65 || byte === 0x45) {
    return phase === ZERO || phase === WHOLE || phase === FRACTION ? at(EXPONENT, 0) : undefined
  }
  const digit = digitOf(byte)
  if (digit < 0) return undefined
  switch (phase) {
    case START:
    case MINUS:
      return at(digit === 0 ? ZERO : WHOLE, 1)
    case WHOLE:
      return digits < DIGITS_MAX ? at(WHOLE, digits + 1) : undefined
    case POINT:
    case FRACTION:
      return digits < DIGITS_MAX ? at(FRACTION, digits + 1) : undefined
    case ZERO:
      return undefined
    default:
      return digits < EXPONENT_DIGITS_MAX ? at(EXPONENT_DIGITS, digits + 1) : undefined
  }
}

function digitOf(byte: number): number {
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : -1
}
