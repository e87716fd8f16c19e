/** What docs/spec/exactness.md promises about bits, held against onnxruntime itself. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { PREFILL_CHUNK_TOKENS } from '#inference/constants.ts'
import { prefillChunks } from '#inference/decoding/schedule.ts'
import { readModel } from '#inference/model/read-model.ts'
import { KV_CACHES, type KvCache } from '#inference/onnx/cache/kv-cache.ts'
import { type Backend, openModel } from '#inference/onnx/open-model.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
type OpenModel = Awaited<ReturnType<typeof openModel>>['model']
const BACKENDS: readonly Backend[] = ['native', 'portable']

async function open(
  folder: string,
  threads = 1,
  backend: Backend = 'native',
  kvCache: KvCache = 'graph',
): Promise<OpenModel> {
  const files = await readModel(folder, nodeCrypto)
  const opened = await openModel(files, { backend, threads, slotsTotal: 8, kvCache })
  const { fallback } = opened
  expect([opened.backend, opened.kvCache, fallback]).toEqual([backend, kvCache, undefined])
  return opened.model
}

/** Logits after the sequence, read in pieces of the given lengths; a piece of one is a step. */
async function readPieces(model: OpenModel, ids: readonly number[], lengths: readonly number[]) {
  const { cache } = model.openCache()
  let logits = new Float32Array()
  let at = 0
  for (const length of lengths) {
    const piece = ids.slice(at, at + length)
    const [id] = piece
    const row =
      piece.length === 1 && id !== undefined
        ? (await model.decode([{ cache, id }]))[0]
        : await model.read(cache, piece)
    logits = Float32Array.from(row ?? [])
    at += length
  }
  expect(at).toBe(ids.length)
  model.closeCache(cache)
  return logits
}

/** Pieces of a length; one token that would remain goes to the first piece or is taken from it. */
function piecesOf(tokens: number, length: number): number[] {
  const pieces = new Array<number>(Math.floor(tokens / length)).fill(length)
  const rest = tokens % length
  if (rest > 1) return rest % 32 === 1 ? [...pieces, rest - 2, 2] : [...pieces, rest]
  if (rest === 0) return pieces
  return length === 2 ? [3, ...pieces.slice(1)] : [length - 1, ...pieces.slice(1), 2]
}

/** Five sequences of different lengths that join and leave a batch, and the logits of each alone. */
async function stepTogether(
  folder: string,
  backend: Backend,
  kvCache: KvCache,
): Promise<Float32Array[]> {
  const model = await open(folder, 2, backend, kvCache)
  const sequences = [3, 9, 31, 17, 5].map((length, row) =>
    Array.from({ length: length + 4 }, (_, at) => (at * 37 + row * 11) % 250),
  )
  const alone: Float32Array[] = []
  for (const ids of sequences) {
    alone.push(await readPieces(model, ids, [ids.length - 4, 1, 1, 1, 1]))
  }
  const caches = sequences.map(() => model.openCache().cache)
  for (const [row, ids] of sequences.entries()) await model.read(caches[row], ids.slice(0, -4))
  const together: Float32Array[] = []
  const left = sequences.map(() => 4)
  // The first joins late and the third leaves out every other step.
  for (let step = 0; left.some((steps) => steps > 0); step++) {
    const rows = sequences.flatMap((ids, row) => {
      const waits = left[row] === 0 || (row === 0 && step < 2) || (row === 2 && step % 2 === 1)
      return waits ? [] : [{ row, cache: caches[row], id: ids.at(-(left[row] ?? 0)) ?? 0 }]
    })
    const logits = await model.decode(rows)
    for (const [at, { row }] of rows.entries()) {
      left[row] = (left[row] ?? 0) - 1
      together[row] = Float32Array.from(logits[at] ?? [])
    }
  }
  expect(together).toEqual(alone)
  return together
}

const models: [string, KvCache, string | undefined][] = [
  ['random weights', 'graph', undefined],
  ['random weights', 'int8', undefined],
  ['demo', 'graph', DEMO],
  ['demo', 'int8', DEMO],
]

describe.each(models.filter(([, , folder]) => existsSync(folder ?? '.')))(
  'exactness: %s, cache %s',
  (_, kvCache, given) => {
    it('gives the same bits whatever the pieces, if each has 2 to 128 tokens and none has 33, 65 or 97', async () => {
      const folder = given ?? temporaryFolder()
      if (given === undefined) await writeTinyModel(folder)
      const model = await open(folder, 1, 'native', kvCache)
      const threaded = await open(folder, 2, 'native', kvCache)
      const portable = await open(folder, 1, 'portable', kvCache)
      for (const tokens of [31, 33, 65, 130]) {
        const ids = Array.from({ length: tokens }, (_, at) => (at * 37) % 250)
        const scheduled = prefillChunks(tokens).map(({ start, end }) => end - start)
        const expected = await readPieces(model, ids, scheduled)
        expect(await readPieces(threaded, ids, scheduled)).toEqual(expected)
        expect(await readPieces(portable, ids, scheduled)).toEqual(expected)
        for (let length = 2; length <= PREFILL_CHUNK_TOKENS; length += 9) {
          if (length % 32 === 1) continue
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
      const model = await open(folder, 1, 'native', kvCache)
      const ids = [11, 22, 33, 44, 55, 66]
      const alone = await readPieces(model, ids, [3, 1, 1, 1])
      const second = await readPieces(model, ids.toReversed(), [2, 1, 2, 1])
      expect(second).not.toEqual(alone)
      expect(await readPieces(model, ids, [3, 1, 1, 1])).toEqual(alone)
    })

    it('gives the same bits alone and beside others, on both backends', async () => {
      const folder = given ?? temporaryFolder()
      if (given === undefined) await writeTinyModel(folder)
      const answers = await Promise.all(
        BACKENDS.map((backend) => stepTogether(folder, backend, kvCache)),
      )
      expect(answers[1]).toEqual(answers[0])
    })
  },
)

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

it('ends a prompt that is being read when its request is cancelled, and goes on for others', async () => {
  const folder = temporaryFolder()
  await writeTinyModel(folder)
  const model = await open(folder)
  const ids = [5, 4, 3, 2, 1, 0]
  const expected = await readPieces(model, ids, [6])
  const { cache } = model.openCache()
  const cancelled = model.read(cache, ids, AbortSignal.abort())
  await expect(cancelled).rejects.toMatchObject({ code: 'MODEL_RUN_FAILED' })
  model.closeCache(cache)
  expect(await readPieces(model, ids, [6])).toEqual(expected)
})

it.each(KV_CACHES)(
  'moves sequences together when those between them have left, and keeps their bits and prefixes, cache %s',
  async (kvCache) => {
    const folder = temporaryFolder()
    await writeTinyModel(folder)
    const model = await open(folder, 1, 'native', kvCache)
    const sequences = [5, 40, 9, 23].map((length, row) =>
      Array.from({ length }, (_, at) => (at * 37 + row * 11) % 250),
    )
    const alone: Float32Array[] = []
    for (const ids of sequences)
      alone.push(await readPieces(model, [...ids, 7, 8], [ids.length, 1, 1]))
    const opened = sequences.map((ids) => model.openCache({ key: 'one', ids: [...ids, 7] }).cache)
    for (const [row, ids] of sequences.entries()) await model.read(opened[row], ids)
    const outer = [0, 3].map((row) => opened[row])
    await model.decode(outer.map((cache) => ({ cache, id: 7 })))
    for (const row of [1, 2]) model.closeCache(opened[row])
    const logits = await model.decode(outer.map((cache) => ({ cache, id: 8 })))
    expect(logits.map((row) => Float32Array.from(row))).toEqual([alone[0], alone[3]])

    const ids = [...(sequences[1] ?? []), 7, 8]
    const again = model.openCache({ key: 'one', ids: [...ids, 9] })
    expect(again.cachedTokens).toBe(40)
    await model.decode([{ cache: again.cache, id: 7 }])
    const [last] = await model.decode([{ cache: again.cache, id: 8 }])
    expect(Float32Array.from(last ?? [])).toEqual(alone[1])
  },
)
