/**
 * A decoder's forward pass written plainly, in double precision and without a cache: what the graphs are held
 * against. RMSNorm, rotary embedding (half-rotated, as Hugging Face has it), grouped-query attention, SwiGLU.
 */
import {
  type DecoderShape,
  type DecoderWeights,
  type Matrix,
  ropeAngles,
} from './decoder-weights.ts'

const EPSILON = 1e-6

/** Logits after the last id. */
export function referenceLogits(
  shape: DecoderShape,
  weights: DecoderWeights,
  ids: readonly number[],
): Float64Array {
  const angles = ropeAngles(shape)
  let hidden: Float64Array[] = ids.map((id) => Float64Array.from(rowOf(weights.embedding, id)))
  for (const layer of weights.layers) {
    const normed = hidden.map((row) => rmsNorm(row, layer.inputNorm))
    const project = (matrix: Matrix, at: number) =>
      normed.map((row) => plus(times(matrix, row), layer.biases[at]))
    const turn = (rows: Float64Array[], norm: Float32Array | undefined) =>
      rows.map((row, position) => rotateHeads(shape, row, norm, angles, position))
    const query = turn(project(layer.query, 0), layer.headNorms[0])
    const key = turn(project(layer.key, 1), layer.headNorms[1])
    const value = project(layer.value, 2)
    const mixed = hidden.map((row, position) =>
      plus(row, times(layer.output, attend(shape, query[position]!, key, value, position))),
    )
    hidden = mixed.map((row) => plus(row, feedForward(layer, rmsNorm(row, layer.innerNorm))))
  }
  return times(weights.head, rmsNorm(hidden.at(-1)!, weights.norm))
}

function feedForward(layer: DecoderWeights['layers'][number], row: Float64Array): Float64Array {
  const up = times(layer.up, row)
  const gated = times(layer.gate, row).map((x, at) => (x / (1 + Math.exp(-x))) * up[at]!)
  return times(layer.down, gated)
}

/** Attention of one position over itself and those before it. */
function attend(
  shape: DecoderShape,
  query: Float64Array,
  keys: readonly Float64Array[],
  values: readonly Float64Array[],
  position: number,
): Float64Array {
  const { heads, cacheHeads, headSize } = shape
  const out = new Float64Array(heads * headSize)
  for (let head = 0; head < heads; head++) {
    const from = Math.floor((head * cacheHeads) / heads) * headSize
    const q = query.subarray(head * headSize, (head + 1) * headSize)
    const scores = keys
      .slice(0, position + 1)
      .map((key) => dot(q, key.subarray(from, from + headSize)) / Math.sqrt(headSize))
    const highest = Math.max(...scores)
    const weights = scores.map((score) => Math.exp(score - highest))
    const whole = weights.reduce((sum, weight) => sum + weight, 0)
    for (const [at, weight] of weights.entries()) {
      const value = values[at]!.subarray(from, from + headSize)
      for (let i = 0; i < headSize; i++) out[head * headSize + i]! += (weight / whole) * value[i]!
    }
  }
  return out
}

function rotateHeads(
  { headSize }: DecoderShape,
  row: Float64Array,
  norm: Float32Array | undefined,
  angles: Float64Array,
  position: number,
): Float64Array {
  const half = headSize / 2
  const out = new Float64Array(row.length)
  for (let start = 0; start < row.length; start += headSize) {
    const head = row.subarray(start, start + headSize)
    const x = norm === undefined ? head : rmsNorm(head, norm)
    for (let at = 0; at < half; at++) {
      const [cos, sin] = [
        Math.cos(angles[position * half + at]!),
        Math.sin(angles[position * half + at]!),
      ]
      out[start + at] = x[at]! * cos - x[at + half]! * sin
      out[start + at + half] = x[at + half]! * cos + x[at]! * sin
    }
  }
  return out
}

function rmsNorm(row: Float64Array, weight: Float32Array): Float64Array {
  const scale = 1 / Math.sqrt(dot(row, row) / row.length + EPSILON)
  return row.map((value, at) => value * scale * weight[at]!)
}

function times(matrix: Matrix, row: Float64Array): Float64Array {
  return Float64Array.from({ length: matrix.rows }, (_, at) => dot(rowOf(matrix, at), row))
}

function rowOf({ values, columns }: Matrix, row: number): Float32Array {
  return values.subarray(row * columns, (row + 1) * columns)
}

function plus(a: Float64Array, b: ArrayLike<number> | undefined): Float64Array {
  return b === undefined ? a : a.map((value, at) => value + b[at]!)
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}
