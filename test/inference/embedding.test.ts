/** The encoder path: a made-up BERT held against a plain forward pass, in a process of its own. */
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ENGINE_RESTART_BACKOFF_MS } from '#inference/constants.ts'
import { readEncoder } from '#inference/embedding/encoder-files.ts'
import { EncoderGraph } from '#inference/embedding/encoder-graph.ts'
import { loadEncoderTokenizer } from '#inference/embedding/encoder-tokenizer.ts'
import { createEmbeddingEngine } from '#inference/embedding/onnx-embedding-engine.ts'
import { normalised, pooled } from '#inference/embedding/pooling.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  ENCODER_CONTEXT,
  ENCODER_VOCABULARY,
  ENCODER_WIDTH,
  type EncoderOptions,
  referenceStates,
  writeTinyEncoder,
} from '../support/tiny-encoder.ts'

const TEXTS = [
  [2, 4, 5, 11, 3],
  [2, 3],
  [2, 7, 8, 9, 10, 6, 6, 6, 4, 3],
] as const

async function folderOf(options: EncoderOptions = {}): Promise<string> {
  const folder = path.join(temporaryFolder(), 'encoder')
  await writeTinyEncoder(folder, options)
  return folder
}

async function open(options: EncoderOptions = {}) {
  return EncoderGraph.open(await readEncoder(await folderOf(options), nodeCrypto), 1)
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  // Rounding of float32 in sums of 32 numbers of about 1.
  for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 4)
}

describe('an encoder', () => {
  const columns = (states: number[][]) =>
    (states[0] ?? []).map((_, at) => states.map((row) => row[at] ?? 0))
  const ways = {
    mean_tokens: (states: number[][]) =>
      columns(states).map((one) => one.reduce((a, b) => a + b) / one.length),
    cls_token: (states: number[][]) => states[0] ?? [],
    max_tokens: (states: number[][]) => columns(states).map((one) => Math.max(...one)),
  }

  it.each(Object.entries(ways))(
    'computes what a plain forward pass computes: %s',
    async (way, pool) => {
      const graph = await open({ pooling: way as keyof typeof ways })
      expect(graph.dimensions).toBe(ENCODER_WIDTH)
      for (const ids of TEXTS) expectClose(await graph.embed(ids), pool(referenceStates(ids)))
    },
  )

  it('normalises where the modules say so', async () => {
    const [plain, unit] = [await open(), await open({ isNormalised: true })]
    const vector = await plain.embed(TEXTS[0])
    expect(await unit.embed(TEXTS[0])).toEqual(normalised(vector))
    const length = Math.hypot(...(await unit.embed(TEXTS[2])))
    expect(length).toBeCloseTo(1, 6)
    expect(normalised(new Float32Array(2))).toEqual(new Float32Array(2))
  })

  it('pools what it is given, to the last position', () => {
    const states = Float32Array.of(1, -5, 3, -7)
    expect(pooled(states, 2, 'mean')).toEqual(Float32Array.of(2, -6))
    expect(pooled(states, 2, 'max')).toEqual(Float32Array.of(3, -5))
    expect(pooled(states, 2, 'cls')).toEqual(Float32Array.of(1, -5))
  })
})

describe('its tokenizer', () => {
  it('puts the special tokens of the post-processor around words and their pieces', async () => {
    const { files, config } = await readEncoder(await folderOf(), nodeCrypto)
    const tokenizer = loadEncoderTokenizer(files, config)
    expect(tokenizer.encode('Hello World!')).toEqual([2, 4, 5, 11, 3])
    expect(tokenizer.encode('the cocoon spins')).toEqual([2, 6, 7, 8, 9, 10, 3])
    expect(tokenizer.encode('')).toEqual([2, 3])
    const invalid = expect.objectContaining({ kind: 'config', code: 'EMBEDDING_INPUT_INVALID' })
    for (const text of ['the '.repeat(ENCODER_CONTEXT), '\ud800', 'a'.repeat(2_000_000)]) {
      expect(() => tokenizer.encode(text)).toThrow(invalid)
    }
  })
})

describe('folders that are refused', () => {
  const refused: [string, string, string, string][] = [
    [
      'another module',
      'modules.json',
      '[{"type":"sentence_transformers.models.Dense"}]',
      'MODEL_POOLING_UNSUPPORTED',
    ],
    [
      'two ways of pooling',
      '1_Pooling/config.json',
      '{"pooling_mode_cls_token":true,"pooling_mode_max_tokens":true}',
      'MODEL_POOLING_UNSUPPORTED',
    ],
    [
      'another way of pooling',
      '1_Pooling/config.json',
      '{"pooling_mode_lasttoken":true}',
      'MODEL_POOLING_UNSUPPORTED',
    ],
    ['broken settings', 'config.json', '{"vocab_size":-1}', 'MODEL_FILE_INVALID'],
    ['no graph at all', 'onnx/model.onnx', 'nothing', 'MODEL_GRAPH_INVALID'],
    ['two graphs', 'onnx/model_q8.onnx', '', 'MODEL_GRAPH_AMBIGUOUS'],
  ]
  it.each(refused)('%s', async (_, file, content, code) => {
    const folder = await folderOf()
    await writeFile(path.join(folder, file), content)
    const opened = readEncoder(folder, nodeCrypto).then((model) => EncoderGraph.open(model, 1))
    await expect(opened).rejects.toMatchObject({ kind: 'config', code })
  })
})

let nowMs = 0
const clock = { nowMs: () => nowMs }

it('serves texts from a process of its own, alike alone and among others, and again after a crash', async () => {
  const folder = await folderOf({ isNormalised: true })
  const { signal } = new AbortController()
  await using engine = await createEmbeddingEngine({
    ...{ folder, modelId: 'tiny', threads: 1, clock },
  })
  const { root } = await readEncoder(folder, nodeCrypto)
  expect(engine.info).toMatchObject({
    modelRoot: root,
    dimensions: ENCODER_WIDTH,
    contextTokens: ENCODER_CONTEXT,
  })
  const together = await engine.embed({ inputs: TEXTS, signal })
  const alone = await Promise.all(TEXTS.map((ids) => engine.embed({ inputs: [ids], signal })))
  expect(alone.flat()).toEqual(together)

  const invalid = { kind: 'config', code: 'EMBEDDING_INPUT_INVALID' }
  for (const ids of [
    [],
    [ENCODER_VOCABULARY],
    [-1],
    [0.5],
    new Array(ENCODER_CONTEXT + 1).fill(4),
  ]) {
    await expect(engine.embed({ inputs: [ids], signal })).rejects.toMatchObject(invalid)
  }
  const aborted = engine.embed({ inputs: TEXTS, signal: AbortSignal.abort(new Error('enough')) })
  await expect(aborted).rejects.toThrow('enough')

  process.kill(engine.processId ?? 0, 'SIGKILL')
  await expect.poll(() => engine.processId).toBeUndefined()
  expect(await engine.embed({ inputs: TEXTS, signal })).toEqual(together)

  // The wait after two crashes in a row begins with the second, not with the text that comes after it.
  const deadly = [...TEXTS[0]]
  deadly[Symbol.iterator] = () => {
    process.kill(engine.processId ?? Number.NaN, 'SIGKILL')
    return TEXTS[0].values()
  }
  const crashes = { kind: 'unavailable', code: 'ENGINE_CRASHED' }
  for (const inputs of [[deadly], [deadly]]) {
    await expect(engine.embed({ inputs, signal })).rejects.toMatchObject(crashes)
  }
  nowMs += ENGINE_RESTART_BACKOFF_MS
  expect(await engine.embed({ inputs: TEXTS, signal })).toEqual(together)

  // Two crashes in a row, of which the second is one while it loads: it rests.
  process.kill(engine.processId ?? 0, 'SIGKILL')
  await expect.poll(() => engine.processId).toBeUndefined()
  await rename(folder, `${folder}-away`)
  await expect(engine.embed({ inputs: TEXTS, signal })).rejects.toMatchObject({ kind: 'config' })
  await rename(`${folder}-away`, folder)
  const rests = { code: 'ENGINE_CRASHED', data: { waitMs: ENGINE_RESTART_BACKOFF_MS } }
  await expect(engine.embed({ inputs: TEXTS, signal })).rejects.toMatchObject(rests)
  nowMs += ENGINE_RESTART_BACKOFF_MS
  expect(await engine.embed({ inputs: TEXTS, signal })).toEqual(together)

  const x = { folder, modelId: 'x', clock }
  const other = createEmbeddingEngine({ ...x, expectedRoot: new Uint8Array(32) })
  await expect(other).rejects.toMatchObject({ code: 'MODEL_ROOT_MISMATCH' })
  // The guard looks now and then: the process may be ready before it is ended.
  const small = createEmbeddingEngine({ ...x, memoryLimitBytes: 2 ** 20 })
  const ended = await small.catch(() => ({ processId: undefined }))
  await expect.poll(() => ended.processId).toBeUndefined()
})
