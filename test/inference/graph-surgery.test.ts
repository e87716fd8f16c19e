/** What is done to a graph when it is loaded: no bit may change, and what cannot be exact is refused. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import type { TokenModel } from '#inference/decoding/token-model.ts'
import { checkBatchInvariance } from '#inference/onnx/batch-check.ts'
import { bytesField, integerField } from '#inference/onnx/graph/protobuf-writer.ts'
import type { GraphSignature } from '#inference/onnx/graph/signature.ts'
import { attentionHeads, pieceTokensWithin } from '#inference/onnx/piece-size.ts'
import { moveAttentionScale } from '#inference/onnx/surgery/attention-scale.ts'
import { GraphEdits } from '#inference/onnx/surgery/graph-edits.ts'
import { floatAttribute, readOnnxGraph } from '#inference/onnx/surgery/onnx-graph.ts'
import { prepareGraph } from '#inference/onnx/surgery/prepare-graph.ts'
import { spliced } from '#inference/onnx/surgery/splice.ts'
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { concat, utf8 } from '#protocol/bytes.ts'
import { type DecoderGraphOptions, decoderGraph } from '../support/decoder-graph.ts'
import { DECODER_SHAPES } from '../support/decoder-weights.ts'

const llama = { ...DECODER_SHAPES.llama, vocabulary: 1_000, contextTokens: 64 }
const tied = { ...DECODER_SHAPES.qwen2, vocabulary: 1_000, contextTokens: 64 }

function prepare(graph: Uint8Array, movesAttentionScale = false) {
  const files = new Map([['onnx/model.onnx', graph]])
  return prepareGraph({ graphPath: 'onnx/model.onnx', files }, { movesAttentionScale })
}

/** Logits of a prompt as the graph itself gives them: every row there is, float16 cast up. */
async function rowsOf(
  signature: GraphSignature,
  graph: Uint8Array,
  output: string,
  ids: readonly number[],
) {
  const session = await InferenceSession.create(graph, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const row = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  const feeds: Record<string, Tensor> = {
    input_ids: row(ids),
    attention_mask: row(ids.map(() => 1)),
    position_ids: row(ids.map((_, at) => at)),
  }
  if (signature.logitsCount !== undefined) {
    feeds['num_logits_to_keep'] = new Tensor('int64', BigInt64Array.of(BigInt(ids.length)), [])
  }
  for (const { input, type, heads, headSize } of signature.cache) {
    const data = type === 'float32' ? new Float32Array(0) : new Uint16Array(0)
    const tensor = new Tensor(type, data, [1, heads, 0, headSize])
    feeds[input] = Object.defineProperty(tensor, 'data', { value: data })
  }
  const { [output]: logits } = await session.run(feeds)
  const [, rows = 0, vocabulary = 0] = logits?.dims ?? []
  const values = Float32Array.from(logits?.data as Float32Array)
  await session.release()
  return Array.from({ length: rows }, (_, at) =>
    values.subarray(at * vocabulary, (at + 1) * vocabulary),
  )
}

const graphs: [string, DecoderGraphOptions][] = [
  ['fp32', { shape: llama, format: 'fp32' }],
  ['fp32, tied to the embedding', { shape: tied, format: 'fp32' }],
  ['fp32 with scaled logits', { shape: llama, format: 'fp32', after: 'scaling' }],
  ['fp32 with a soft cap', { shape: llama, format: 'fp32', after: 'soft cap' }],
  ['fp32 with a count of logits', { shape: llama, format: 'fp32', hasLogitsCount: true }],
  ['q8', { shape: llama, format: 'q8', accuracyLevel: 4 }],
  ['q4', { shape: llama, format: 'q4', accuracyLevel: 4 }],
  [
    'q4 with a count of logits',
    { shape: tied, format: 'q4', accuracyLevel: 4, hasLogitsCount: true },
  ],
  ['q4 in fp16', { shape: llama, format: 'q4f16', accuracyLevel: 4 }],
]

describe('the last position before the head', () => {
  it.each(graphs)('has the bits of the whole graph: %s', async (_, options) => {
    const { graph } = decoderGraph(options)
    const prepared = prepare(graph)
    expect(prepared.signature.logits.rows).toBe('last')
    const { signature } = prepared
    for (const tokens of [1, 2, 3, 17, 31, 32]) {
      const ids = Array.from({ length: tokens }, (_, at) => (at * 37 + tokens) % 999)
      const all = await rowsOf(signature, graph, 'logits', ids)
      expect(all).toHaveLength(tokens)
      const last = await rowsOf(signature, prepared.graph, signature.logits.name, ids)
      expect(last, `${tokens}`).toEqual(all.slice(-1))
      expect(new Set(all.at(-1)).size).toBeGreaterThan(100)
    }
  })

  it('rounds where the graph says so in float16, which onnxruntime leaves out elsewhere', async () => {
    const { graph } = decoderGraph({ shape: llama, format: 'fp16' })
    const { signature, graph: rewritten } = prepare(graph)
    const ids = [17, 3, 250, 90, 4]
    const [last] = (await rowsOf(signature, graph, 'logits', ids)).slice(-1)
    const [cut] = await rowsOf(signature, rewritten, signature.logits.name, ids)
    const difference = Math.max(
      ...(cut ?? []).map((logit, at) => Math.abs(logit - (last?.[at] ?? 9))),
    )
    // Logits spread over about 1: two steps of float16 there.
    expect(difference).toBeLessThan(2 ** -8)
    expect(cut).toHaveLength(1_000)
  })

  it('copies the weights once and leaves them as they are', () => {
    const { graph } = decoderGraph({ shape: llama, format: 'fp32' })
    const { graph: rewritten } = prepare(graph)
    expect(rewritten.length - graph.length).toBeLessThan(1_000)
    const weights = graph.subarray(graph.length / 3, graph.length / 2)
    expect(Buffer.from(rewritten.buffer).includes(Buffer.from(weights))).toBe(true)
  })

  it('serves a graph unchanged whose head it does not recognise, or that needs no change', () => {
    const untouched: [string, (graph: OnnxGraph, hidden: string, weights: string) => void][] = [
      [
        'positions that meet',
        (graph, hidden, weights) => {
          const product = graph.operator('MatMul', [hidden, weights])
          const one = graph.constant(BigInt64Array.of(1n), [1])
          graph.operator('CumSum', [product, one], { outputs: ['logits'] })
        },
      ],
      [
        'a bias of each position',
        (graph, hidden, weights) => {
          const bias = graph.constant(new Float32Array(4), [1, 2, 2])
          const product = graph.operator('MatMul', [hidden, weights])
          graph.operator('Add', [product, bias], { outputs: ['logits'] })
        },
      ],
      [
        'weights that depend on the input',
        (graph, hidden) => {
          graph.operator('MatMul', [hidden, hidden], { outputs: ['logits'] })
        },
      ],
      [
        'somebody else who looks at the product',
        (graph, hidden, weights) => {
          const product = graph.operator('MatMul', [hidden, weights])
          graph.operator('Identity', [product], { outputs: ['logits'] })
          graph.operator('ReduceMax', [product], { outputs: ['highest'] })
          graph.output('highest', 'float32', [])
        },
      ],
    ]
    for (const [name, head] of untouched) {
      const graph = headGraph(head)
      expect(prepare(graph).graph, name).toBe(graph)
    }
    const plain = headGraph((graph, hidden, weights) => {
      graph.operator('MatMul', [hidden, weights], { outputs: ['logits'] })
    })
    expect(prepare(plain).signature.logits.rows).toBe('last')
    const last = headGraph((graph, hidden, weights) => {
      graph.operator('MatMul', [hidden, weights], { outputs: ['logits'] })
    }, 1)
    expect(prepare(last)).toMatchObject({ graph: last, signature: { logits: { rows: 'last' } } })
  })
})

/** As much of a decoder as the surgery looks at. */
function headGraph(
  head: (graph: OnnxGraph, hidden: string, weights: string) => void,
  rows: number | string = 'sequence_length',
): Uint8Array {
  const graph = new OnnxGraph()
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  for (const part of ['key', 'value']) {
    graph.input(`past_key_values.0.${part}`, 'float32', ['batch_size', 1, 'past', 2])
    graph.output(`present.0.${part}`, 'float32', ['batch_size', 1, 'total', 2])
    graph.operator('Identity', [`past_key_values.0.${part}`], { outputs: [`present.0.${part}`] })
  }
  const table = graph.constant(new Float32Array(8).fill(1), [4, 2])
  const hidden = graph.operator('Gather', [table, ids])
  head(graph, hidden, graph.constant(new Float32Array(4).fill(2), [2, 2]))
  graph.output('logits', 'float32', ['batch_size', rows, 2])
  return graph.model()
}

describe('graphs that are refused', () => {
  const withNode = (operator: string, domain = '') =>
    headGraph((graph, hidden, weights) => {
      graph.operator('MatMul', [hidden, weights], { outputs: ['logits'] })
      graph.operator(operator, [hidden], { domain: domain as '' })
    })
  const refused: [string, Uint8Array, string][] = [
    ['dynamic quantisation', withNode('DynamicQuantizeLinear'), 'MODEL_NOT_BATCH_INVARIANT'],
    [
      'dynamic products',
      withNode('DynamicQuantizeMatMul', 'com.microsoft'),
      'MODEL_NOT_BATCH_INVARIANT',
    ],
    ['whole-number products', withNode('MatMulInteger'), 'MODEL_NOT_BATCH_INVARIANT'],
    ['chance', withNode('RandomNormalLike'), 'MODEL_NOT_BATCH_INVARIANT'],
    ['a branch', withNode('If'), 'MODEL_OPERATOR_UNSUPPORTED'],
    ['a loop', withNode('Loop'), 'MODEL_OPERATOR_UNSUPPORTED'],
    ['an unknown domain', withNode('Anything', 'com.example'), 'MODEL_OPERATOR_UNSUPPORTED'],
    ['another opset', concat(withNode('Relu'), opset(99)), 'MODEL_OPERATOR_UNSUPPORTED'],
    ['a function', concat(withNode('Relu'), bytesField(25)), 'MODEL_OPERATOR_UNSUPPORTED'],
    ['two graphs', concat(withNode('Relu'), bytesField(7)), 'MODEL_GRAPH_INVALID'],
    ['no graph', opset(18), 'MODEL_GRAPH_INVALID'],
    [
      'names that are no text',
      withNode('Rel\u0000').map((byte) => (byte === 0 ? 255 : byte)),
      'MODEL_GRAPH_INVALID',
    ],
  ]
  it.each(refused)('%s', (_, graph, code) => {
    expect(() => prepare(graph)).toThrow(expect.objectContaining({ kind: 'config', code }))
  })

  it('takes the standard domain by either of its names', () => {
    expect(() => prepare(withNode('Relu', 'ai.onnx'))).not.toThrow()
  })

  function opset(version: number): Uint8Array {
    return bytesField(8, bytesField(1), integerField(2, version))
  }
})

describe('tensors that claim what is not there', () => {
  const tensor = (...fields: Uint8Array[]) =>
    bytesField(7, bytesField(5, integerField(2, 1), bytesField(8, utf8('t')), ...fields))
  const invalid = expect.objectContaining({ kind: 'config', code: 'MODEL_GRAPH_INVALID' })
  const huge = integerField(1, 2 ** 30)
  const place = (key: string, value: string) =>
    bytesField(13, bytesField(1, utf8(key)), bytesField(2, utf8(value)))
  const beside = (entries: Record<string, string>) =>
    tensor(integerField(1, 4), ...Object.entries(entries).map(([key, value]) => place(key, value)))
  const claims: [string, Uint8Array][] = [
    ['four gigabytes and no data', tensor(huge)],
    ['four gigabytes and four bytes', tensor(huge, bytesField(9, new Uint8Array(4)))],
    ['four gigabytes in packed sizes', tensor(bytesField(1, Uint8Array.of(128, 128, 128, 128, 4)))],
    ['more elements than a number can count', tensor(huge, huge, huge)],
    ['less than its data', tensor(integerField(1, 1), bytesField(9, new Uint8Array(8)))],
    ['a negative size', tensor(integerField(1, -1))],
    ['a sparse tensor', bytesField(7, bytesField(15, bytesField(1, huge)))],
    ['a run beyond its file', beside({ location: 'w', offset: '90', length: '16' })],
    ['a run of another length', beside({ location: 'w', offset: '0', length: '12' })],
    ['the rest of a file', beside({ location: 'w', offset: '0' })],
    ['an offset that is no number', beside({ location: 'w', offset: '-1', length: '16' })],
  ]
  it.each(claims)('%s', (_, graph) => {
    const files = new Map([
      ['onnx/model.onnx', graph],
      ['onnx/w', new Uint8Array(100)],
    ])
    const prepareIt = () =>
      prepareGraph({ graphPath: 'onnx/model.onnx', files }, { movesAttentionScale: true })
    expect(prepareIt).toThrow(invalid)
  })
})

describe('the scale of attention', () => {
  const qwen3 = { ...DECODER_SHAPES.qwen3, vocabulary: 1_000, contextTokens: 64 }
  it.each([
    ['a power of two', llama],
    ['another number', qwen3],
  ])(
    'goes into the rotary tables, and the logits stay the same up to rounding: %s',
    async (_, shape) => {
      const { graph } = decoderGraph({ shape, format: 'fp32' })
      const [asItIs, moved] = [prepare(graph), prepare(graph, true)]
      const read = readOnnxGraph(moved.graph)
      const attention = read.nodes.filter(({ operator }) => operator === 'GroupQueryAttention')
      expect(attention.map((node) => floatAttribute(node, 'scale'))).toEqual([1, 1])
      // One each for cosines and sines, whatever the number of layers.
      expect(new Set(attention.flatMap(({ inputs }) => inputs.slice(7, 9))).size).toBe(2)
      const ids = Array.from({ length: 33 }, (_, at) => (at * 37 + 5) % 1_000)
      const [[before] = [], [after] = []] = await Promise.all(
        [asItIs, moved].map(({ signature, graph }) =>
          rowsOf(signature, graph, signature.logits.name, ids),
        ),
      )
      const largest = Math.max(...(before ?? []).map(Math.abs))
      const apart = Math.max(
        ...(before ?? []).map((logit, at) => Math.abs(logit - (after?.[at] ?? 9))),
      )
      expect(largest).toBeGreaterThan(0.1)
      expect(apart / largest).toBeLessThan(1e-5)
    },
  )

  it('stays where it is in float16, and where the tables turn only a part of each head', () => {
    const half = decoderGraph({ shape: llama, format: 'fp16' }).graph
    expect(prepare(half, true).graph).toEqual(prepare(half).graph)
    const graph = readOnnxGraph(decoderGraph({ shape: llama, format: 'fp32' }).graph)
    const cache = prepare(graph.file).signature.cache.map((tensor) => ({ ...tensor, headSize: 32 }))
    const edits = new GraphEdits(graph)
    moveAttentionScale(graph, cache, edits)
    expect(edits.isEmpty).toBe(true)
  })
})

describe('pieces of a prompt', () => {
  it('are cut where the scores of attention would take too much, and never below 16', () => {
    expect(
      attentionHeads(readOnnxGraph(decoderGraph({ shape: llama, format: 'fp32' }).graph)),
    ).toBe(4)
    expect(pieceTokensWithin(9, 8_192)).toBeUndefined()
    // Qwen3-0.6B at its whole context: 96 ids take 252 MB.
    expect(pieceTokensWithin(16, 40_960)).toBe(96)
    expect(pieceTokensWithin(64, 131_072)).toBe(16)
    expect(pieceTokensWithin(2 ** 53, 1_000_000)).toBe(16)
  })
})

describe('a trial of the batch', () => {
  /** Whose logits are what `logitsOf` says for a batch of so many rows. */
  const model = (logitsOf: (rows: number) => number): TokenModel<unknown> => ({
    vocabularySize: 2,
    contextTokens: 8,
    openCache: () => ({ cache: {}, cachedTokens: 0 }),
    closeCache: () => {},
    read: async () => new Float32Array(2),
    decode: async (rows) => rows.map(() => Float32Array.of(0, logitsOf(rows.length))),
  })

  it('refuses a model whose bits depend on it, be it by the sign of a zero', async () => {
    const code = 'MODEL_NOT_BATCH_INVARIANT'
    await checkBatchInvariance(
      model(() => 1),
      4,
    )
    await checkBatchInvariance(
      model((rows) => rows),
      1,
    )
    await expect(
      checkBatchInvariance(
        model((rows) => rows),
        4,
      ),
    ).rejects.toMatchObject({ code })
    const zero = model((rows) => (rows > 1 ? -0 : 0))
    await expect(checkBatchInvariance(zero, 2)).rejects.toMatchObject({ code })
  })
})

it('splices edits in any order, and refuses those that overlap', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4)
  const edit = (start: number, end: number, ...replacement: number[]) => ({
    start,
    end,
    replacement: Uint8Array.from(replacement),
  })
  expect(spliced(bytes, [edit(3, 4), edit(1, 1, 9), edit(1, 2, 8, 8)])).toEqual(
    Uint8Array.of(1, 9, 8, 8, 3),
  )
  expect(() => spliced(bytes, [edit(0, 2), edit(1, 3)])).toThrow(RangeError)
  expect(() => spliced(bytes, [edit(3, 5)])).toThrow(RangeError)
})
