/**
 * Block quantisation of weights: 32 numbers that share a scale, symmetric about zero. The bytes are those
 * of onnxruntime's MatMulNBits; the numbers are those of llama.cpp's q4_0 and q8_0.
 */

export const BLOCK_WEIGHTS = 32

/** 4 bits: the number farthest from zero becomes -8, so that one end of the range is used in full. */
export function quantise4(weights: Float32Array, at: number, levels: Int8Array): number {
  let farthest = 0
  for (let i = 0; i < BLOCK_WEIGHTS; i++) {
    const weight = weights[at + i] as number
    if (Math.abs(weight) > Math.abs(farthest)) farthest = weight
  }
  const scale = Math.fround(farthest / -8)
  const inverse = scale === 0 ? 0 : 1 / scale
  for (let i = 0; i < BLOCK_WEIGHTS; i++) {
    levels[i] = Math.min(7, Math.round((weights[at + i] as number) * inverse))
  }
  return scale
}

/** 8 bits: the number farthest from zero becomes 127 or -127. */
export function quantise8(weights: Float32Array, at: number, levels: Int8Array): number {
  let largest = 0
  for (let i = 0; i < BLOCK_WEIGHTS; i++) {
    largest = Math.max(largest, Math.abs(weights[at + i] as number))
  }
  const scale = Math.fround(largest / 127)
  const inverse = scale === 0 ? 0 : 1 / scale
  for (let i = 0; i < BLOCK_WEIGHTS; i++) {
    levels[i] = Math.round((weights[at + i] as number) * inverse)
  }
  return scale
}
