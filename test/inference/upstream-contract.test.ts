/** The engine contract over HTTP: SIMULATED vLLM, SGLang and llama.cpp, and another Cocoon node's own endpoint. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect } from 'vitest'
import type { ChatMessage, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { systemClock } from '#node/clock.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testEngine } from '../contracts/engine.ts'
import {
  LLAMA_CPP_EXCEPTIONS,
  OPENAI_EXCEPTIONS,
  SGLANG_EXCEPTIONS,
  VLLM_EXCEPTIONS,
} from '../contracts/engine-exceptions.ts'
import { holdingGenerate } from '../support/holding-engine.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'
import { TINY_END_TOKEN_ID } from '../support/tiny-tokenizer.ts'
import { startCocoonEndpoint } from '../support/upstream-cocoon.ts'
import { UpstreamTestServer } from '../support/upstream-server.ts'

const servers = [
  ['vllm', VLLM_EXCEPTIONS],
  ['sglang', SGLANG_EXCEPTIONS],
  ['llama-cpp', LLAMA_CPP_EXCEPTIONS],
] as const
for (const [dialect, exceptions] of servers) {
  const name = `upstream, a simulated ${dialect} over the native engine`
  testEngine(
    name,
    async () => {
      const engine = await nativeEngine()
      const server = await UpstreamTestServer.start({ dialect, engine })
      return {
        ...(await open(server.url, server.model, () => server.stop())),
        tokenizer,
        crash: () => server.crash(),
        hold: engine.hold,
      }
    },
    { exceptions },
  )
}
testEngine(
  "upstream, another Cocoon node's endpoint over the native engine",
  async () => {
    const engine = await nativeEngine()
    const node = await startCocoonEndpoint(temporaryRoot(), { engine, tokenizer })
    return {
      ...(await open(node.url, node.model, () => node.stop())),
      tokenizer,
      crash: () => node.crash(),
      hold: engine.hold,
    }
  },
  { exceptions: OPENAI_EXCEPTIONS },
)

/** What the server says is sampled, constrained and counted by an engine with weights, not by a script. */
async function nativeEngine() {
  const folder = path.join(temporaryRoot(), 'model')
  await writeTinyModel(folder, { endTokenBias: 2 })
  const options = { folder, modelId: 'simulated', slotsTotal: 64, threads: 1, clock: systemClock }
  const engine = await createOnnxEngine(options)
  expect(engine.info.engine).toContain('(native, cpu)')
  let areHeld = false
  const hold = (next: boolean): void => {
    areHeld = next
  }
  return Object.assign(engine, {
    tokenizer,
    hold,
    generate: holdingGenerate(engine, () => areHeld),
  })
}

async function open(url: string, modelId: string, onDispose: () => Promise<void>) {
  const engine = await createUpstreamEngine({
    ...{ url, modelId, crypto: nodeCrypto, fetch: globalThis.fetch },
    files: simulatedModelFiles(),
    modelRoot: new Uint8Array(32),
    clock: systemClock,
    timeoutSignal: AbortSignal.timeout,
  })
  return {
    engine: withMessages(engine, onDispose),
    keepsPrefixes: false,
    // A connection may break while it is made.
    crashCodes: ['UPSTREAM_ENDED', 'UPSTREAM_UNREACHABLE'],
  }
}

function temporaryRoot(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'cocoon-upstream-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** As a session does: with the ids come the messages that they were made of, read back from the markers. */
function withMessages(engine: Engine, onDispose: () => Promise<void>): Engine {
  return {
    get info() {
      return engine.info
    },
    load: () => engine.load(),
    generate: (request) =>
      engine.generate({ ...request, messages: messagesOf(request.promptTokenIds) }),
    verify: (request) => engine.verify(request),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await onDispose()
    },
  }
}

const START_ID = 257
const tokenizer = loadChatTokenizer(simulatedModelFiles())

function messagesOf(ids: readonly number[]): ChatMessage[] {
  const messages: ChatMessage[] = []
  for (let at = ids.indexOf(START_ID); at >= 0; at = ids.indexOf(START_ID, at + 1)) {
    const end = ids.indexOf(TINY_END_TOKEN_ID, at)
    if (end < 0) break
    const text = tokenizer.textStream([])
    const turn =
      ids
        .slice(at + 1, end)
        .map((id) => text.push(id))
        .join('') + text.end()
    const [role = '', ...lines] = turn.split('\n')
    messages.push({ role: role as ChatMessage['role'], content: lines.join('\n') })
  }
  return messages
}
