import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { type EngineUnderTest, testEngine } from '../contracts/engine.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cocoon-engine-'))
  await writeTinyModel(path.join(folder, 'tiny'), { endTokenBias: 2 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function openEngine(
  modelFolder: string,
  backend: 'native' | 'portable' = 'native',
  kvCache: KvCache = 'graph',
): Promise<EngineUnderTest> {
  // Time stands still: a restart that had to wait would be refused, and the suite would see it.
  const clock = { nowMs: () => 0 }
  const options = { folder: modelFolder, modelId: 'test', clock, threads: 1, backend, kvCache }
  const engine = await createOnnxEngine(options)
  expect(engine.info.engine).toContain(
    `(${backend}, cpu${kvCache === 'int8' ? ', int8 cache' : ''})`,
  )
  return {
    engine,
    keepsPrefixes: backend === 'native',
    tokenizer: loadChatTokenizer(await readTokenizerFiles(modelFolder)),
    crash: () => engine.processId !== undefined && process.kill(engine.processId, 'SIGKILL'),
  }
}

testEngine('onnxruntime in place, random weights', () => openEngine(path.join(folder, 'tiny')))
testEngine('onnxruntime in place, random weights, cache in int8', () =>
  openEngine(path.join(folder, 'tiny'), 'native', 'int8'),
)
testEngine('onnxruntime by its JavaScript API, random weights', () =>
  openEngine(path.join(folder, 'tiny'), 'portable'),
)
if (existsSync(path.join(DEMO, 'onnx/model.onnx'))) {
  const question = 'Tell me everything about Cocoon.'
  testEngine('onnxruntime in place, demonstration model', () => openEngine(DEMO), { question })
}
