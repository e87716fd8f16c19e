/** Where the native backend cannot be, the portable one serves, and says so: a library or a graph of another kind. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { readModel } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { openModel } from '#inference/onnx/open-model.ts'
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { engineLog } from '#node/compose/engine-log.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { ErrorData } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'
import { TINY_VOCABULARY } from '../support/tiny-tokenizer.ts'

// The table in this process is that of a library that is not here; engine processes have the true one.
vi.mock('#inference/onnx/native/ort-table.ts', async (original) => ({
  ...(await original<object>()),
  ORT_VERSION: '1.29.0',
}))

const WIDTH = 8
let folder = ''

beforeEach(async () => {
  folder = path.join(temporaryFolder(), 'model')
  await writeTinyModel(folder)
})

/** A decoder whose caches grow, joined in the graph itself: nothing is written in place. */
function joiningGraph(): Uint8Array {
  const graph = new OnnxGraph()
  const ids = graph.input('input_ids', 'int64', ['batch', 'sequence'])
  graph.input('attention_mask', 'int64', ['batch', 'total'])
  const numbers = (rows: number, columns: number) =>
    graph.constant(
      Float32Array.from({ length: rows * columns }, (_, at) => Math.sin(at)),
      [rows, columns],
    )
  const hidden = graph.operator('Gather', [numbers(TINY_VOCABULARY, WIDTH), ids])
  const axis = graph.constant(BigInt64Array.of(1n), [1])
  for (const part of ['key', 'value']) {
    const shape = (length: string) => ['batch', 1, length, WIDTH]
    const past = graph.input(`past_key_values.0.${part}`, 'float32', shape('past'))
    const now = graph.operator('Unsqueeze', [hidden, axis])
    const outputs = [`present.0.${part}`]
    graph.operator('Concat', [past, now], { outputs, attributes: { axis: 2 } })
    graph.output(`present.0.${part}`, 'float32', shape('total'))
  }
  graph.operator('MatMul', [hidden, numbers(WIDTH, TINY_VOCABULARY)], { outputs: ['logits'] })
  graph.output('logits', 'float32', ['batch', 'sequence', TINY_VOCABULARY])
  return graph.model()
}

it('a library of another version than the table was checked against is not called', async () => {
  const files = await readModel(folder, nodeCrypto)
  const opened = await openModel(files, { backend: 'native', threads: 1, slotsTotal: 2 })
  expect(opened).toMatchObject({ backend: 'portable', kvCache: 'graph' })
  expect(opened.fallback).toMatch(/^the native onnxruntime is not used: /)
  if (process.platform === 'linux') expect(opened.fallback).toMatch(/it is version 1\.30\.0$/)
  const { cache } = opened.model.openCache()
  expect(await opened.model.read(cache, [1, 2, 3])).toHaveLength(TINY_VOCABULARY)
})

it('a graph that writes no cache in place is served, and the owner is told by what and why', async () => {
  await writeFile(path.join(folder, 'onnx/model.onnx'), joiningGraph())
  const warnings: [string, ErrorData][] = []
  const warn = (data: ErrorData, event: string) => void warnings.push([event, data])
  await using engine = await createOnnxEngine({
    ...{ folder, modelId: 'joining', clock: { nowMs: () => 0 }, threads: 1 },
    log: engineLog({ warn, info: () => undefined }),
  })
  expect(engine.info.engine).toContain('(portable, cpu)')
  const reason = 'the native onnxruntime is not used: the graph does not write its cache in place'
  expect(warnings).toEqual([['engine falls back', { reason }]])
  const events = await collect(
    engine.generate({
      ...{ promptTokenIds: [1, 2, 3], resumeTokenIds: [], maxTokens: 4, stop: [] },
      sampling: { temperature: 0, topP: 1, seed: 0n },
      signal: new AbortController().signal,
    }),
  )
  expect(events.at(-1)).toMatchObject({ kind: 'end' })
})
