/** Made-up models: the same bytes for the same seed, and every loader takes them for real ones. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readModel } from '#inference/model/read-model.ts'
import { openModel } from '#inference/onnx/open-model.ts'
import type { DecoderShape, Quantisation } from '#inference/synth/shapes.ts'
import { DECODER_SHAPES, QUANTISATIONS } from '#inference/synth/shapes.ts'
import { syntheticVocabulary } from '#inference/synth/tokenizer.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TINY: DecoderShape = {
  modelType: 'llama',
  layers: 2,
  width: 64,
  heads: 4,
  cacheHeads: 2,
  headSize: 32,
  feedForward: 96,
  vocabularySize: 700,
  contextTokens: 128,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  hasHeadNorms: false,
}
const TINY_QWEN: DecoderShape = { ...TINY, modelType: 'qwen3', hasHeadNorms: true }

async function write(
  quantisation: Quantisation,
  options: { seed?: number; shape?: DecoderShape; graphBytesMax?: number } = {},
) {
  const folder = temporaryFolder()
  const { seed = 1, shape = TINY, graphBytesMax } = options
  const written = { shapeName: 'tiny', shape, quantisation, seed, graphBytesMax }
  const { modelId } = await writeSyntheticModel(folder, written)
  return { folder, modelId }
}

function hashOf(folder: string, file = 'onnx/model.onnx'): string {
  return createHash('sha256')
    .update(readFileSync(path.join(folder, file)))
    .digest('hex')
}

it('is not half-written when the writing is ended', async () => {
  const folder = temporaryFolder()
  const options = { shapeName: 'tiny', shape: TINY, quantisation: 'fp32', seed: 1 } as const
  const writing = writeSyntheticModel(folder, { ...options, signal: AbortSignal.abort() })
  await expect(writing).rejects.toMatchObject({ name: 'AbortError' })
  expect(readdirSync(path.join(folder, 'onnx'))).toEqual([])
})

/** Logits of the native backend after four tokens and after one more. */
async function logitsOf(folder: string) {
  const files = await readModel(folder, nodeCrypto)
  const opened = await openModel(files, { backend: 'native', threads: 1, slotsTotal: 2 })
  const { cache } = opened.model.openCache()
  const read = Float32Array.from(await opened.model.read(cache, [5, 300, 600, 7]))
  const [decoded] = await opened.model.decode([{ cache, id: 9 }])
  const { backend, fallback } = opened
  return { read, decoded: Float32Array.from(decoded ?? []), backend, fallback }
}

/** Of the angle between two vectors. */
function cosine(one: Float32Array, other: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other))
}

describe('a made-up model', () => {
  it('has the same bytes for the same seed and others for another', async () => {
    const [one, again, other] = [
      await write('q4'),
      await write('q4'),
      await write('q4', { seed: 2 }),
    ]
    expect(hashOf(again.folder)).toBe(hashOf(one.folder))
    expect(hashOf(other.folder)).not.toBe(hashOf(one.folder))
    expect(hashOf(one.folder, 'tokenizer.json')).toBe(hashOf(other.folder, 'tokenizer.json'))
  })

  it('says what it is in its id, its config and its README', async () => {
    const { folder, modelId } = await write('q8')
    expect(modelId).toBe('SYNTHETIC/tiny-q8-seed1')
    expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toContain('SYNTHETIC')
    const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'))
    expect(config).toMatchObject({ _name_or_path: modelId, synthetic: expect.any(String) })
  })

  it.each([TINY, TINY_QWEN])('rounds the same weights: $modelType', async (shape) => {
    const logits = []
    for (const quantisation of QUANTISATIONS) {
      const opened = await logitsOf((await write(quantisation, { shape })).folder)
      expect([opened.backend, opened.fallback]).toEqual(['native', undefined])
      expect(opened.decoded.every(Number.isFinite)).toBe(true)
      logits.push(opened)
    }
    type Logits = (typeof logits)[0]
    const [q4, q8, fp32, fp16, q4f16] = logits as [Logits, Logits, Logits, Logits, Logits]
    for (const step of ['read', 'decoded'] as const) {
      expect(cosine(fp16[step], fp32[step])).toBeGreaterThan(0.9999)
      expect(cosine(q4f16[step], q4[step])).toBeGreaterThan(0.99)
      expect(cosine(q8[step], fp32[step])).toBeGreaterThan(0.999)
      expect(cosine(q4[step], fp32[step])).toBeGreaterThan(0.9)
      expect(cosine(q4[step], fp32[step])).toBeLessThan(0.9999)
    }
    expect(cosine(fp32.read, fp32.decoded)).toBeLessThan(0.9)
  })

  it('puts weights that do not fit into the graph beside it, and answers the same', async () => {
    const inside = await logitsOf((await write('fp32')).folder)
    const { folder } = await write('fp32', { graphBytesMax: 1_000 })
    const files = await readModel(folder, nodeCrypto)
    expect([...files.files.keys()]).toContain('onnx/model.onnx_data')
    expect((await logitsOf(folder)).decoded).toEqual(inside.decoded)
  })

  it('has a tokenizer of the size of its vocabulary', async () => {
    const files = await readModel((await write('q4')).folder, nodeCrypto)
    const tokenizer = loadChatTokenizer(files.files)
    expect(tokenizer.vocabularySize).toBe(TINY.vocabularySize)
    const ids = tokenizer.encodeChat([{ role: 'user', content: 'ab zz wörld' }])
    expect(ids.length).toBeGreaterThan(8)
    const text = tokenizer.textStream([])
    expect(ids.map((id) => text.push(id)).join('') + text.end()).toContain('ab zz wörld')
  })

  it.each(Object.entries(DECODER_SHAPES))('has an id for every token of %s', (_, shape) => {
    const { vocab, merges } = syntheticVocabulary(shape.vocabularySize)
    expect(Object.keys(vocab)).toHaveLength(shape.vocabularySize)
    expect(merges).toHaveLength(shape.vocabularySize - 259)
  })
})
