/** Log probabilities beside a token: of it, and of the most likely ids. */
import type { TokenLogprobs } from '../../engine.ts'
import { STEPS_MAX, STEPS_PER_LOGIT, weightAt } from './weights.ts'

/**
 * Natural logarithms of softmax(logits), exact to 1e-4 or better: ids that are less likely than the best
 * one by more than exp(24) are left out of the sum. Equal ones are listed lower id first.
 * @param topLength ids in `top`, or as many as there are
 */
export function tokenLogprobs(logits: Float32Array, id: number, topLength: number): TokenLogprobs {
  const top = mostLikely(logits, Math.max(1, topLength))
  const best = logits[top[0] ?? id] as number
  let total = 0
  for (let other = 0; other < logits.length; other++) {
    const steps = (best - (logits[other] as number)) * STEPS_PER_LOGIT
    if (steps <= STEPS_MAX) total += weightAt(steps)
  }
  const logOfSum = best + Math.log(total)
  const logprobOf = (of: number) => Math.min(0, (logits[of] as number) - logOfSum)
  return {
    logprob: logprobOf(id),
    top: top.slice(0, topLength).map((each) => ({ id: each, logprob: logprobOf(each) })),
  }
}

/** One pass: whoever beats the last of the best so far moves up to its place. */
function mostLikely(logits: Float32Array, count: number): number[] {
  const top: number[] = []
  let threshold = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number
    if (!(logit > threshold)) continue
    let at = top.length
    while (at > 0 && logit > (logits[top[at - 1] as number] as number)) at--
    top.splice(at, 0, id)
    if (top.length > count) top.pop()
    if (top.length === count) threshold = logits[top[count - 1] as number] as number
  }
  return top
}
