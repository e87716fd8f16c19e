/** A BERT-shaped encoder of one layer with random weights, as ONNX and as a plain forward pass. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { OnnxGraph } from '#inference/synth/onnx-graph.ts'
import { randomFloats } from './random-floats.ts'

export const ENCODER_WIDTH = 32
export const ENCODER_CONTEXT = 24
const POSITIONS = 64
const WORDS = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  'hello',
  'world',
  'the',
  'co',
  '##coon',
  'spin',
  '##s',
  '!',
]
export const ENCODER_VOCABULARY = WORDS.length
const EPSILON = 1e-12

export interface EncoderOptions {
  readonly pooling?: 'mean_tokens' | 'cls_token' | 'max_tokens'
  readonly isNormalised?: boolean
}

function weights() {
  const random = randomFloats(7)
  const square = () => random(ENCODER_WIDTH * ENCODER_WIDTH, 1.7 / Math.sqrt(ENCODER_WIDTH))
  return {
    words: random(ENCODER_VOCABULARY * ENCODER_WIDTH, 1),
    positions: random(POSITIONS * ENCODER_WIDTH, 0.5),
    types: random(2 * ENCODER_WIDTH, 0.5),
    scale: random(ENCODER_WIDTH, 0.2).map((value) => 1 + value),
    shift: random(ENCODER_WIDTH, 0.2),
    query: square(),
    key: square(),
    value: square(),
  }
}

/** Embeddings, layer norm, attention of one head over all positions, and the sum of both. */
function encoderGraph(): Uint8Array {
  const graph = new OnnxGraph()
  const w = weights()
  const input = (name: string) => graph.input(name, 'int64', ['batch_size', 'sequence_length'])
  const [ids, mask, types] = [input('input_ids'), input('attention_mask'), input('token_type_ids')]
  const table = (values: Float32Array) =>
    graph.constant(values, [values.length / ENCODER_WIDTH, ENCODER_WIDTH])
  const gather = (values: Float32Array, at: string) => graph.operator('Gather', [table(values), at])
  const one = graph.constant(BigInt64Array.of(1n), [])
  const axis = graph.constant(BigInt64Array.of(1n), [1])
  const places = graph.operator('Sub', [graph.operator('CumSum', [mask, one]), axis])
  const embedded = graph.operator('Add', [
    graph.operator('Add', [gather(w.words, ids), gather(w.positions, places)]),
    gather(w.types, types),
  ])
  const vector = (values: Float32Array) => graph.constant(values, [ENCODER_WIDTH])
  const normed = graph.operator(
    'LayerNormalization',
    [embedded, vector(w.scale), vector(w.shift)],
    {
      attributes: { axis: -1, epsilon: { float: EPSILON } },
    },
  )
  const project = (values: Float32Array) => graph.operator('MatMul', [normed, table(values)])
  const key = graph.operator('Transpose', [project(w.key)], { attributes: { perm: [0, 2, 1] } })
  const root = graph.constant(Float32Array.of(Math.sqrt(ENCODER_WIDTH)), [1])
  const scores = graph.operator('Div', [graph.operator('MatMul', [project(w.query), key]), root])
  const visible = graph.operator('Cast', [graph.operator('Unsqueeze', [mask, axis])], {
    attributes: { to: 1 },
  })
  const hidden = graph.operator('Mul', [
    graph.operator('Sub', [visible, graph.constant(Float32Array.of(1), [1])]),
    graph.constant(Float32Array.of(1e9), [1]),
  ])
  const shares = graph.operator('Softmax', [graph.operator('Add', [scores, hidden])])
  graph.operator('Add', [normed, graph.operator('MatMul', [shares, project(w.value)])], {
    outputs: ['last_hidden_state'],
  })
  graph.output('last_hidden_state', 'float32', ['batch_size', 'sequence_length', ENCODER_WIDTH])
  return graph.model()
}

/** States of every position, in double precision. */
export function referenceStates(ids: readonly number[]): number[][] {
  const w = weights()
  const row = (values: Float32Array, at: number) =>
    Array.from(values.subarray(at * ENCODER_WIDTH, (at + 1) * ENCODER_WIDTH))
  const add = (a: number[], b: number[]) => a.map((value, at) => value + (b[at] ?? 0))
  const normed = ids.map((id, position) => {
    const sum = add(add(row(w.words, id), row(w.positions, position)), row(w.types, 0))
    const mean = sum.reduce((a, b) => a + b) / ENCODER_WIDTH
    const variance = sum.reduce((a, b) => a + (b - mean) ** 2, 0) / ENCODER_WIDTH
    return sum.map(
      (x, at) =>
        ((x - mean) / Math.sqrt(variance + EPSILON)) * (w.scale[at] ?? 0) + (w.shift[at] ?? 0),
    )
  })
  const project = (matrix: Float32Array) =>
    normed.map((state) =>
      Array.from({ length: ENCODER_WIDTH }, (_, column) =>
        state.reduce((sum, x, at) => sum + x * (matrix[at * ENCODER_WIDTH + column] ?? 0), 0),
      ),
    )
  const [queries, keys, values] = [project(w.query), project(w.key), project(w.value)]
  return normed.map((state, position) => {
    const scores = keys.map(
      (key) =>
        key.reduce((sum, x, at) => sum + x * (queries[position]?.[at] ?? 0), 0) /
        Math.sqrt(ENCODER_WIDTH),
    )
    const highest = Math.max(...scores)
    const shares = scores.map((score) => Math.exp(score - highest))
    const whole = shares.reduce((a, b) => a + b)
    return state.map(
      (x, at) =>
        x +
        shares.reduce((sum, share, other) => sum + (share / whole) * (values[other]?.[at] ?? 0), 0),
    )
  })
}

/** Writes the whole model in the layout of sentence-transformers; the folder is created. */
export async function writeTinyEncoder(
  folder: string,
  options: EncoderOptions = {},
): Promise<void> {
  await mkdir(path.join(folder, 'onnx'), { recursive: true })
  await mkdir(path.join(folder, '1_Pooling'), { recursive: true })
  const kinds = ['Transformer', 'Pooling', ...(options.isNormalised ? ['Normalize'] : [])]
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify({
      vocab_size: ENCODER_VOCABULARY,
      hidden_size: ENCODER_WIDTH,
      max_position_embeddings: POSITIONS,
    }),
    'sentence_bert_config.json': JSON.stringify({ max_seq_length: ENCODER_CONTEXT }),
    'modules.json': JSON.stringify(
      kinds.map((kind) => ({ type: `sentence_transformers.models.${kind}` })),
    ),
    '1_Pooling/config.json': JSON.stringify({
      word_embedding_dimension: ENCODER_WIDTH,
      [`pooling_mode_${options.pooling ?? 'mean_tokens'}`]: true,
    }),
    'tokenizer.json': JSON.stringify(tokenizer()),
    'tokenizer_config.json': JSON.stringify({
      tokenizer_class: 'BertTokenizer',
      do_lower_case: true,
    }),
    'onnx/model.onnx': encoderGraph(),
  }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), content)
  }
}

/** WordPiece as BERT has it: lower case, words and signs apart, [CLS] before and [SEP] after. */
function tokenizer() {
  const special = (content: string) => ({
    id: WORDS.indexOf(content),
    content,
    special: true,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  })
  const marker = (content: string) => [
    content,
    { id: content, ids: [WORDS.indexOf(content)], tokens: [content] },
  ]
  return {
    version: '1.0',
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map(marker)),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  }
}
