/**
 * Cuts and draws without sorting the vocabulary: ids are counted by the whole step nearest to how far they lie
 * below the best one. All ids of one step weigh the same, so counts alone say where top_k and top_p cut and
 * where a draw falls; only ids of the step in which a cut falls are sorted. Buffers are reused from token to token.
 */
import { STEPS_MAX, WEIGHTS } from './weights.ts'

/** Steps whose weight is summed together, so that cuts and draws walk through few of them. */
const BLOCK_BITS = 6
const BLOCKS = (STEPS_MAX >> BLOCK_BITS) + 1
const STEPS = BLOCKS << BLOCK_BITS
/** The step of ids that are out of range, which are counted, but weigh nothing. */
const OUT_OF_RANGE = STEPS

/** Logits, and how they become steps below the best one. */
export interface Scale {
  readonly logits: Float32Array
  readonly best: number
  readonly stepsPerLogit: number
  /** Ids further below the best one are out; up to STEPS_MAX. */
  readonly stepsMax: number
}

/** What remains: every id above `step`, and `count` of the ids at it, the highest logits first. */
interface Cut {
  readonly step: number
  readonly count: number
}

export class StepHistogram {
  readonly #counts = new Int32Array(STEPS + 1)
  readonly #blocks = new Float64Array(BLOCKS)
  /** A whole number of fours; what is behind the vocabulary is out of range. */
  readonly #stepOf: Uint16Array
  #scale: Scale = { logits: new Float32Array(), best: 0, stepsPerLogit: 0, stepsMax: 0 }
  #inRange = 0

  constructor(vocabularySize: number) {
    this.#stepOf = new Uint16Array(4 * Math.ceil(vocabularySize / 4))
  }

  /** NaN is out of range. */
  fill(scale: Scale): void {
    this.#scale = scale
    this.#findSteps(scale)
    this.#count()
    this.#inRange = this.#stepOf.length - (this.#counts[OUT_OF_RANGE] as number)
    this.#weighBlocks()
  }

  /**
   * Four ids at a time, here and where they are counted: V8 unrolls no loop, and one pass that did both would
   * take twice as long as the two.
   */
  #findSteps({ logits, best, stepsPerLogit, stepsMax }: Scale): void {
    const stepOf = this.#stepOf
    let id = 0
    for (const end = logits.length - 3; id < end; id += 4) {
      stepOf[id] = wholeStep((best - (logits[id] as number)) * stepsPerLogit, stepsMax)
      stepOf[id + 1] = wholeStep((best - (logits[id + 1] as number)) * stepsPerLogit, stepsMax)
      stepOf[id + 2] = wholeStep((best - (logits[id + 2] as number)) * stepsPerLogit, stepsMax)
      stepOf[id + 3] = wholeStep((best - (logits[id + 3] as number)) * stepsPerLogit, stepsMax)
    }
    for (; id < logits.length; id++)
      stepOf[id] = wholeStep((best - (logits[id] as number)) * stepsPerLogit, stepsMax)
    stepOf.fill(OUT_OF_RANGE, id)
  }

  #count(): void {
    const counts = this.#counts.fill(0)
    const stepOf = this.#stepOf
    for (let id = 0; id < stepOf.length; id += 4) {
      const a = stepOf[id] as number
      const b = stepOf[id + 1] as number
      const c = stepOf[id + 2] as number
      const d = stepOf[id + 3] as number
      counts[a] = (counts[a] as number) + 1
      counts[b] = (counts[b] as number) + 1
      counts[c] = (counts[c] as number) + 1
      counts[d] = (counts[d] as number) + 1
    }
  }

  /**
   * Of the `topK` heaviest ids as few as reach `topP` of their weight; of those the one at which `share` of
   * their weight lies behind, walking down the steps and up the ids of a step.
   */
  draw(topK: number, topP: number, share: number): number {
    let cut: Cut = { step: STEPS, count: 0 }
    if (this.#inRange > topK) cut = this.#cutAtCount(topK)
    if (topP < 1) cut = lower(cut, this.#cutAtWeight(topP * this.#weightTo(cut)))
    return this.#idAt(cut, share * this.#weightTo(cut))
  }

  #weighBlocks(): void {
    const counts = this.#counts
    const blocks = this.#blocks
    for (let block = 0, step = 0; block < BLOCKS; block++) {
      const end = step + (1 << BLOCK_BITS)
      let weight = 0
      for (; step < end; step++) weight += (counts[step] as number) * (WEIGHTS[step] as number)
      blocks[block] = weight
    }
  }

  #cutAtCount(count: number): Cut {
    let left = count
    let step = 0
    while (left > (this.#counts[step] as number)) left -= this.#counts[step++] as number
    return { step, count: left }
  }

  /** As few of the heaviest as reach the weight, and at least one. */
  #cutAtWeight(weight: number): Cut {
    const { step, left } = this.#stepAt(weight)
    const count = Math.ceil(left / (WEIGHTS[step] as number))
    return { step, count: Math.min(this.#counts[step] as number, Math.max(1, count)) }
  }

  /** Of all that a cut leaves. */
  #weightTo({ step, count }: Cut): number {
    const block = step >> BLOCK_BITS
    let weight = 0
    for (let before = 0; before < block; before++) weight += this.#blocks[before] as number
    for (let before = block << BLOCK_BITS; before < step; before++) {
      weight += (this.#counts[before] as number) * (WEIGHTS[before] as number)
    }
    return count === 0 ? weight : weight + count * (WEIGHTS[step] as number)
  }

  /** The first step that reaches the weight, or the last one that holds an id; `left` is for its own ids. */
  #stepAt(weight: number): { step: number; left: number } {
    let left = weight
    let block = 0
    while (block < BLOCKS - 1 && left > (this.#blocks[block] as number)) {
      left -= this.#blocks[block++] as number
    }
    for (let step = block << BLOCK_BITS; step < STEPS; step++) {
      const mass = (this.#counts[step] as number) * (WEIGHTS[step] as number)
      if (mass > 0 && left <= mass) return { step, left }
      left -= mass
    }
    // Rounding left a hair of the weight behind everything.
    return { step: this.#lastStepBefore(STEPS), left: Number.POSITIVE_INFINITY }
  }

  #lastStepBefore(end: number): number {
    let step = end - 1
    while (step > 0 && this.#counts[step] === 0) step--
    return step
  }

  #idAt(cut: Cut, weight: number): number {
    let { step, left } = this.#stepAt(weight)
    if (step > cut.step) {
      step = cut.count > 0 ? cut.step : this.#lastStepBefore(cut.step)
      left = Number.POSITIVE_INFINITY
    }
    const total = this.#counts[step] as number
    const kept = step === cut.step && cut.count > 0 ? cut.count : total
    const place = Math.min(kept - 1, Math.floor(left / (WEIGHTS[step] as number)))
    return kept === total ? this.#nthOf(step, place) : (this.#heaviestOf(step, kept)[place] ?? 0)
  }

  /** The ids of a step, upwards. */
  #nthOf(step: number, place: number): number {
    let id = this.#stepOf.indexOf(step)
    for (let left = place; left > 0; left--) id = this.#stepOf.indexOf(step, id + 1)
    return id
  }

  /** Those with the highest logits, the lower id first among equals; then upwards. */
  #heaviestOf(step: number, count: number): number[] {
    const { logits } = this.#scale
    const ids: number[] = []
    for (let id = this.#stepOf.indexOf(step); id >= 0; id = this.#stepOf.indexOf(step, id + 1)) {
      ids.push(id)
    }
    ids.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
    return ids.slice(0, count).sort((a, b) => a - b)
  }
}

/** No branch holds a statement: one that is rarely taken would throw V8 out of its fast code. */
function wholeStep(steps: number, stepsMax: number): number {
  return steps <= stepsMax ? (steps + 0.5) | 0 : OUT_OF_RANGE
}

/** The one that leaves less: rounding may see the second cut behind the first. */
function lower(one: Cut, other: Cut): Cut {
  if (one.step !== other.step) return one.step < other.step ? one : other
  return one.count < other.count ? one : other
}
