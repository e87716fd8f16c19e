/** From logits to one id: greedy, or drawn with a number keyed by position (docs/spec/exactness.md). */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { SamplingParameters } from '../../engine.ts'
import { argmax } from './argmax.ts'
import { Candidates, type Scale } from './cuts.ts'
import { uniform } from './uniform.ts'
import { STEPS_MAX, STEPS_PER_LOGIT, weightAt } from './weights.ts'

/** Name of this algorithm in the schedule digest; a change of any result changes the name. */
export const SAMPLER = 'bias-penalties-min_p-top_k-top_p/2'

/** Ids whose weights are summed up together, so that a draw walks through one block only. */
const BLOCK_BITS = 8

/** Picks ids one after the other; its buffers are reused, so one is enough for a whole engine. */
export class TokenSampler {
  readonly #crypto: CryptoPort
  readonly #blocks: Float64Array
  readonly #candidates: Candidates

  constructor(vocabularySize: number, crypto: CryptoPort) {
    this.#crypto = crypto
    this.#blocks = new Float64Array((vocabularySize >> BLOCK_BITS) + 1)
    this.#candidates = new Candidates(vocabularySize)
  }

  /**
   * The id at `position`, counted from the first prompt token. Logits are those after bias, penalties
   * and constraint.
   * @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number.
   */
  pick(logits: Float32Array, sampling: SamplingParameters, position: number): number {
    const bestId = argmax(logits)
    const { temperature, topP, topK = logits.length, minP = 0, seed } = sampling
    if (temperature === 0) return bestId
    const scale: Scale = {
      logits,
      best: logits[bestId] as number,
      stepsPerLogit: STEPS_PER_LOGIT / temperature,
      stepsMax: minP === 0 ? STEPS_MAX : Math.min(STEPS_MAX, -Math.log(minP) * STEPS_PER_LOGIT),
    }
    const share = uniform(seed, position, this.#crypto)
    if (topP === 1 && topK >= logits.length) return this.#drawFromAll(scale, share, bestId)
    this.#candidates.select(scale, topK, topP)
    return this.#drawFromCandidates(share)
  }

  /** Walks the ids upwards until `share` of the weight lies behind. */
  #drawFromAll(scale: Scale, share: number, bestId: number): number {
    const total = this.#weighBlocks(scale)
    const blocks = this.#blocks
    let left = share * total
    let block = 0
    while (block < blocks.length - 1 && left >= (blocks[block] as number)) {
      left -= blocks[block++] as number
    }
    const { logits, best, stepsPerLogit, stepsMax } = scale
    const end = Math.min(logits.length, (block + 1) << BLOCK_BITS)
    let last = -1
    for (let id = block << BLOCK_BITS; id < end; id++) {
      const steps = (best - (logits[id] as number)) * stepsPerLogit
      if (!(steps <= stepsMax)) continue
      last = id
      left -= weightAt(steps)
      if (left < 0) break
    }
    // Rounding may leave a hair of the whole weight behind the last id of the last block.
    return last < 0 ? bestId : last
  }

  #weighBlocks({ logits, best, stepsPerLogit, stepsMax }: Scale): number {
    const blocks = this.#blocks
    let total = 0
    for (let block = 0, id = 0; block < blocks.length; block++) {
      const end = Math.min(logits.length, (block + 1) << BLOCK_BITS)
      let sum = 0
      for (; id < end; id++) {
        const steps = (best - (logits[id] as number)) * stepsPerLogit
        if (steps <= stepsMax) sum += weightAt(steps)
      }
      blocks[block] = sum
      total += sum
    }
    return total
  }

  #drawFromCandidates(share: number): number {
    const { ids, weights, length } = this.#candidates
    let total = 0
    for (let at = 0; at < length; at++) total += weights[at] as number
    let left = share * total
    for (let at = 0; at < length; at++) {
      left -= weights[at] as number
      if (left < 0) return ids[at] as number
    }
    return ids[length - 1] as number
  }
}
