/** Choices of a fuzz run, all from one seed, so that a failure can be run again. */

/** Numbers by xorshift32: fast, and nobody's secret. */
export class Dice {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0 || 1
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state % limit
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0]
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** By weight. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0)
    let at = this.below(total)
    for (const [weight, choice] of choices) {
      if (at < weight) return choice
      at -= weight
    }
    throw new Error('weights are positive')
  }
}
