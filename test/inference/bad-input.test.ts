/**
 * Files of a model that claim, hide or break something: refused by a typed error, in little memory, while the
 * node and the engines that run already go on. What is refused elsewhere: links, special files and places of
 * weights in hostile-model.test.ts, tensors in graph-surgery.test.ts, templates that loop in
 * hostile-fuzz.test.ts, requests in the engine contract.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENGINE_MEMORY_MIN_BYTES, ENGINE_QUEUE_MAX } from '#inference/constants.ts'
import type { GenerateEvent } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readModel, readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine, type OnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { openModel } from '#inference/onnx/open-model.ts'
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { collect } from '../support/collect.ts'
import { tinyGraph, writeTinyModel } from '../support/tiny-onnx-model.ts'
import { tinyTokenizerFiles } from '../support/tiny-tokenizer.ts'

const FOUR_GIB = 4 * 2 ** 30
const SLOTS = 2
/** What a node may grow by while 10,000 ask at once, and while it reads every folder below. */
const GROWTH_BYTES_MAX = ENGINE_MEMORY_MIN_BYTES
const clock = { nowMs: () => 0 }
const root = mkdtempSync(path.join(tmpdir(), 'cocoon-bad-input-'))
let good: OnnxEngine
let expected: readonly GenerateEvent[]

function ask(): Promise<GenerateEvent[]> {
  return collect(
    good.generate({
      promptTokenIds: [1, 2, 3],
      ...{ resumeTokenIds: [], maxTokens: 4, stop: [] },
      sampling: { temperature: 0, topP: 1, seed: 0n },
      signal: new AbortController().signal,
    }),
  )
}

beforeAll(async () => {
  const folder = path.join(root, 'good')
  await writeTinyModel(folder)
  const memoryLimitBytes = 2 * ENGINE_MEMORY_MIN_BYTES
  const options = { folder, modelId: 'good', clock, threads: 1, slotsTotal: SLOTS }
  good = await createOnnxEngine({ ...options, memoryLimitBytes })
  expected = await ask()
})
afterAll(async () => {
  await good?.[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const tokenizer = JSON.parse(tinyTokenizerFiles()['tokenizer.json'] ?? '')
const withToken = (id: number) =>
  JSON.stringify({ ...tokenizer, added_tokens: [...tokenizer.added_tokens, { id, content: 'x' }] })
const configOf = (parts: object) =>
  JSON.stringify({ vocab_size: 304, max_position_embeddings: 64, ...parts })

/** 1 KB that asks for 4 GiB of zeros when it runs, or when its constants are folded. */
function graphOfZeros(): Uint8Array {
  const graph = new OnnxGraph()
  graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
  graph.input('past_key_values.0.key', 'float32', ['batch_size', 1, 'past', 8])
  graph.input('past_key_values.0.value', 'float32', ['batch_size', 1, 'past', 8])
  const shape = graph.constant(BigInt64Array.of(BigInt(FOUR_GIB / 4)), [1])
  const zeros = graph.operator('ConstantOfShape', [shape])
  for (const name of ['logits', 'present.0.key', 'present.0.value']) {
    graph.operator('Identity', [zeros], { outputs: [name] })
    graph.output(name, 'float32', ['batch_size', 'sequence_length', 304])
  }
  return graph.model()
}

type Change = (folder: string) => Promise<unknown> | unknown
const written = (file: string, content: string | Uint8Array): Change => {
  return (folder) => writeFile(path.join(folder, file), content)
}
const claiming = (file: string): Change => {
  return (folder) => truncate(path.join(folder, file), FOUR_GIB)
}
const { graph } = tinyGraph({ layers: 1 })
const cut = (bytes: number) => written('onnx/model.onnx', graph.subarray(0, bytes))

const folders: readonly (readonly [string, Change, string])[] = [
  ['an ONNX file cut after its first bytes', cut(16), 'MODEL_GRAPH_INVALID'],
  ['an ONNX file cut in the middle', cut(graph.length / 2), 'MODEL_GRAPH_INVALID'],
  ['an ONNX file without its last byte', cut(graph.length - 1), 'MODEL_GRAPH_INVALID'],
  ['an ONNX file of 4 GiB on disk', claiming('onnx/model.onnx'), 'MODEL_FILE_TOO_LARGE'],
  ['a configuration of 4 GiB on disk', claiming('config.json'), 'MODEL_FILE_TOO_LARGE'],
  ['a tokenizer of 4 GiB on disk', claiming('tokenizer.json'), 'MODEL_FILE_TOO_LARGE'],
  [
    'a vocabulary of 4 billion in the configuration',
    written('config.json', configOf({ vocab_size: 2 ** 32 })),
    'MODEL_FILE_INVALID',
  ],
  [
    'an end token of id 4 billion',
    written('config.json', configOf({ eos_token_id: 2 ** 32 })),
    'MODEL_FILE_INVALID',
  ],
  ['a token of id 4 billion', written('tokenizer.json', withToken(2 ** 32)), 'MODEL_FILE_INVALID'],
  ['a tokenizer cut in the middle', written('tokenizer.json', '{"model":{'), 'MODEL_FILE_INVALID'],
  [
    'a tokenizer of a million brackets',
    written('tokenizer.json', '['.repeat(1_000_000)),
    'MODEL_FILE_INVALID',
  ],
  [
    'a configuration that is not UTF-8',
    written('config.json', Buffer.concat([Buffer.from(configOf({})), Buffer.of(0xc3, 0x28)])),
    'MODEL_FILE_INVALID',
  ],
  [
    'a tokenizer that is not UTF-8',
    written('tokenizer.json', Buffer.from(withToken(300), 'utf16le')),
    'MODEL_FILE_INVALID',
  ],
  [
    'a template that is a link to an endless device',
    (folder) => symlink('/dev/zero', path.join(folder, 'chat_template.jinja')),
    'MODEL_FILE_REFUSED',
  ],
  [
    'a configuration that is a pipe without a writer',
    async (folder) => {
      await rm(path.join(folder, 'config.json'))
      execFileSync('mkfifo', [path.join(folder, 'config.json')])
    },
    'MODEL_FILE_REFUSED',
  ],
]

async function folderWith(change: Change): Promise<string> {
  const folder = mkdtempSync(path.join(root, 'bad-'))
  await writeTinyModel(folder, { layers: 1 })
  await change(folder)
  return folder
}

describe('a model with', () => {
  const before = process.resourceUsage().maxRSS

  it.each(folders)('%s is refused: %s', async (_, change, code) => {
    const folder = await folderWith(change)
    const opened = (async () => {
      const files = await readModel(folder, nodeCrypto)
      loadChatTokenizer(await readTokenizerFiles(folder))
      await openModel(files, { backend: 'native', threads: 1, slotsTotal: SLOTS })
    })()
    await expect(opened).rejects.toMatchObject({ kind: 'config', code })
  })

  it('all of these was read in less memory than the smallest engine may have', () => {
    const growthBytes = (process.resourceUsage().maxRSS - before) * 1_024
    expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX)
  })

  it('4 GiB of zeros in 1 KB ends its own process at most, and no other', async () => {
    const bytes = graphOfZeros()
    expect(bytes.length).toBeLessThan(1_024)
    const folder = await folderWith(written('onnx/model.onnx', bytes))
    const log: string[] = []
    const opened = createOnnxEngine({
      ...{ folder, modelId: 'zeros', clock, threads: 1, slotsTotal: SLOTS },
      memoryLimitBytes: ENGINE_MEMORY_MIN_BYTES,
      log: (event) => log.push(event),
    })
    const code = expect.toBeOneOf(['MODEL_LOAD_FAILED', 'MODEL_GRAPH_INVALID'])
    await expect(opened).rejects.toMatchObject({ kind: 'config', code })
    expect(log).toEqual([])
    expect(await ask()).toEqual(expected)
  })
})

describe('10,000 requests at once', () => {
  it('are answered or told that the engine is busy, in the memory of the queue', async () => {
    const before = process.memoryUsage.rss()
    const all = await Promise.allSettled(Array.from({ length: 10_000 }, ask))
    const growthBytes = process.memoryUsage.rss() - before
    const answers = all.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
    const codes = all.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code)
    expect(answers).toHaveLength(SLOTS + ENGINE_QUEUE_MAX)
    for (const answer of answers) expect(answer).toEqual(expected)
    expect(new Set(codes)).toEqual(new Set(['ENGINE_BUSY']))
    expect(codes).toHaveLength(10_000 - SLOTS - ENGINE_QUEUE_MAX)
    expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX)
    expect(good.load()).toEqual({ active: 0, queued: 0 })
    expect(await ask()).toEqual(expected)
  })
})
