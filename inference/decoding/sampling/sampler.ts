/** From logits to one id: greedy, or drawn with a number keyed by position (docs/spec/exactness.md). */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { SamplingParameters } from '../../engine.ts'
import { argmax, highestLogit } from './argmax.ts'
import { StepHistogram } from './step-histogram.ts'
import { uniform } from './uniform.ts'
import { STEPS_MAX, STEPS_PER_LOGIT } from './weights.ts'

/** Name of this algorithm in the schedule digest; a change of any result changes the name. */
export const SAMPLER = 'bias-penalties-min_p-top_k-top_p/4'

/** Picks ids one after the other; its buffers are reused, so one is enough for a whole engine. */
export class TokenSampler {
  readonly #crypto: CryptoPort
  readonly #histogram: StepHistogram

  constructor(vocabularySize: number, crypto: CryptoPort) {
    this.#crypto = crypto
    this.#histogram = new StepHistogram(vocabularySize)
  }

  /**
   * The id at `position`, counted from the first prompt token. Logits are those after bias, penalties
   * and constraint.
   * @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number.
   */
  pick(logits: Float32Array, sampling: SamplingParameters, position: number): number {
    const { temperature, topP, topK = logits.length, minP = 0, seed } = sampling
    if (temperature === 0 || topK === 1) return argmax(logits)
    this.#histogram.fill({
      logits,
      best: highestLogit(logits),
      // Finite at any temperature: no step is 0 times infinity.
      stepsPerLogit: Math.min(STEPS_PER_LOGIT / temperature, Number.MAX_VALUE),
      stepsMax: minP === 0 ? STEPS_MAX : Math.min(STEPS_MAX, -Math.log(minP) * STEPS_PER_LOGIT),
    })
    return this.#histogram.draw(topK, topP, uniform(seed, position, this.#crypto))
  }
}
