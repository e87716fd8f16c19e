/** The most likely id. */
import { UnavailableError } from '#protocol/errors.ts'

/**
 * The id with the highest logit, the lowest among equals; NaN is never the highest.
 * @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number.
 */
export function argmax(logits: Float32Array): number {
  let best = -1
  let bestLogit = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number
    if (logit > bestLogit) {
      best = id
      bestLogit = logit
    }
  }
  if (best >= 0 && bestLogit < Number.POSITIVE_INFINITY) return best
  throw new UnavailableError('MODEL_OUTPUT_INVALID', 'the model returned no usable logits', {
    remedy: 'Use another model: this one computes NaN or infinity.',
  })
}
