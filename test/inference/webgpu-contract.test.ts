/**
 * The engine contract on WebGPU, on a software Vulkan: the same suite as for the cpu, on the smallest model with
 * real attention. No GPU takes part.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { testEngine } from '../contracts/engine.ts'
import { swiftshader } from '../support/swiftshader.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'

const found = swiftshader()
const environment = 'missing' in found ? {} : found.environment
/** Little more than the longest chat of the suite. */
const CONTEXT_TOKENS = 320
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cocoon-webgpu-contract-'))
  await writeTinyModel(folder, { endTokenBias: 2, layers: 1, contextTokens: CONTEXT_TOKENS })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Where chromium is missing webgpu.test.ts says so, and fails in CI. */
describe.skipIf('missing' in found)('webgpu on a software Vulkan', () => {
  testEngine('webgpu', async () => {
    const clock = { nowMs: () => 0 }
    const options = { folder, modelId: 'test', clock, threads: 1, slotsTotal: 2, environment }
    const engine = await createOnnxEngine({ ...options, device: 'webgpu' })
    expect(engine.info.engine).toContain('(portable, webgpu)')
    return {
      engine,
      keepsPrefixes: false,
      tokenizer: loadChatTokenizer(await readTokenizerFiles(folder)),
      crash: () => engine.processId !== undefined && process.kill(engine.processId, 'SIGKILL'),
    }
  })
})
