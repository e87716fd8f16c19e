/**
 * exp(-x) from a table, in square roots and multiplications alone: several times as fast as Math.exp, whose last
 * bits ECMAScript leaves open. x is counted in steps of ln(2) / 256. Draws take the nearest whole step, which moves
 * no weight by more than 0.14 %, far less than what 4 or 8 bits of a weight leave open;
 * log probabilities take the rest with a cubic, exact to 1e-10.
 */

const STEPS_PER_OCTAVE = 256
const STEP = Math.LN2 / STEPS_PER_OCTAVE

/** exp(-24) of the best id's weight: 2^20 such ids together would weigh 4e-5 of it. They weigh nothing. */
const LOG_WEIGHT_RANGE = 24

/** Steps in one unit of a logit at temperature 1. */
export const STEPS_PER_LOGIT = 1 / STEP
/** Ids this many steps below the best one are in range. */
export const STEPS_MAX = Math.floor(LOG_WEIGHT_RANGE / STEP)

/** WEIGHTS[n] = 2^(-n / 256): square roots and halves, which IEEE 754 rounds in one way only. */
export const WEIGHTS: Float64Array = (() => {
  const roots: number[] = [0.5]
  while (roots.length <= Math.log2(STEPS_PER_OCTAVE)) roots.push(Math.sqrt(roots.at(-1) ?? 0))
  const table = new Float64Array(STEPS_MAX + 64)
  for (let at = 0; at < table.length; at++) {
    const part = at % STEPS_PER_OCTAVE
    let weight = 2 ** -Math.floor(at / STEPS_PER_OCTAVE)
    for (let bit = 1; bit < roots.length; bit++) {
      if ((part & (STEPS_PER_OCTAVE >> bit)) !== 0) weight *= roots[bit] ?? 0
    }
    table[at] = weight
  }
  return table
})()

const LINEAR = STEP
const SQUARE = STEP ** 2 / 2
const CUBE = STEP ** 3 / 6

/** 2^(-steps / 256) for 0 <= steps <= STEPS_MAX. */
export function weightAt(steps: number): number {
  const whole = steps | 0
  const rest = steps - whole
  return (WEIGHTS[whole] as number) * (1 - rest * (LINEAR - rest * (SQUARE - rest * CUBE)))
}
