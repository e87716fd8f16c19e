/** From the states of all positions to one vector, as sentence-transformers does it (models/Pooling.py). */

export type Pooling = 'mean' | 'cls' | 'max'

/**
 * `states`: [positions, size], row after row, at least one position and none of them padding. Sums are made in
 * double precision, from the first position on.
 */
export function pooled(states: Float32Array, size: number, pooling: Pooling): Float32Array {
  if (pooling === 'cls') return states.slice(0, size)
  const positions = states.length / size
  const out = new Float64Array(size).fill(pooling === 'max' ? Number.NEGATIVE_INFINITY : 0)
  for (let position = 0; position < positions; position++) {
    for (let at = 0; at < size; at++) {
      const state = states[position * size + at] ?? 0
      out[at] = pooling === 'max' ? Math.max(out[at] ?? 0, state) : (out[at] ?? 0) + state
    }
  }
  return Float32Array.from(out, (value) => (pooling === 'max' ? value : value / positions))
}

/** Length 1; a vector of zeros stays one. */
export function normalised(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return length === 0 ? vector : vector.map((value) => value / length)
}
