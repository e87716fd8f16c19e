/** The models of the benchmark, made once and kept: weights for ours and for llama.cpp, one seed. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { DECODER_SHAPES, type DecoderShape, type Quantisation } from '#inference/synth/shapes.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { writeGguf } from './gguf.ts'

const SHAPE_NAME = 'smollm2-135m'
/** Enough for every figure; caches of eight slots then take 0.8 GB. */
const CONTEXT_TOKENS = 2_048
export const BENCH_SHAPE: DecoderShape = {
  ...DECODER_SHAPES[SHAPE_NAME],
  contextTokens: CONTEXT_TOKENS,
}
/** Changes when the bytes that are written change. */
const FORMAT = 2

/** Folder in the Hugging Face layout. */
export async function benchModel(
  folder: string,
  quantisation: Quantisation,
  seed: number,
): Promise<string> {
  return made(folder, `${SHAPE_NAME}-${quantisation}-seed${seed}-v${FORMAT}`, (target) =>
    writeSyntheticModel(target, { shapeName: SHAPE_NAME, shape: BENCH_SHAPE, quantisation, seed }),
  )
}

/** File for llama.cpp, q4_0. */
export async function benchGguf(folder: string, seed: number): Promise<string> {
  return made(folder, `${SHAPE_NAME}-q4_0-seed${seed}-v${FORMAT}.gguf`, (target) =>
    writeGguf(target, BENCH_SHAPE, 'q4_0', seed),
  )
}

/** Under its name only when it is whole. */
async function made(
  folder: string,
  name: string,
  write: (target: string) => Promise<unknown>,
): Promise<string> {
  const target = path.join(folder, name)
  if (existsSync(target)) return target
  await mkdir(folder, { recursive: true })
  const part = path.join(folder, `part-${process.pid}-${name}`)
  await write(part)
  await rename(part, target)
  return target
}

/** float32 bytes of the matrices that every decode step reads: all layers and the head. */
export function stepWeightBytes(shape: DecoderShape): number {
  const { width, heads, cacheHeads, headSize, feedForward, layers, vocabularySize } = shape
  const attention = width * headSize * (2 * heads + 2 * cacheHeads)
  const layer = attention + 3 * width * feedForward
  return 4 * (layers * layer + vocabularySize * width)
}
