/**
 * The graph of a decoder in the layout of the Hugging Face hub, with the operators that onnxruntime's
 * exporters write: GroupQueryAttention with rotary positions, (Skip)SimplifiedLayerNormalization and, when
 * quantised, MatMulNBits in blocks of 32 with 8-bit activations (accuracy level 4).
 */
import type { LateBytes } from '../onnx/graph/protobuf-writer.ts'
import { halved } from './half-precision.ts'
import type { OnnxGraph } from './onnx-graph.ts'
import { BLOCK_WEIGHTS } from './quantise.ts'
import type { DecoderShape, Quantisation } from './shapes.ts'
import {
  type LinearPart,
  type LinearWeights,
  quantisedTensors,
  randomFloats,
  transposedFloats,
} from './weights.ts'

export interface DecoderOptions {
  readonly shape: DecoderShape
  readonly quantisation: Quantisation
  readonly seed: number
  /** Logits [batch, 1, vocabulary] of the last position read, or [batch, sequence, vocabulary]. */
  readonly logits: 'last' | 'all'
}

/** Puts a tensor of weights into the graph, or beside it, and returns its name. */
export type PlaceTensor = (
  name: string,
  type: 'float32' | 'float16' | 'uint8',
  shape: readonly number[],
  bytes: LateBytes,
) => string

const MICROSOFT = { domain: 'com.microsoft' } as const
/** Activations are rounded to 8 bits in blocks of 32, like llama.cpp's. */
const ACCURACY_LEVEL = 4
/** Token embeddings are small beside what the layers add. */
const EMBEDDING_SCALE = 0.1
const TO_INT32 = { attributes: { to: 6 } }
const TO_FLOAT32 = { attributes: { to: 1 } }

class DecoderGraph {
  readonly #graph: OnnxGraph
  readonly #place: PlaceTensor
  readonly #options: DecoderOptions
  /** In which the graph calculates. */
  readonly #type: 'float32' | 'float16'

  constructor(graph: OnnxGraph, place: PlaceTensor, options: DecoderOptions) {
    this.#graph = graph
    this.#place = place
    this.#options = options
    this.#type = options.quantisation.endsWith('16') ? 'float16' : 'float32'
  }

  write(): void {
    const graph = this.#graph
    const { shape, logits } = this.#options
    const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
    const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
    const attentionInputs = [...this.#lengths(mask), ...this.#rotaryTables()]
    let residual = graph.operator('Gather', [this.#embedding(), ids])
    let hidden = this.#firstNorm(residual)
    for (let layer = 0; layer < shape.layers; layer++) {
      const attended = this.#attention(hidden, attentionInputs, layer)
      const between = this.#addAndNorm(
        residual,
        attended,
        layerName(layer, 'post_attention_layernorm'),
      )
      const fed = this.#feedForward(between.hidden, layer)
      const isLast = layer === shape.layers - 1
      const norm = isLast ? 'model.norm' : layerName(layer + 1, 'input_layernorm')
      const after = this.#addAndNorm(between.residual, fed, norm)
      hidden = after.hidden
      residual = after.residual
    }
    if (logits === 'last') {
      const last = graph.constant(BigInt64Array.of(-1n), [1])
      hidden = graph.operator('Gather', [hidden, last], { attributes: { axis: 1 } })
    }
    const { width, vocabularySize } = shape
    const isHalf = this.#type === 'float16'
    const head = this.#linear(hidden, 'lm_head', width, vocabularySize, isHalf ? 'head' : 'logits')
    if (isHalf) graph.operator('Cast', [head], { ...TO_FLOAT32, outputs: ['logits'] })
    const rows = logits === 'last' ? 1 : 'sequence_length'
    graph.output('logits', 'float32', ['batch_size', rows, vocabularySize])
  }

  #embedding(): string {
    const { shape, seed } = this.#options
    const { vocabularySize, width } = shape
    const name = 'model.embed_tokens.weight'
    const values = randomFloats(name, seed, vocabularySize, width, EMBEDDING_SCALE)
    return this.#floats(name, [vocabularySize, width], values)
  }

  /** Float32 values, in the type of the graph. */
  #floats(name: string, shape: readonly number[], values: LateBytes): string {
    return this.#type === 'float16'
      ? this.#place(name, 'float16', shape, halved(values))
      : this.#place(name, 'float32', shape, values)
  }

  /** GroupQueryAttention wants the last index per row and the total length, both int32. */
  #lengths(mask: string): string[] {
    const graph = this.#graph
    const one = graph.constant(BigInt64Array.of(1n), [1])
    const sums = graph.operator('ReduceSum', [mask, one], { attributes: { keepdims: 0 } })
    const last = graph.operator('Sub', [sums, one])
    const axis = graph.constant(BigInt64Array.of(1n), [])
    const total = graph.operator('Gather', [graph.operator('Shape', [mask]), axis])
    return [graph.operator('Cast', [last], TO_INT32), graph.operator('Cast', [total], TO_INT32)]
  }

  /** Cosine and sine by position and frequency (Su et al., RoFormer, 2021). */
  #rotaryTables(): string[] {
    const { contextTokens, headSize, ropeTheta } = this.#options.shape
    const half = headSize / 2
    return (['cos', 'sin'] as const).map((name) => {
      const turn = Math[name]
      const table = new Float32Array(contextTokens * half)
      for (let at = 0; at < table.length; at++) {
        const frequency = ropeTheta ** ((-2 * (at % half)) / headSize)
        table[at] = turn(Math.floor(at / half) * frequency)
      }
      return this.#type === 'float16'
        ? this.#small(`${name}_cache`, [contextTokens, half], table)
        : this.#graph.constant(table, [contextTokens, half])
    })
  }

  #attention(hidden: string, given: readonly string[], layer: number): string {
    const { heads, cacheHeads, headSize, width } = this.#options.shape
    const [querySize, cacheSize] = [heads * headSize, cacheHeads * headSize]
    const part = (name: string, outputs: number): LinearPart => ({
      name: layerName(layer, `self_attn.${name}`),
      outputs,
    })
    const query = part('q_proj', querySize)
    const cached = [part('k_proj', cacheSize), part('v_proj', cacheSize)] as const
    const projected = this.#projections(hidden, layer, query, cached)
    const cacheShape = (length: string) => ['batch_size', cacheHeads, length, headSize]
    const parts = ['key', 'value'] as const
    const past = parts.map((part) =>
      this.#graph.input(
        `past_key_values.${layer}.${part}`,
        this.#type,
        cacheShape('past_sequence_length'),
      ),
    )
    const present = parts.map((part) => `present.${layer}.${part}`)
    for (const name of present) {
      this.#graph.output(name, this.#type, cacheShape('total_sequence_length'))
    }
    const inputs = [...projected, ...past, ...given]
    const attended = this.#graph.operator('GroupQueryAttention', inputs, {
      ...MICROSOFT,
      outputs: [`${layerName(layer, 'self_attn')}.attended`, ...present],
      attributes: {
        num_heads: heads,
        kv_num_heads: cacheHeads,
        scale: { float: 1 / Math.sqrt(headSize) },
        do_rotary: 1,
        rotary_interleaved: 0,
      },
    })
    return this.#linear(attended, layerName(layer, 'self_attn.o_proj'), querySize, width)
  }

  /**
   * Queries, keys and values: one product, as exporters pack them, unless something stands between it and
   * the attention.
   */
  #projections(
    hidden: string,
    layer: number,
    query: LinearPart,
    [key, value]: readonly [LinearPart, LinearPart],
  ): readonly string[] {
    const { width, heads, cacheHeads, hasHeadNorms } = this.#options.shape
    if (!hasHeadNorms) {
      const packed = { parts: [query, key, value], inputs: width }
      return [this.#product(hidden, layerName(layer, 'self_attn.qkv_proj'), packed), '', '']
    }
    const project = ({ name, outputs }: LinearPart) => this.#linear(hidden, name, width, outputs)
    return [
      this.#headNorm(project(query), heads, layer, 'q_norm'),
      this.#headNorm(project(key), cacheHeads, layer, 'k_norm'),
      project(value),
    ]
  }

  /** Qwen3 normalises each head of queries and keys. */
  #headNorm(value: string, heads: number, layer: number, part: string): string {
    const { headSize } = this.#options.shape
    const graph = this.#graph
    const reshape = (from: string, sizes: readonly bigint[]) =>
      graph.operator('Reshape', [from, graph.constant(BigInt64Array.from(sizes), [sizes.length])])
    const byHead = reshape(value, [0n, -1n, BigInt(heads), BigInt(headSize)])
    const normed = this.#norm(byHead, layerName(layer, `self_attn.${part}`), headSize)
    return reshape(normed, [0n, -1n, BigInt(heads * headSize)])
  }

  #feedForward(hidden: string, layer: number): string {
    const graph = this.#graph
    const { width, feedForward } = this.#options.shape
    const part = (name: string) => layerName(layer, `mlp.${name}`)
    const gate = this.#linear(hidden, part('gate_proj'), width, feedForward)
    const up = this.#linear(hidden, part('up_proj'), width, feedForward)
    const activated = graph.operator('Mul', [gate, graph.operator('Sigmoid', [gate])])
    const fed = graph.operator('Mul', [activated, up])
    return this.#linear(fed, part('down_proj'), feedForward, width)
  }

  #firstNorm(residual: string): string {
    return this.#norm(residual, layerName(0, 'input_layernorm'), this.#options.shape.width)
  }

  #norm(value: string, name: string, size: number): string {
    const { normEpsilon } = this.#options.shape
    return this.#graph.operator('SimplifiedLayerNormalization', [value, this.#ones(name, size)], {
      attributes: { axis: -1, epsilon: { float: normEpsilon }, stash_type: 1 },
    })
  }

  #addAndNorm(residual: string, added: string, name: string) {
    const { width, normEpsilon } = this.#options.shape
    const sum = `${name}.residual`
    const inputs = [residual, added, this.#ones(name, width)]
    const hidden = this.#graph.operator('SkipSimplifiedLayerNormalization', inputs, {
      ...MICROSOFT,
      outputs: [`${name}.output`, '', '', sum],
      attributes: { epsilon: { float: normEpsilon } },
    })
    return { hidden, residual: sum }
  }

  #ones(name: string, size: number): string {
    return this.#small(`${name}.weight`, [size], new Float32Array(size).fill(1))
  }

  /** A tensor that stays in the graph, whatever its weights do. */
  #small(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    const bytes = new Uint8Array(values.buffer)
    const late = { length: bytes.length, chunks: () => [bytes] }
    const placed = this.#type === 'float16' ? halved(late) : late
    return this.#graph.tensor(name, this.#type, shape, placed)
  }

  #linear(from: string, name: string, inputs: number, outputs: number, to?: string): string {
    return this.#product(from, name, { parts: [{ name, outputs }], inputs }, to)
  }

  #product(from: string, name: string, weights: LinearWeights, to = `${name}.output`): string {
    const { quantisation, seed } = this.#options
    const { inputs } = weights
    const outputs = weights.parts.reduce((sum, part) => sum + part.outputs, 0)
    if (quantisation === 'fp32' || quantisation === 'fp16') {
      const values = transposedFloats(weights, seed)
      const matrix = this.#floats(`${name}.MatMul.weight`, [inputs, outputs], values)
      return this.#graph.operator('MatMul', [from, matrix], { outputs: [to] })
    }
    const bits = quantisation === 'q8' ? 8 : 4
    const { levels, scales } = quantisedTensors(weights, seed, bits)
    const blocks = inputs / BLOCK_WEIGHTS
    const shape = [outputs, blocks, (BLOCK_WEIGHTS * bits) / 8]
    const stem = `${name}.MatMul.weight`
    const matrix = this.#place(`${stem}_Q${bits}`, 'uint8', shape, levels)
    const scale = this.#floats(`${stem}_scales`, [outputs * blocks], scales)
    return this.#graph.operator('MatMulNBits', [from, matrix, scale], {
      ...MICROSOFT,
      outputs: [to],
      attributes: {
        K: inputs,
        N: outputs,
        bits,
        block_size: BLOCK_WEIGHTS,
        accuracy_level: ACCURACY_LEVEL,
      },
    })
  }
}

function layerName(layer: number, part: string): string {
  return `model.layers.${layer}.${part}`
}

/** Writes inputs, operators and weights of the decoder into the graph. */
export function writeDecoder(graph: OnnxGraph, place: PlaceTensor, options: DecoderOptions): void {
  new DecoderGraph(graph, place, options).write()
}
