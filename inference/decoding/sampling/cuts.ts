/**
 * top_k and top_p without sorting the vocabulary: a histogram finds the bucket where the cut falls, and
 * only what lies in that bucket is sorted. Ids are ordered by logit, the lower id first among equals; each
 * cut keeps a beginning of that order.
 */
import { STEPS_MAX, weightAt } from './weights.ts'

const STEPS_PER_BUCKET_BITS = 3
const BUCKETS = (STEPS_MAX >> STEPS_PER_BUCKET_BITS) + 1

/** Logits, and how they become steps below the best one. */
export interface Scale {
  readonly logits: Float32Array
  readonly best: number
  readonly stepsPerLogit: number
  /** Ids further below the best one are out. */
  readonly stepsMax: number
}

/** Ids that remain, upwards, with their weights. Its arrays are reused from token to token. */
export class Candidates {
  readonly ids: Int32Array
  readonly weights: Float64Array
  length = 0
  readonly #counts = new Int32Array(BUCKETS)
  readonly #masses = new Float64Array(BUCKETS)

  constructor(vocabularySize: number) {
    this.ids = new Int32Array(vocabularySize)
    this.weights = new Float64Array(vocabularySize)
  }

  /** Fills itself with the `topK` heaviest, and of those with as few as reach `topP` of their weight. */
  select(scale: Scale, topK: number, topP: number): void {
    const inRange = this.#fillHistogram(scale)
    if (inRange > topK) {
      this.#gather(scale, this.#bucketOfCount(topK))
      this.#keep(this.#ordered(scale).slice(0, topK))
      if (topP < 1) this.#keep(reaching(this.#ordered(scale), this.#weightOf, topP * this.#sum()))
    } else if (topP < 1) this.#selectNucleus(scale, topP)
    else this.#gather(scale, BUCKETS - 1)
  }

  #fillHistogram({ logits, best, stepsPerLogit, stepsMax }: Scale): number {
    const counts = this.#counts.fill(0)
    const masses = this.#masses.fill(0)
    let inRange = 0
    for (let id = 0; id < logits.length; id++) {
      const steps = (best - (logits[id] as number)) * stepsPerLogit
      if (!(steps <= stepsMax)) continue
      const bucket = steps >> STEPS_PER_BUCKET_BITS
      counts[bucket] = (counts[bucket] as number) + 1
      masses[bucket] = (masses[bucket] as number) + weightAt(steps)
      inRange++
    }
    return inRange
  }

  #bucketOfCount(count: number): number {
    let bucket = 0
    for (let missing = count; bucket < BUCKETS - 1; bucket++) {
      missing -= this.#counts[bucket] as number
      if (missing <= 0) break
    }
    return bucket
  }

  #selectNucleus(scale: Scale, topP: number): void {
    let missing = topP * this.#masses.reduce((sum, mass) => sum + mass, 0)
    let border = 0
    while (border < BUCKETS - 1 && (this.#masses[border] as number) < missing) {
      missing -= this.#masses[border++] as number
    }
    this.#gather(scale, border)
    const firstStep = border << STEPS_PER_BUCKET_BITS
    const isAbove = (at: number) =>
      (scale.best - (scale.logits[this.ids[at] as number] as number)) * scale.stepsPerLogit <
      firstStep
    const within: number[] = []
    for (let at = 0; at < this.length; at++) if (!isAbove(at)) within.push(at)
    within.sort(this.#heavierFirst(scale))
    const kept = new Set(reaching(within, this.#weightOf, missing))
    this.#keepWhere((at) => kept.has(at) || isAbove(at))
  }

  /** Everything down to the bucket. */
  #gather({ logits, best, stepsPerLogit, stepsMax }: Scale, bucket: number): void {
    const end = (bucket + 1) << STEPS_PER_BUCKET_BITS
    this.length = 0
    for (let id = 0; id < logits.length; id++) {
      const steps = (best - (logits[id] as number)) * stepsPerLogit
      if (!(steps < end && steps <= stepsMax)) continue
      this.ids[this.length] = id
      this.weights[this.length++] = weightAt(steps)
    }
  }

  #weightOf = (at: number): number => this.weights[at] as number

  #heavierFirst({ logits }: Scale): (a: number, b: number) => number {
    const logitOf = (at: number) => logits[this.ids[at] as number] as number
    return (a, b) => logitOf(b) - logitOf(a) || a - b
  }

  #ordered(scale: Scale): number[] {
    return Array.from({ length: this.length }, (_, at) => at).sort(this.#heavierFirst(scale))
  }

  #sum(): number {
    let sum = 0
    for (let at = 0; at < this.length; at++) sum += this.weights[at] as number
    return sum
  }

  #keep(places: readonly number[]): void {
    const kept = new Set(places)
    this.#keepWhere((at) => kept.has(at))
  }

  #keepWhere(isKept: (at: number) => boolean): void {
    let to = 0
    for (let at = 0; at < this.length; at++) {
      if (!isKept(at)) continue
      this.ids[to] = this.ids[at] as number
      this.weights[to++] = this.weights[at] as number
    }
    this.length = to
  }
}

/** As few of the first as weigh `mass`, and at least one. */
function reaching(places: number[], weightOf: (at: number) => number, mass: number): number[] {
  let missing = mass
  const end = places.findIndex((at) => {
    missing -= weightOf(at)
    return missing <= 0
  })
  return end < 0 ? places : places.slice(0, end + 1)
}
