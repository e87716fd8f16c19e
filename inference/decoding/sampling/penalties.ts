/** Bias and penalties: what moves logits before anything is picked. Each step rounds to single precision. */
import type { SamplingParameters } from '../../engine.ts'

/** Keeps count of one answer, and moves the logits of its next id in place. */
export class LogitAdjuster {
  readonly #sampling: SamplingParameters
  readonly #repetition: number
  readonly #frequency: number
  readonly #presence: number
  readonly #seen = new Set<number>()
  readonly #answerCounts = new Map<number, number>()

  constructor(sampling: SamplingParameters, promptTokenIds: readonly number[]) {
    this.#sampling = sampling
    this.#repetition = sampling.repetitionPenalty ?? 1
    this.#frequency = sampling.frequencyPenalty ?? 0
    this.#presence = sampling.presencePenalty ?? 0
    if (this.#repetition !== 1) for (const id of promptTokenIds) this.#seen.add(id)
  }

  /** An id of the answer, generated or resumed. */
  count(id: number): void {
    if (this.#repetition !== 1) this.#seen.add(id)
    if (this.#frequency === 0 && this.#presence === 0) return
    this.#answerCounts.set(id, (this.#answerCounts.get(id) ?? 0) + 1)
  }

  /** Bias first, then the repetition penalty, then frequency and presence. */
  adjust(logits: Float32Array): void {
    for (const { id, bias } of this.#sampling.logitBias ?? []) {
      if (id < logits.length) logits[id] = (logits[id] as number) + bias
    }
    for (const id of this.#seen) {
      const logit = logits[id] as number
      logits[id] = logit > 0 ? logit / this.#repetition : logit * this.#repetition
    }
    for (const [id, count] of this.#answerCounts) {
      logits[id] = (logits[id] as number) - (this.#frequency * count + this.#presence)
    }
  }
}
