/** From logits to one id: greedy, or nucleus sampling with random numbers keyed by position. */
import { tagged, u32be, u64be } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { SamplingParameters } from '../engine.ts'

/** Name of this algorithm in the schedule digest; a change of any result changes the name. */
export const SAMPLER = 'greedy-or-nucleus/1'

/** exp(-32) of the best id's weight: what lies below cannot change a sum of 2^20 such weights. */
const LOG_WEIGHT_RANGE = 32
const BUCKETS = 256

/**
 * Picks the id at `position`, counted from the first prompt token.
 * Equal logits are decided for the lower id.
 * @throws UnavailableError MODEL_OUTPUT_INVALID when no logit is a finite number.
 */
export function sampleToken(
  logits: Float32Array,
  sampling: SamplingParameters,
  position: number,
  crypto: CryptoPort,
): number {
  const best = argmax(logits)
  if (sampling.temperature === 0) return best
  const weights = relativeWeights(logits, logits[best] ?? 0, sampling.temperature)
  const inNucleus = sampling.topP < 1 ? nucleus(weights, sampling.topP) : undefined
  return draw(weights, inNucleus, uniform(sampling.seed, position, crypto))
}

/**
 * A number in [0, 1) with 53 bits: the first 8 bytes of SHA-256 over
 * `tagged("cocoon/sample/1", u64 seed, u32 position)`, shifted right by 11.
 */
export function uniform(seed: bigint, position: number, crypto: CryptoPort): number {
  const digest = crypto.sha256(tagged('cocoon/sample/1', u64be(seed), u32be(position)))
  const bits = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) >> 11n
  return Number(bits) / 2 ** 53
}

function argmax(logits: Float32Array): number {
  let best = -1
  let bestLogit = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? Number.NaN
    if (logit > bestLogit) {
      best = id
      bestLogit = logit
    }
  }
  if (best >= 0 && Number.isFinite(bestLogit)) return best
  throw new UnavailableError('MODEL_OUTPUT_INVALID', 'the model returned no usable logits', {
    remedy: 'Use another model: this one computes NaN or infinity.',
  })
}

/** exp((logit - best) / temperature); 0 for NaN and for what is out of range. */
function relativeWeights(logits: Float32Array, best: number, temperature: number): Float64Array {
  const weights = new Float64Array(logits.length)
  for (let id = 0; id < logits.length; id++) {
    const log = ((logits[id] ?? Number.NaN) - best) / temperature
    if (log >= -LOG_WEIGHT_RANGE) weights[id] = Math.exp(log)
  }
  return weights
}

/**
 * The smallest set of the heaviest ids whose weight reaches topP of the whole. Ids are counted into
 * buckets by weight, and only the bucket at the border is sorted: never the vocabulary.
 */
function nucleus(weights: Float64Array, topP: number): Uint8Array {
  const bucketWeights = new Float64Array(BUCKETS)
  let total = 0
  for (const weight of weights) {
    if (weight === 0) continue
    const bucket = bucketOf(weight)
    bucketWeights[bucket] = (bucketWeights[bucket] ?? 0) + weight
    total += weight
  }
  let missing = topP * total
  let border = 0
  while (border < BUCKETS - 1 && (bucketWeights[border] ?? 0) < missing) {
    missing -= bucketWeights[border++] ?? 0
  }
  const chosen = new Uint8Array(weights.length)
  const atBorder: number[] = []
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id] ?? 0
    if (weight === 0) continue
    const bucket = bucketOf(weight)
    if (bucket < border) chosen[id] = 1
    else if (bucket === border) atBorder.push(id)
  }
  atBorder.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
  for (const id of atBorder) {
    if (missing <= 0) break
    chosen[id] = 1
    missing -= weights[id] ?? 0
  }
  return chosen
}

/** Bucket 0 holds the heaviest. */
function bucketOf(weight: number): number {
  return Math.min(BUCKETS - 1, Math.floor((-Math.log(weight) / LOG_WEIGHT_RANGE) * BUCKETS))
}

/** Walks the ids in their order until `share` of the weight lies behind. */
function draw(weights: Float64Array, chosen: Uint8Array | undefined, share: number): number {
  let total = 0
  for (let id = 0; id < weights.length; id++) {
    if (chosen === undefined || chosen[id] === 1) total += weights[id] ?? 0
  }
  let left = share * total
  let last = 0
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id] ?? 0
    if (weight === 0 || (chosen !== undefined && chosen[id] !== 1)) continue
    last = id
    left -= weight
    if (left < 0) return id
  }
  return last
}
