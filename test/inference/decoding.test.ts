/** Schedule and sampling: the rules of docs/spec/exactness.md. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PREFILL_CHUNK_TOKENS, PREFILL_SHARED_TOKENS } from '#inference/constants.ts'
import { TokenSampler } from '#inference/decoding/sampling/sampler.ts'
import { uniform } from '#inference/decoding/sampling/uniform.ts'
import { prefillChunks, scheduleDigest } from '#inference/decoding/schedule.ts'
import type { SamplingParameters } from '#inference/engine.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'

describe('prefill chunks', () => {
  it('cover the sequence in order, none above the limit and none of one token or one over a block', () => {
    const most = [PREFILL_CHUNK_TOKENS, PREFILL_SHARED_TOKENS]
    const all = Array.from({ length: 3 * PREFILL_CHUNK_TOKENS }, (_, at) => at + 2)
    for (const [tokens, tokensMax] of all.flatMap((of) => most.map((max) => [of, max] as const))) {
      const chunks = prefillChunks(tokens, 0, tokensMax)
      expect(chunks[0]?.start).toBe(0)
      expect(chunks.at(-1)?.end).toBe(tokens)
      for (const [at, { start, end }] of chunks.entries()) {
        expect(end - start).toBeGreaterThanOrEqual(2)
        expect(end - start).toBeLessThanOrEqual(tokensMax)
        expect((end - start) % 32, 'one row over a block has other bits').not.toBe(1)
        if (at > 0) expect(start).toBe(chunks[at - 1]?.end)
      }
    }
  })

  it('refuse what could only be read one by one', () => {
    for (const tokens of [-1, 0, 1, 2.5]) expect(() => prefillChunks(tokens)).toThrow(RangeError)
  })

  it('have a digest that names library, instruction set and cache', () => {
    const digest = (library: string, hardware: string, kvCache: 'graph' | 'int8' = 'graph') =>
      toHex(scheduleDigest(nodeCrypto, { library, hardware, kvCache }))
    const all = [digest('a', 'b'), digest('a', 'c'), digest('c', 'b'), digest('ab', '')]
    expect(new Set([...all, digest('a', 'b', 'int8')]).size).toBe(5)
  })
})

const sampler = new TokenSampler(512, nodeCrypto)
const sampleToken = (logits: Float32Array, sampling: SamplingParameters, position: number) =>
  sampler.pick(logits, sampling, position)

/** The textbook way: sort everything, then walk. */
function sampleNaively(
  logits: readonly number[],
  { temperature, topP, topK = logits.length }: SamplingParameters,
  share: number,
) {
  const best = Math.max(...logits)
  const steps = logits.map((logit) => Math.round((best - logit) * (256 / Math.LN2 / temperature)))
  const weights = steps.map((step) => (step > (24 * 256) / Math.LN2 ? 0 : 2 ** (-step / 256)))
  const heaviest = weights
    .map((_, id) => id)
    .filter((id) => weights[id]! > 0)
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, topK)
  const massOf = (ids: readonly number[]) => ids.reduce((sum, id) => sum + weights[id]!, 0)
  const chosen: number[] = []
  const total = massOf(heaviest)
  while (chosen.length < heaviest.length && massOf(chosen) < topP * total) {
    chosen.push(heaviest[chosen.length]!)
  }
  let left = share * massOf(chosen)
  for (const id of chosen.sort((a, b) => steps[a]! - steps[b]! || a - b)) {
    left -= weights[id]!
    if (left < 0) return id
  }
  return chosen.at(-1)
}

describe('sampling', () => {
  /** Halves are exact in binary: no sum depends on the order it is taken in. */
  const anyLogits = fc.array(
    fc.integer({ min: -20, max: 20 }).map((n) => n / 2),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  const greedy = { temperature: 0, topP: 1, seed: 0n }

  it('picks the nucleus and the id that sorting everything picks', () => {
    let differences = 0
    const runs = 3_000
    fc.assert(
      fc.property(
        anyLogits,
        fc.double({ min: 0.05, max: 2, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(10_000),
        fc.integer({ min: 2, max: 80 }),
        (logits, temperature, topP, seed, position, topK) => {
          const sampling = { temperature, topP, seed, topK }
          const id = sampleToken(Float32Array.from(logits), sampling, position)
          const share = uniform(seed, position, nodeCrypto)
          if (id !== sampleNaively(logits, sampling, share)) differences++
        },
      ),
      { numRuns: runs },
    )
    // Sums are taken in another order: a draw within a rounding error of a border may differ.
    expect(differences).toBeLessThanOrEqual(runs / 1_000)
  })

  it('is greedy at temperature 0 and takes the lower of equal ids', () => {
    const logits = Float32Array.of(1, 7, 7, Number.NaN, Number.NEGATIVE_INFINITY)
    expect(sampleToken(logits, greedy, 3)).toBe(1)
    const narrow = { temperature: 1, topP: 1e-9, seed: 3n }
    expect(sampleToken(logits, narrow, 3)).toBe(1)
  })

  it('is as good as greedy at temperatures and cuts as small as numbers get', () => {
    const logits = Float32Array.of(1, 7, 6.9, Number.NEGATIVE_INFINITY)
    const least = Number.MIN_VALUE
    for (const cuts of [{}, { topP: least }, { minP: least }, { minP: 1 }, { topK: 2 }]) {
      for (const temperature of [least, 1e-310, 1e-300, 1e-45, 1e-9]) {
        const sampling = { temperature, topP: 1, seed: 3n, ...cuts }
        expect(sampleToken(logits, sampling, 3), JSON.stringify({ temperature, ...cuts })).toBe(1)
      }
    }
    expect(sampleToken(logits, { temperature: 2, topP: least, seed: 3n }, 3)).toBe(1)
  })

  it('draws each id as often as its weight says', () => {
    const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log)
    const counts = [0, 0, 0, 0]
    for (let position = 0; position < 4_000; position++) {
      const sampling = { temperature: 1, topP: 0.9, seed: 7n }
      const id = sampleToken(logits, sampling, position)
      counts[id] = (counts[id] ?? 0) + 1
    }
    // The nucleus of 0.9 holds 0.95 of the weight; five standard deviations are about 0.04.
    for (const [id, share] of [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0].entries()) {
      expect(Math.abs((counts[id] ?? 0) / 4_000 - share)).toBeLessThan(0.04)
    }
  })

  it('refuses logits that are no numbers', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const sample = () => sampleToken(new Float32Array(8).fill(bad), greedy, 0)
      expect(sample).toThrow(expect.objectContaining({ code: 'MODEL_OUTPUT_INVALID' }))
    }
  })

  it('keys its numbers by seed and position alone', () => {
    // SHA-256 over "cocoon/sample/1" 00 00000008 seed 00000004 position; see docs/spec/exactness.md.
    expect(uniform(0n, 0, nodeCrypto)).toBe(UNIFORM_0_0)
    expect(uniform(42n, 7, nodeCrypto)).toBe(UNIFORM_42_7)
  })
})

const UNIFORM_0_0 = 0.9632980472568528
const UNIFORM_42_7 = 0.33468986721472904
