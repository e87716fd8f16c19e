/** The models that the verification benchmark plays with: an honest one, a cheaper one, and another one. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { readModel } from '#inference/model/read-model.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { DEMO_MODEL_FOLDER } from '../demo-questions.ts'
import { requantisedTo4Bits } from './requantise.ts'

export interface VerifySubjects {
  /** The demonstration model, 8-bit weights. */
  readonly honest: string
  /** The same weights in 4 bits. */
  readonly cheaper: string
  /** Random weights behind the same tokenizer. */
  readonly other: string
}

const GRAPH = path.join('onnx', 'model.onnx')

/** @param folder empty; whoever gives it removes it */
export async function verifySubjects(folder: string, seed: number): Promise<VerifySubjects> {
  const cheaper = path.join(folder, 'cheaper')
  const other = path.join(folder, 'other')
  await cp(DEMO_MODEL_FOLDER, cheaper, { recursive: true })
  const graph = await readFile(path.join(DEMO_MODEL_FOLDER, GRAPH))
  await writeFile(path.join(cheaper, GRAPH), requantisedTo4Bits(graph))
  await mkdir(other)
  const { vocabularySize, contextTokens } = (await readModel(DEMO_MODEL_FOLDER, nodeCrypto)).config
  await writeSyntheticModel(other, {
    shapeName: 'demo-sized',
    shape: { ...DEMO_SIZED, vocabularySize, contextTokens },
    quantisation: 'q8',
    seed,
  })
  await cp(DEMO_MODEL_FOLDER, other, {
    recursive: true,
    filter: (source) => !source.includes(`${path.sep}onnx`),
  })
  return { honest: DEMO_MODEL_FOLDER, cheaper, other }
}

/** The demonstration model's own shape (models/demo/README.md). */
const DEMO_SIZED = {
  modelType: 'llama',
  layers: 6,
  width: 192,
  heads: 6,
  cacheHeads: 2,
  headSize: 32,
  feedForward: 512,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  hasHeadNorms: false,
} as const
