/** The output head in pieces gives the bits of the whole one, alone and in a batch. */
import { describe, expect, it } from 'vitest'
import { readModel } from '#inference/model/read-model.ts'
import { splitWideProducts } from '#inference/onnx/native/split-wide-products.ts'
import { type Backend, openModel } from '#inference/onnx/open-model.ts'
import { readOnnxGraph } from '#inference/onnx/surgery/onnx-graph.ts'
import { DECODER_SHAPES, type Quantisation } from '#inference/synth/shapes.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** As wide a vocabulary as the real one, and little else. */
const WIDE = { ...DECODER_SHAPES['smollm2-135m'], layers: 1, width: 64, heads: 1, cacheHeads: 1 }
const SHAPE = { ...WIDE, feedForward: 64, contextTokens: 64 }

async function written(quantisation: Quantisation) {
  const folder = temporaryFolder()
  await writeSyntheticModel(folder, { shapeName: 'wide', shape: SHAPE, quantisation, seed: 3 })
  return readModel(folder, nodeCrypto)
}

/** Logits of a prompt, and of three sequences decoded in one call. */
async function logitsOf(files: Awaited<ReturnType<typeof written>>, backend: Backend) {
  const { model, ...opened } = await openModel(files, { backend, threads: 2, slotsTotal: 4 })
  expect(opened).toEqual({ backend })
  const caches = [0, 1, 2].map(() => model.openCache().cache)
  const logits: Float32Array[] = []
  for (const [row, cache] of caches.entries()) {
    logits.push(Float32Array.from(await model.read(cache, [7 + row, 40_000, 9])))
  }
  const decoded = await model.decode(caches.map((cache, row) => ({ cache, id: 500 * row })))
  return [...logits, ...decoded.map((row) => Float32Array.from(row))]
}

describe('a wide product in pieces', () => {
  it.each(['q4', 'q8'] as const)('has the bits of the whole one: %s', async (quantisation) => {
    const files = await written(quantisation)
    const whole = files.files.get(files.graphPath) ?? new Uint8Array()
    const pieces = readOnnxGraph(splitWideProducts(whole)).nodes.filter(({ outputs }) =>
      outputs[0]?.startsWith('logits/piece'),
    )
    expect(pieces.length).toBeGreaterThan(1)
    const [native, portable] = [await logitsOf(files, 'native'), await logitsOf(files, 'portable')]
    expect(native).toEqual(portable)
    expect(native[0]).not.toEqual(native[1])
  })

  it('leaves a graph alone that has none', async () => {
    const files = await written('fp32')
    const whole = files.files.get(files.graphPath) ?? new Uint8Array()
    expect(splitWideProducts(whole)).toBe(whole)
  })
})
