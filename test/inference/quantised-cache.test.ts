/** The cache in int8: which scales it gets, which graphs can have it, and what it costs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { calibrateCache, calibrationIds } from '#inference/onnx/cache/calibration.ts'
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import { CACHE_REACH_MARGIN, ChannelReach } from '#inference/onnx/cache/scales.ts'
import { contextThatFits } from '#inference/onnx/context-cap.ts'
import { cacheBytesPerToken } from '#inference/onnx/graph/signature.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { type Backend, openModel } from '#inference/onnx/open-model.ts'
import { GraphEdits } from '#inference/onnx/surgery/graph-edits.ts'
import { readOnnxGraph } from '#inference/onnx/surgery/onnx-graph.ts'
import { type PreparedGraph, prepareGraph } from '#inference/onnx/surgery/prepare-graph.ts'
import { quantiseCache } from '#inference/onnx/surgery/quantised-cache.ts'
import { DEMO_MODEL_FOLDER, demoQuestions } from '#node/bench/demo-questions.ts'
import { startEngine } from '#node/compose/engine.ts'
import type { ProviderOptions } from '#node/roles/peer-options.ts'
import { type AttentionGraphOptions, attentionGraph } from '../support/attention-graph.ts'
import { type DecoderGraphOptions, decoderGraph } from '../support/decoder-graph.ts'
import { DECODER_SHAPES } from '../support/decoder-weights.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyEncoder } from '../support/tiny-encoder.ts'

const VOCABULARY = 250
const CONTEXT_TOKENS = 128
/** Of the demonstration model's 272 questions, of which 271 have the same answer on the machine it was tried on. */
const SAMPLED_EVERY = 8
const SAME_SHARE_MIN = 0.9
const config = {
  vocabularySize: VOCABULARY,
  contextTokens: CONTEXT_TOKENS,
  endTokenIds: [],
} as never

function modelOf(graph: Uint8Array) {
  const files = new Map([['onnx/model.onnx', graph]])
  return { files, config, graphPath: 'onnx/model.onnx', manifest: [], root: new Uint8Array() }
}

function open(graph: Uint8Array, kvCache: KvCache = 'int8', backend: Backend = 'native') {
  return openModel(modelOf(graph), { backend, threads: 1, slotsTotal: 2, kvCache })
}

function decoder(options: Partial<DecoderGraphOptions> = {}): Uint8Array {
  const { shape = DECODER_SHAPES.llama, ...others } = options
  const sized = { ...shape, vocabulary: VOCABULARY, contextTokens: CONTEXT_TOKENS }
  return decoderGraph({ format: 'fp32', accuracyLevel: 4, ...others, shape: sized }).graph
}

/** Logits after a prompt and two steps. */
async function logitsOf({ model }: Awaited<ReturnType<typeof open>>): Promise<number[]> {
  const { cache } = model.openCache()
  const ids = Array.from({ length: 40 }, (_, at) => (at * 37) % VOCABULARY)
  const logits = [...(await model.read(cache, ids))]
  for (const id of [3, 99]) logits.push(...((await model.decode([{ cache, id }]))[0] ?? []))
  model.closeCache(cache)
  return logits
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? Number.NaN), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe('scales of a cache', () => {
  const alone = [0, 1, 2, 3]
  const scalesOf = (rows: readonly number[], partners = alone, heads = 1) => {
    const reach = new ChannelReach({ heads }, partners)
    reach.add(Float32Array.from(rows))
    return reach.scales()
  }

  it('are the power of two above what was seen and its margin', () => {
    const limit = 127 / CACHE_REACH_MARGIN
    expect(scalesOf([limit / 2, -limit / 2 - 0.001, 1.001 * limit, -limit + 0.01])).toEqual([
      0.5, 1, 2, 1,
    ])
    expect(scalesOf([100, -3, 20, 7, -90, 40, 19, -8])).toEqual([1, 0.5, 0.25, 0.125])
  })

  it('belong to a channel of a head, whatever the others hold', () => {
    const rows = [...[100, 1, 1, 1], ...[1, 1, 1, 1], ...[1, 1, 1, 100], ...[2, 1, 1, 1]]
    const [first, second] = [scalesOf(rows.slice(0, 8)), scalesOf(rows.slice(8))]
    expect(scalesOf(rows, alone, 2)).toEqual([...first, ...second])
    expect(first).not.toEqual(second)
  })

  it('hold for two channels whatever the angle that turns one into the other', () => {
    const turned = [2, 3, 0, 1]
    expect(scalesOf([36, 1, 48, 1], turned)).toEqual(scalesOf([60, 1, 0, 1], turned))
    expect(scalesOf([36, 1, 48, 1], turned)).not.toEqual(scalesOf([36, 1, 48, 1]))
  })

  it('stay the same when another machine rounds otherwise', () => {
    const rows = Array.from({ length: 400 }, (_, at) => Math.sin(at * 7.3) * 10 ** (at % 4))
    const nudged = rows.map((value, at) => value * (1 + (at % 2 === 0 ? 1e-6 : -1e-6)))
    expect(scalesOf(nudged)).toEqual(scalesOf(rows))
  })

  it('are never zero: not for a channel that rested, nor for a cache of zeros', () => {
    expect(scalesOf([0, 0, 0, 0])).toEqual([1, 1, 1, 1])
    expect(scalesOf([100, 0, 1e-30, 0])).toEqual([1, 1 / 256, 1 / 256, 1 / 256])
    for (const scale of scalesOf([1e-40, 1e-44, 0, 0])) expect(scale).toBeGreaterThan(0)
  })

  it('are not made of what is no number, infinite or far beyond all use', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -3e38, 2 ** 60]) {
      const refused = () => scalesOf([1, value, 1, 1])
      expect(refused, `${value}`).toThrow(expect.objectContaining({ code: 'KV_CACHE_UNSUPPORTED' }))
    }
  })

  it('come from ids of the whole vocabulary, each sequence its own', () => {
    const ids = [0, 1, 2, 3].flatMap((sequence) => calibrationIds(1_000, sequence, 64))
    expect(new Set(ids).size).toBeGreaterThan(250)
    for (const id of ids) expect(Number.isInteger(id) && id >= 0 && id < 1_000).toBe(true)
    const tenths = new Set(ids.map((id) => Math.floor(id / 100)))
    expect(tenths.size).toBe(10)
    expect(calibrationIds(2, 0, 64).every((id) => id === 0 || id === 1)).toBe(true)
  })
})

describe('a graph with its cache in int8', () => {
  const served: [string, Partial<DecoderGraphOptions>, number][] = [
    ['fp32', {}, 0.999],
    ['q8', { format: 'q8' }, 0.999],
    ['q4', { format: 'q4' }, 0.99],
    ['norms of each head', { shape: DECODER_SHAPES.qwen3 }, 0.999],
    ['biases, and a tied head', { shape: DECODER_SHAPES.qwen2 }, 0.999],
  ]

  it.each(served)('says nearly the same, on both backends the same bits: %s', async (...given) => {
    const [, options, correlationMin] = given
    const graph = decoder(options)
    const [int8, portable, float32] = [
      await open(graph),
      await open(graph, 'int8', 'portable'),
      await open(graph, 'graph'),
    ]
    expect([int8.kvCache, portable.kvCache, float32.kvCache]).toEqual(['int8', 'int8', 'graph'])
    expect([int8.backend, portable.backend]).toEqual(['native', 'portable'])
    const logits = await logitsOf(int8)
    expect(await logitsOf(portable)).toEqual(logits)
    const exact = await logitsOf(float32)
    expect(logits).not.toEqual(exact)
    expect(correlation(logits, exact)).toBeGreaterThan(correlationMin)
  })

  const prepared = (graph: Uint8Array, cacheScales?: Awaited<ReturnType<typeof calibrateCache>>) =>
    prepareGraph(modelOf(graph), { movesAttentionScale: true, cacheScales })

  it('has the same scales at every load, with one thread or several', async () => {
    const float32 = prepared(decoder())
    const scales = await calibrateCache(float32, config, 1)
    expect(await calibrateCache(float32, config, 2)).toEqual(scales)
    expect(scales.size).toBe(float32.signature.cache.length)
    const all = [...scales.values()].flat()
    expect(new Set(all).size).toBeGreaterThan(2)
    for (const scale of all) expect(Number.isInteger(Math.log2(scale))).toBe(true)
  })

  it('takes a quarter of the memory, and so has room for four times the context', async () => {
    const float32 = prepared(decoder())
    const int8 = prepared(decoder(), await calibrateCache(float32, config, 1))
    const bytesOf = ({ signature }: PreparedGraph) => cacheBytesPerToken(signature)
    expect(4 * bytesOf(int8)).toBe(bytesOf(float32))
    expect(cacheBytesPerToken(float32.signature, 'int8')).toBe(bytesOf(int8))
    const needs = { modelTokens: 100_000, capTokens: undefined, weightBytes: 1, slotsTotal: 64 }
    const fitting = (graph: PreparedGraph, calibrationBytes: number) =>
      contextThatFits({
        ...needs,
        calibrationBytes,
        cacheBytesPerToken: bytesOf(graph),
        memoryLimitBytes: 2 ** 29,
      })
    expect(fitting(int8, 2 ** 20) / fitting(float32, 0)).toBeCloseTo(4, 2)
    expect(() => fitting(int8, 2 ** 29)).toThrow(
      expect.objectContaining({ code: 'MODEL_NEEDS_MORE_MEMORY' }),
    )
  })

  it('is served as it is when it came so, with the option and without', async () => {
    const files = modelOf(decoder())
    const float32 = prepareGraph(files, { movesAttentionScale: false })
    const { cache } = float32.signature
    const graph = readOnnxGraph(files.files.get('onnx/model.onnx') ?? new Uint8Array())
    const edits = new GraphEdits(graph)
    quantiseCache(graph, cache, await calibrateCache(float32, config, 1), edits)
    const own = edits.apply()
    const [plain, asked] = [await open(own, 'graph'), await open(own, 'int8')]
    expect([plain.kvCache, asked.kvCache]).toEqual(['graph', 'graph'])
    const logits = await logitsOf(plain)
    expect(await logitsOf(asked)).toEqual(logits)
    expect(await logitsOf(await open(own, 'graph', 'portable'))).toEqual(logits)
    const exact = await logitsOf(await open(decoder(), 'graph'))
    expect(correlation(logits, exact)).toBeGreaterThan(0.999)
  })
})

describe('a cache that cannot be kept in int8', () => {
  const odd = (options: Partial<AttentionGraphOptions>) =>
    attentionGraph({ vocabulary: VOCABULARY, ...options })

  it('is kept where attention is plain: the graph of these tests works otherwise', async () => {
    const opened = await open(odd({ texts: { k_quant_type: 'NONE', v_quant_type: 'NONE' } }))
    expect(opened.kvCache).toBe('int8')
    expect(
      correlation(await logitsOf(opened), await logitsOf(await open(odd({}), 'graph'))),
    ).toBeGreaterThan(0.999)
  })

  const refused: [string, string, () => Uint8Array][] = [
    ['float16', 'float16', () => decoder({ format: 'fp16' })],
    ['joined by the graph itself', 'Concat', () => odd({ cache: 'joined' })],
    ['read beside attention', 'Neg', () => odd({ cache: 'read' })],
    ['not written where it is read', 'does not write', () => odd({ cache: 'crossed' })],
    [
      'quantised already, in name',
      'scales of its own',
      () => odd({ texts: { k_quant_type: 'PER_TENSOR' } }),
    ],
    ['with scales already', 'scales of its own', () => odd({ extraInputs: 2 })],
    ['infinite', 'not finite', () => odd({ keyFactor: 3e38 })],
    ['no number', 'not finite', () => odd({ valueFactor: Number.NaN })],
    ['too far from zero', 'not finite', () => odd({ valueFactor: 1e25 })],
  ]

  it.each(refused)('refuses a model by name, on both backends: %s', async (_, reason, graph) => {
    for (const backend of ['native', 'portable'] as const) {
      await expect(open(graph(), 'int8', backend)).rejects.toMatchObject({
        kind: 'config',
        code: 'KV_CACHE_UNSUPPORTED',
        message: expect.stringContaining(reason),
      })
    }
  })

  it('refuses other devices, servers behind this node and embedding models', async () => {
    for (const device of ['webgpu', 'cuda'] as const) {
      const options = {
        backend: 'native',
        threads: 1,
        slotsTotal: 1,
        kvCache: 'int8',
        device,
      } as const
      const code =
        device === 'cuda' ? /^(KV_CACHE_UNSUPPORTED|DEVICE_UNAVAILABLE)$/ : /^KV_CACHE_UNSUPPORTED$/
      await expect(openModel(modelOf(decoder()), options)).rejects.toMatchObject({
        code: expect.stringMatching(code),
      })
    }
    const encoder = temporaryFolder()
    await writeTinyEncoder(encoder)
    for (const parts of [{ upstream: { url: 'http://127.0.0.1:1' } }, { modelFolder: encoder }]) {
      const options = {
        modelFolder: DEMO_MODEL_FOLDER,
        kvCache: 'int8',
        ...parts,
      } as unknown as ProviderOptions
      await using cleanup = new AsyncDisposableStack()
      await expect(startEngine(options, cleanup, () => {})).rejects.toMatchObject({
        code: 'KV_CACHE_UNSUPPORTED',
      })
    }
  })

  it('serves a model whose keys or values rest, and cuts off what was never that loud', async () => {
    for (const parts of [{ keyFactor: 0 }, { valueFactor: 0 }, { keyFactor: 1e-44 }]) {
      const logits = await logitsOf(await open(odd(parts)))
      expect(logits.every(Number.isFinite), JSON.stringify(parts)).toBe(true)
    }
    // Read at load is no id of these, so that what they say lies beyond every scale.
    const read = new Set([0, 1, 2, 3].flatMap((at) => calibrationIds(VOCABULARY, at, 64)))
    const ids = Array.from({ length: VOCABULARY }, (_, id) => id).filter((id) => !read.has(id))
    expect(ids.length).toBeGreaterThan(4)
    const loud = { loudIds: { ids, factor: 1e6 } }
    const answers: number[][] = []
    for (const backend of ['native', 'portable'] as const) {
      const { model } = await open(odd(loud), 'int8', backend)
      const { cache } = model.openCache()
      answers.push([...(await model.read(cache, [1, ...ids, 2]))])
    }
    expect(answers[0]?.every(Number.isFinite)).toBe(true)
    expect(answers[1]).toEqual(answers[0])
  })
})

describe('the demonstration model with its cache in int8', () => {
  const clock = { nowMs: () => 0 }
  const logged: [string, unknown][] = []
  const engines = new Map<KvCache, Engine>()
  let tokenizer: ChatTokenizer

  beforeAll(async () => {
    tokenizer = loadChatTokenizer(await readTokenizerFiles(DEMO_MODEL_FOLDER))
    for (const kvCache of ['graph', 'int8'] as const) {
      const log = (event: string, data: unknown) => logged.push([event, data])
      const options = { folder: DEMO_MODEL_FOLDER, modelId: 'demo', clock, slotsTotal: 8 }
      engines.set(kvCache, await createOnnxEngine({ ...options, kvCache, log }))
    }
  })
  afterAll(async () => {
    for (const engine of engines.values()) await engine[Symbol.asyncDispose]()
  })
  const engineOf = (kvCache: KvCache) => engines.get(kvCache) as Engine

  async function answerOf(kvCache: KvCache, question: string) {
    const answer: { id: number; logprob: number | undefined }[] = []
    const events = engineOf(kvCache).generate({
      ...asked(question),
      resumeTokenIds: [],
      maxTokens: 64,
      topLogprobs: 0,
    })
    for await (const event of events) {
      if (event.kind === 'token') answer.push({ id: event.id, logprob: event.logprobs?.logprob })
    }
    return answer
  }

  const asked = (content: string) => ({
    promptTokenIds: tokenizer.encodeChat([{ role: 'user', content }]),
    sampling: { temperature: 0, topP: 1, seed: 1n },
    stop: [],
    signal: new AbortController().signal,
  })

  it('says so in its name, its schedule and the log', () => {
    const [float32, int8] = [engineOf('graph').info, engineOf('int8').info]
    expect(int8.engine).toContain('(native, cpu, int8 cache)')
    expect(float32.engine).not.toContain('cache')
    expect([float32.kvCache, int8.kvCache]).toEqual(['graph', 'int8'])
    expect(int8.scheduleDigest).toEqual(float32.otherCacheDigest)
    expect(float32.scheduleDigest).toEqual(int8.otherCacheDigest)
    expect(int8.scheduleDigest).not.toEqual(float32.scheduleDigest)
    expect(int8.runtimeDigest).toEqual(float32.runtimeDigest)
    expect(logged.filter(([event]) => event === 'cache kept in int8')).toEqual([
      ['cache kept in int8', { idsRead: 256 }],
    ])
  })

  it('is what a provider sells when its owner asked for it', async () => {
    const log = { info: () => {}, warn: () => {} }
    const given = {
      modelFolder: DEMO_MODEL_FOLDER,
      modelId: 'demo',
      slotsTotal: 1,
      kvCache: 'int8',
    }
    const options = { ...given, log, network: { models: [] } } as unknown as ProviderOptions
    await using cleanup = new AsyncDisposableStack()
    const { work } = await startEngine(options, cleanup, () => {})
    expect(work.info).toMatchObject({ kvCache: 'int8', engine: engineOf('int8').info.engine })
  })

  it('gives the same greedy answer to most questions', async () => {
    const questions = demoQuestions().filter((_, at) => at % SAMPLED_EVERY === 0)
    expect(questions.length).toBeGreaterThanOrEqual(30)
    const same = await Promise.all(
      questions.map(async ({ question }) => {
        const [one, other] = await Promise.all(
          (['graph', 'int8'] as const).map((kvCache) => answerOf(kvCache, question)),
        )
        return one?.map(({ id }) => id).join() === other?.map(({ id }) => id).join()
      }),
    )
    const count = same.filter(Boolean).length
    console.log(`int8 cache: ${count} of ${questions.length} answers are the same`)
    expect(count).toBeGreaterThanOrEqual(SAME_SHARE_MIN * questions.length)
  })

  it('is verified on its own kind, and refuses to judge the other', async () => {
    const question = 'qzx vbn wrt plk'
    for (const [own, other] of [
      ['graph', 'int8'],
      ['int8', 'graph'],
    ] as const) {
      const answer = await answerOf(own, question)
      const { scheduleDigest: digest } = engineOf(own).info
      const request = { ...asked(question), answer, schedule: { digest, resumedTokens: 0 } }
      expect(await engineOf(own).verify(request)).toMatchObject({
        verdict: 'exact',
        isSameSchedule: true,
      })
      await expect(engineOf(other).verify(request)).rejects.toMatchObject({
        code: 'VERIFY_CACHE_DIFFERS',
        data: { own: other, wanted: own },
      })
      // On other hardware the digest says nothing: then who asks must.
      const elsewhere = { digest: new Uint8Array(32), resumedTokens: 0, kvCache: own }
      await expect(
        engineOf(other).verify({ ...request, schedule: elsewhere }),
      ).rejects.toMatchObject({ code: 'VERIFY_CACHE_DIFFERS' })
      const judged = await engineOf(own).verify({ ...request, schedule: elsewhere })
      expect(judged).toMatchObject({ verdict: 'exact', isSameSchedule: false })
    }
  })
})
