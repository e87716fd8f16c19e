/** A JSON number (RFC 8259, section 6), byte by byte, with as many digits as its writer likes. */

export type NumberPhase =
  | 'start'
  | 'minus'
  | 'zero'
  | 'whole'
  | 'point'
  | 'fraction'
  | 'exponent'
  | 'sign'
  | 'exponent-digits'

const ENDS: ReadonlySet<NumberPhase> = new Set(['zero', 'whole', 'fraction', 'exponent-digits'])
const ON_DIGIT: Readonly<Record<NumberPhase, NumberPhase | undefined>> = {
  start: 'whole',
  minus: 'whole',
  zero: undefined,
  whole: 'whole',
  point: 'fraction',
  fraction: 'fraction',
  exponent: 'exponent-digits',
  sign: 'exponent-digits',
  'exponent-digits': 'exponent-digits',
}

/** Undefined: the byte is no part of the number. */
export function numberPhase(phase: NumberPhase, byte: number): NumberPhase | undefined {
  if (byte >= 0x30 && byte <= 0x39) {
    const isFirst = phase === 'start' || phase === 'minus'
    return isFirst && byte === 0x30 ? 'zero' : ON_DIGIT[phase]
  }
  switch (String.fromCharCode(byte)) {
    case '-':
      return phase === 'start' ? 'minus' : phase === 'exponent' ? 'sign' : undefined
    case '+':
      return phase === 'exponent' ? 'sign' : undefined
    case '.':
      return phase === 'zero' || phase === 'whole' ? 'point' : undefined
    case 'e':
    case 'E':
      return ENDS.has(phase) && phase !== 'exponent-digits' ? 'exponent' : undefined
    default:
      return undefined
  }
}

/** Whether the number may end here. */
export function isWholeNumber(phase: NumberPhase): boolean {
  return ENDS.has(phase)
}
