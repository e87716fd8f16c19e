/** What docs/spec/exactness.md promises about bits, held against onnxruntime itself. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { PREFILL_CHUNK_TOKENS } from '#inference/constants.ts'
import { prefillChunks } from '#inference/decoding/schedule.ts'
import { readModel } from '#inference/model/read-model.ts'
import { openOnnxModel } from '#inference/onnx/onnx-model.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
type OpenModel = Awaited<ReturnType<typeof openOnnxModel>>

async function open(folder: string, threads = 1): Promise<OpenModel> {
  return openOnnxModel(await readModel(folder, nodeCrypto), threads)
}

/** Logits after the sequence, read in pieces of the given lengths. */
async function readPieces(model: OpenModel, ids: readonly number[], lengths: readonly number[]) {
  let cache = model.emptyCache()
  let logits = new Float32Array()
  let at = 0
  for (const length of lengths) {
    const result = await model.read(cache, ids.slice(at, at + length))
    cache = result.cache
    logits = Float32Array.from(result.logits)
    at += length
  }
  expect(at).toBe(ids.length)
  return logits
}

/** Pieces of a length; one token that would remain goes to the first piece or is taken from it. */
function piecesOf(tokens: number, length: number): number[] {
  const pieces = new Array<number>(Math.floor(tokens / length)).fill(length)
  const rest = tokens % length
  if (rest > 1) return [...pieces, rest]
  if (rest === 0) return pieces
  return length === 2 ? [3, ...pieces.slice(1)] : [length - 1, ...pieces.slice(1), 2]
}

const models = [['random weights', undefined], ...(existsSync(DEMO) ? [['demo', DEMO]] : [])] as [
  string,
  string | undefined,
][]

describe.each(models)('exactness: %s', (_, given) => {
  it('gives the same bits whatever the pieces, if each has 2 to 32 tokens', async () => {
    const folder = given ?? temporaryFolder()
    if (given === undefined) await writeTinyModel(folder)
    const [model, threaded] = [await open(folder, 1), await open(folder, 2)]
    for (const tokens of [31, 33, 65, 98]) {
      const ids = Array.from({ length: tokens }, (_, at) => (at * 37) % 250)
      const scheduled = prefillChunks(tokens).map(({ start, end }) => end - start)
      const expected = await readPieces(model, ids, scheduled)
      expect(await readPieces(threaded, ids, scheduled)).toEqual(expected)
      for (let length = 2; length <= PREFILL_CHUNK_TOKENS; length += 5) {
        expect(await readPieces(model, ids, piecesOf(tokens, length)), `${length}`).toEqual(
          expected,
        )
      }
      const other = await readPieces(model, [...ids.slice(0, 9), 9, ...ids.slice(10)], scheduled)
      expect(other).not.toEqual(expected)
    }
  })

  it('gives the same bits for a replayed schedule, with other sequences in between', async () => {
    const folder = given ?? temporaryFolder()
    if (given === undefined) await writeTinyModel(folder)
    const model = await open(folder)
    const ids = [11, 22, 33, 44, 55, 66]
    const alone = await readPieces(model, ids, [3, 1, 1, 1])
    const [first, second] = await Promise.all([
      readPieces(model, ids, [3, 1, 1, 1]),
      readPieces(model, ids.toReversed(), [2, 1, 2, 1]),
    ])
    expect(first).toEqual(alone)
    expect(second).not.toEqual(alone)
  })
})

it('reads the same logits from a graph that returns only those of the last position', async () => {
  const [all, last] = [temporaryFolder(), temporaryFolder()]
  await writeTinyModel(all)
  await writeTinyModel(last, { lastLogitsOnly: true })
  const ids = [5, 4, 3, 2, 1, 0]
  for (const lengths of [[6], [2, 3, 1]]) {
    const expected = await readPieces(await open(all), ids, lengths)
    expect(await readPieces(await open(last), ids, lengths)).toEqual(expected)
  }
})
