/** The most likely id, and its logit. */
import { UnavailableError } from '#protocol/errors.ts'

/**
 * The id with the highest logit, the lowest among equals; NaN is never the highest.
 * @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number.
 */
export function argmax(logits: Float32Array): number {
  return logits.indexOf(highestLogit(logits))
}

/** @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number. */
export function highestLogit(logits: Float32Array): number {
  const highest = highestOf(logits)
  if (Number.isFinite(highest)) return highest
  throw new UnavailableError('MODEL_OUTPUT_INVALID', 'the model returned no usable logits', {
    remedy: 'Use another model: this one computes NaN or infinity.',
  })
}

/** Four maxima side by side: no comparison waits for the one before. -Infinity when there is none. */
function highestOf(logits: Float32Array): number {
  let first = Number.NEGATIVE_INFINITY
  let second = first
  let third = first
  let fourth = first
  let at = 0
  for (const end = logits.length - 3; at < end; at += 4) {
    const a = logits[at] as number
    const b = logits[at + 1] as number
    const c = logits[at + 2] as number
    const d = logits[at + 3] as number
    if (a > first) first = a
    if (b > second) second = b
    if (c > third) third = c
    if (d > fourth) fourth = d
  }
  for (; at < logits.length; at++) {
    const rest = logits[at] as number
    if (rest > first) first = rest
  }
  return Math.max(first, second, third, fourth)
}
