/** Numerical Recipes' linear congruential generator: the same weights everywhere, from -scale to scale. */
export function randomFloats(seed: number): (length: number, scale: number) => Float32Array {
  let state = seed >>> 0
  return (length, scale) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return (state / 2 ** 31 - 1) * scale
    })
}
