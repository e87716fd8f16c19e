/**
 * Files with bytes changed at random, and templates and tokenizers that never end: refused by a typed error or
 * served, but never the end of the node. The long form:
 * COCOON_FUZZ_ROUNDS=200 npx vitest run test/inference/hostile-fuzz.test.ts --testTimeout 3600000
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { parseModelConfig } from '#inference/model/model-config.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { prepareGraph } from '#inference/onnx/surgery/prepare-graph.ts'
import { utf8 } from '#protocol/bytes.ts'
import { CocoonError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { decoderGraph } from '../support/decoder-graph.ts'
import { DECODER_SHAPES } from '../support/decoder-weights.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'
import { tinyTokenizerFiles } from '../support/tiny-tokenizer.ts'

const ROUNDS = Number(process.env['COCOON_FUZZ_ROUNDS'] ?? 1)
const MUTANTS_IN_PROCESS = 60 * ROUNDS
const MUTANTS_IN_CHILD = 3 * ROUNDS
const CHANGES_MAX = 4

/** The same mutants each time: Numerical Recipes' generator. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Bytes changed, cut out or doubled; `within`: only that many from the start, where names and sizes lie. */
function mutate(bytes: Uint8Array, random: (below: number) => number, within = bytes.length) {
  let mutant = Buffer.from(bytes)
  for (let change = random(CHANGES_MAX); change >= 0; change--) {
    const at = random(Math.min(within, mutant.length))
    const length = 1 + random(8)
    const kind = random(4)
    if (kind === 0) mutant[at] = random(256)
    else if (kind === 1) mutant[at] = (mutant[at] ?? 0) ^ (1 << random(8))
    else if (kind === 2)
      mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + length)])
    else {
      const piece = mutant.subarray(at, at + length)
      mutant = Buffer.concat([mutant.subarray(0, at), piece, mutant.subarray(at)])
    }
  }
  return new Uint8Array(mutant)
}

/** What a typed refusal is; anything else that is thrown is a mistake of ours. */
function outcome(use: () => unknown): string {
  try {
    use()
    return 'served'
  } catch (thrown) {
    if (thrown instanceof CocoonError) return thrown.code
    throw thrown
  }
}

/** As if every channel had been found to need a scale of 1. */
function prepareWithInt8Cache(model: Parameters<typeof prepareGraph>[0]) {
  const { signature } = prepareGraph(model, { movesAttentionScale: true })
  const cacheScales = new Map<string, number[]>()
  for (const { input, heads, headSize } of signature.cache) {
    // What a cache of so much would need of memory is asked before any of this.
    if (heads * headSize < 1_000_000) cacheScales.set(input, new Array(heads * headSize).fill(1))
    else return
  }
  prepareGraph(model, { movesAttentionScale: true, cacheScales })
}

describe('mutated files', () => {
  it('are refused by name or read, in the parsers of this project', () => {
    const random = numbers(1)
    const seen = new Set<string>()
    const { graph } = decoderGraph({ shape: DECODER_SHAPES.qwen3, format: 'q4' })
    const texts = {
      ...tinyTokenizerFiles(),
      'config.json': '{"vocab_size":304,"max_position_embeddings":64}',
    }
    const files = new Map(Object.entries(texts).map(([name, text]) => [name, utf8(text)]))
    for (let round = 0; round < MUTANTS_IN_PROCESS; round++) {
      const mutant = mutate(graph, random, round % 2 === 0 ? 8_000 : graph.length)
      const name = 'onnx/model.onnx'
      const model = { graphPath: name, files: new Map([[name, mutant]]) }
      seen.add(outcome(() => prepareGraph(model, { movesAttentionScale: true })))
      seen.add(outcome(() => prepareWithInt8Cache(model)))
      for (const name of ['config.json', 'tokenizer_config.json']) {
        const changed = new Map(files).set(name, mutate(files.get(name) ?? utf8(''), random))
        seen.add(outcome(() => parseModelConfig(changed)))
        seen.add(
          outcome(() => loadChatTokenizer(changed).encodeChat([{ role: 'user', content: 'hi' }])),
        )
      }
      if (round % 10 > 0) continue
      const changed = new Map(files).set(
        'tokenizer.json',
        mutate(files.get('tokenizer.json') ?? utf8(''), random),
      )
      seen.add(
        outcome(() => loadChatTokenizer(changed).encodeChat([{ role: 'user', content: 'hi' }])),
      )
    }
    for (const code of ['served', 'MODEL_GRAPH_INVALID', 'MODEL_FILE_INVALID'])
      expect(seen).toContain(code)
  })

  it('may end the engine process, never this one, and within its memory', async () => {
    const random = numbers(2)
    const folder = path.join(temporaryFolder(), 'model')
    const clock = { nowMs: () => 0 }
    for (let round = 0; round < MUTANTS_IN_CHILD; round++) {
      await writeTinyModel(folder, { layers: 1 })
      const name = ['onnx/model.onnx', 'onnx/model.onnx', 'tokenizer.json'][round % 3] ?? ''
      const file = path.join(folder, name)
      await writeFile(file, mutate(await readFile(file), random, 6_000))
      const memoryLimitBytes = 512 * 2 ** 20
      try {
        const options = {
          folder,
          modelId: 'mutant',
          clock,
          threads: 1,
          memoryLimitBytes,
          slotsTotal: 2,
        }
        await using engine = await createOnnxEngine(options)
        const request = {
          promptTokenIds: [1, 2, 3],
          resumeTokenIds: [],
          maxTokens: 2,
          sampling: { temperature: 0, topP: 1, seed: 0n },
          stop: [],
          signal: new AbortController().signal,
        }
        await collect(engine.generate(request))
      } catch (thrown) {
        expect(thrown, `${round}`).toBeInstanceOf(CocoonError)
        expect((thrown as CocoonError).code, `${round}`).not.toBe('INTERNAL')
      }
    }
  })
})

describe('files that never end', () => {
  const files = (changes: Record<string, string>) =>
    new Map(
      Object.entries({
        ...tinyTokenizerFiles(),
        'config.json': '{"vocab_size":304,"max_position_embeddings":64}',
        ...changes,
      }).map(([name, text]) => [name, utf8(text)]),
    )
  const encode = (changes: Record<string, string>, content = 'aaaa') =>
    loadChatTokenizer(files(changes)).encodeChat([{ role: 'user', content }])
  const nested = Array.from({ length: 12 }, (_, at) => `{% for x${at} in range(99) %}`).join('')

  it.each([
    ['loops inside of loops', `${nested}x${'{% endfor %}'.repeat(12)}`],
    [
      'a text without end',
      "{% for x in range(99999) %}{{ 'x' * 1 }}{{ messages[0]['content'] }}{{ 'y'.upper() }}{% endfor %}".repeat(
        99,
      ),
    ],
    ['a list of billions', '{% for x in range(99999999999) %}{% endfor %}'],
  ])('a template with %s is refused', (_, template) => {
    const refused = expect.objectContaining({ kind: 'config', code: 'CHAT_TEMPLATE_FAILED' })
    expect(() => encode({ 'chat_template.jinja': template })).toThrow(refused)
  })

  it('a text of more ids than a stack holds is no reason to fall over', () => {
    expect(encode({}, 'ab\u0001'.repeat(50_000)).length).toBeGreaterThan(130_000)
  })
})
