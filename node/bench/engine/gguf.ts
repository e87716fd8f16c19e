/**
 * Writes the same made-up model for llama.cpp (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md):
 * shape, seed and the rounded weights are those of the ONNX model, in blocks of q4_0 or q8_0.
 */
import { open } from 'node:fs/promises'
import { BLOCK_WEIGHTS, quantise4, quantise8 } from '#inference/synth/quantise.ts'
import type { DecoderShape } from '#inference/synth/shapes.ts'
import { SYNTHETIC_END_TOKEN_ID, syntheticVocabulary } from '#inference/synth/tokenizer.ts'
import { linearRow } from '#inference/synth/weights.ts'
import { utf8 } from '#protocol/bytes.ts'

export type GgufType = 'q4_0' | 'q8_0'

/** ggml_type and the bytes of a block: a half-precision scale and 32 levels. */
const TYPES = {
  f32: { id: 0, blockBytes: 4, blockWeights: 1 },
  q4_0: { id: 2, blockBytes: 18, blockWeights: BLOCK_WEIGHTS },
  q8_0: { id: 8, blockBytes: 34, blockWeights: BLOCK_WEIGHTS },
} as const
/** gguf_metadata_value_type */
const VALUE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const
/** general.file_type: MOSTLY_Q4_0, MOSTLY_Q8_0 */
const FILE_TYPE = { q4_0: 2, q8_0: 7 } as const
/** llama_token_type */
const TOKEN = { normal: 1, control: 3 } as const
const ALIGNMENT = 32
const VERSION = 3

interface GgufTensor {
  /** llama.cpp's name. */
  readonly name: string
  /** Whose random numbers; undefined: ones. */
  readonly source: string | undefined
  readonly outputs: number
  readonly inputs: number
}

/** Shapes without head norms only: llama.cpp's architecture "llama". */
export async function writeGguf(
  path: string,
  shape: DecoderShape,
  type: GgufType,
  seed: number,
): Promise<void> {
  const tensors = tensorsOf(shape)
  const file = await open(path, 'w')
  try {
    const header = headerOf(shape, type, tensors)
    await file.write(header)
    for (const tensor of tensors) {
      for (const chunk of tensorChunks(tensor, type, seed)) await file.write(chunk)
    }
  } finally {
    await file.close()
  }
}

function tensorsOf(shape: DecoderShape): GgufTensor[] {
  const { width, vocabularySize, heads, cacheHeads, headSize, feedForward } = shape
  const ones = (name: string): GgufTensor => ({
    name,
    source: undefined,
    outputs: 1,
    inputs: width,
  })
  const [query, cache] = [heads * headSize, cacheHeads * headSize]
  const layers = Array.from({ length: shape.layers }, (_, layer) => {
    const matrix = (name: string, part: string, outputs: number, inputs: number): GgufTensor => ({
      name: `blk.${layer}.${name}.weight`,
      source: `model.layers.${layer}.${part}`,
      outputs,
      inputs,
    })
    return [
      ones(`blk.${layer}.attn_norm.weight`),
      matrix('attn_q', 'self_attn.q_proj', query, width),
      matrix('attn_k', 'self_attn.k_proj', cache, width),
      matrix('attn_v', 'self_attn.v_proj', cache, width),
      matrix('attn_output', 'self_attn.o_proj', width, query),
      ones(`blk.${layer}.ffn_norm.weight`),
      matrix('ffn_gate', 'mlp.gate_proj', feedForward, width),
      matrix('ffn_up', 'mlp.up_proj', feedForward, width),
      matrix('ffn_down', 'mlp.down_proj', width, feedForward),
    ]
  })
  const large = (name: string, source: string): GgufTensor => ({
    name,
    source,
    outputs: vocabularySize,
    inputs: width,
  })
  return [
    large('token_embd.weight', 'model.embed_tokens.weight'),
    large('output.weight', 'lm_head'),
    ones('output_norm.weight'),
    ...layers.flat(),
  ]
}

/** Vectors of norms stay in full. */
function typeOf(tensor: GgufTensor, type: GgufType) {
  return TYPES[tensor.source === undefined ? 'f32' : type]
}

function sizeOf(tensor: GgufTensor, type: GgufType): number {
  const { blockBytes, blockWeights } = typeOf(tensor, type)
  return ((tensor.outputs * tensor.inputs) / blockWeights) * blockBytes
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

function* tensorChunks(tensor: GgufTensor, type: GgufType, seed: number): Generator<Uint8Array> {
  const { outputs, inputs, source } = tensor
  const size = sizeOf(tensor, type)
  if (source === undefined) {
    yield new Uint8Array(new Float32Array(inputs).fill(1).buffer)
  } else {
    const row = new Float32Array(inputs)
    const rowBytes = size / outputs
    const rowsAtOnce = Math.max(1, Math.floor((1 << 20) / rowBytes))
    for (let first = 0; first < outputs; first += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, outputs - first)
      const bytes = new Uint8Array(count * rowBytes)
      for (let at = 0; at < count; at++) {
        linearRow(source, seed, first + at, row)
        quantiseRow(row, type, bytes.subarray(at * rowBytes, (at + 1) * rowBytes))
      }
      yield bytes
    }
  }
  yield new Uint8Array(padded(size) - size)
}

const levels = new Int8Array(BLOCK_WEIGHTS)

/** q4_0 keeps the first half of a block in the low and the second half in the high nibbles. */
function quantiseRow(row: Float32Array, type: GgufType, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  const half = BLOCK_WEIGHTS / 2
  let byte = 0
  for (let at = 0; at < row.length; at += BLOCK_WEIGHTS) {
    const scale = type === 'q4_0' ? quantise4(row, at, levels) : quantise8(row, at, levels)
    view.setFloat16(byte, scale, true)
    byte += 2
    if (type === 'q8_0') {
      out.set(new Uint8Array(levels.buffer), byte)
      byte += BLOCK_WEIGHTS
      continue
    }
    for (let i = 0; i < half; i++) {
      out[byte++] = ((levels[i] as number) + 8) | (((levels[i + half] as number) + 8) << 4)
    }
  }
}

/** Numbers little-endian, strings with a 64-bit length. */
class GgufHeader {
  readonly #parts: Uint8Array[] = []
  #length = 0

  add(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }

  number(kind: 'Uint32' | 'Int32' | 'Float32', value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer)[`set${kind}`](0, value, true)
    return this.add(bytes)
  }

  long(value: number): this {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
    return this.add(bytes)
  }

  text(value: string): this {
    const bytes = utf8(value)
    return this.long(bytes.length).add(bytes)
  }

  entry(key: string, kind: 'uint32' | 'float32' | 'string', value: number | string): this {
    this.text(key).number('Uint32', VALUE[kind])
    if (typeof value === 'string') return this.text(value)
    return this.number(kind === 'uint32' ? 'Uint32' : 'Float32', value)
  }

  array(key: string, kind: 'int32' | 'string', values: readonly (number | string)[]): this {
    this.text(key).number('Uint32', VALUE.array).number('Uint32', VALUE[kind]).long(values.length)
    for (const value of values) {
      if (typeof value === 'string') this.text(value)
      else this.number('Int32', value)
    }
    return this
  }

  finish(): Uint8Array {
    return Buffer.concat([...this.#parts, new Uint8Array(padded(this.#length) - this.#length)])
  }
}

function headerOf(shape: DecoderShape, type: GgufType, tensors: readonly GgufTensor[]): Uint8Array {
  const header = new GgufHeader().add(utf8('GGUF')).number('Uint32', VERSION).long(tensors.length)
  const numbers: [string, 'uint32' | 'float32', number][] = [
    ['general.file_type', 'uint32', FILE_TYPE[type]],
    ['llama.context_length', 'uint32', shape.contextTokens],
    ['llama.embedding_length', 'uint32', shape.width],
    ['llama.block_count', 'uint32', shape.layers],
    ['llama.feed_forward_length', 'uint32', shape.feedForward],
    ['llama.attention.head_count', 'uint32', shape.heads],
    ['llama.attention.head_count_kv', 'uint32', shape.cacheHeads],
    ['llama.rope.dimension_count', 'uint32', shape.headSize],
    ['llama.rope.freq_base', 'float32', shape.ropeTheta],
    ['llama.attention.layer_norm_rms_epsilon', 'float32', shape.normEpsilon],
    ['llama.vocab_size', 'uint32', shape.vocabularySize],
    ['tokenizer.ggml.eos_token_id', 'uint32', SYNTHETIC_END_TOKEN_ID],
  ]
  const texts = [
    ['general.architecture', 'llama'],
    ['general.name', 'SYNTHETIC'],
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'default'],
  ] as const
  const { vocab, merges } = syntheticVocabulary(shape.vocabularySize)
  const tokens = Object.keys(vocab)
  const isControl = (id: number) => id > 255 && id <= SYNTHETIC_END_TOKEN_ID
  header.long(texts.length + numbers.length + 3)
  for (const [key, value] of texts) header.entry(key, 'string', value)
  for (const [key, kind, value] of numbers) header.entry(key, kind, value)
  header.array('tokenizer.ggml.tokens', 'string', tokens)
  const types = tokens.map((_, id) => (isControl(id) ? TOKEN.control : TOKEN.normal))
  header.array('tokenizer.ggml.token_type', 'int32', types)
  header.array('tokenizer.ggml.merges', 'string', merges)
  let offset = 0
  for (const tensor of tensors) {
    const dims = tensor.source === undefined ? [tensor.inputs] : [tensor.inputs, tensor.outputs]
    header.text(tensor.name).number('Uint32', dims.length)
    for (const size of dims) header.long(size)
    header.number('Uint32', typeOf(tensor, type).id).long(offset)
    offset += padded(sizeOf(tensor, type))
  }
  return header.finish()
}
