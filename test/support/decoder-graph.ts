/** Writes a small decoder as an ONNX graph, the way exporters for onnxruntime do, in several formats. */
import { type Attribute, type DataType, OnnxGraph } from '#inference/synth/onnx-graph.ts'
import {
  type DecoderShape,
  type DecoderWeights,
  decoderWeights,
  type LayerWeights,
  type Matrix,
  ropeAngles,
} from './decoder-weights.ts'

/** q4 and q8: MatMulNBits with float32 around it; q4f16: with float16 around it. */
export type DecoderFormat = 'fp32' | 'fp16' | 'q8' | 'q4' | 'q4f16'

export interface DecoderGraphOptions {
  readonly shape: DecoderShape
  readonly format: DecoderFormat
  readonly seed?: number
  /** Operators after the head: Granite's division, Gemma's soft cap. */
  readonly after?: 'scaling' | 'soft cap'
  /** Of MatMulNBits; absent: the graph leaves it open, as most exports do. */
  readonly accuracyLevel?: number
  /** A `num_logits_to_keep` input, as newer exporters write it. */
  readonly hasLogitsCount?: boolean
  /** Puts the embedding into this file beside the graph. */
  readonly externalFile?: string
}

/** Float16 elements are given by their bits. */
type Elements = Float32Array | Uint16Array | Uint8Array

const MICROSOFT = { domain: 'com.microsoft' } as const
const BLOCK = 32
/** TensorProto.DataType */
const CAST = { int32: 6 } as const

/** The serialised graph, and the bytes of its embedding for the case that they lie outside. */
export function decoderGraph(options: DecoderGraphOptions) {
  const weights = decoderWeights(options.shape, options.seed ?? 1)
  return new DecoderWriter(options, weights).write()
}

class DecoderWriter {
  readonly #graph = new OnnxGraph()
  readonly #options: DecoderGraphOptions
  readonly #weights: DecoderWeights
  readonly #type: 'float32' | 'float16'
  #constants = 0

  constructor(options: DecoderGraphOptions, weights: DecoderWeights) {
    this.#options = options
    this.#weights = weights
    this.#type = options.format.endsWith('16') ? 'float16' : 'float32'
  }

  write(): { graph: Uint8Array; external: Uint8Array } {
    const graph = this.#graph
    const { shape, hasLogitsCount } = this.#options
    const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
    const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
    graph.input('position_ids', 'int64', ['batch_size', 'sequence_length'])
    const count = hasLogitsCount ? graph.input('num_logits_to_keep', 'int64', []) : undefined
    const { embedding } = this.#weights
    const table = this.#elements(embedding.values)
    const dims = [embedding.rows, embedding.columns]
    const { externalFile } = this.#options
    const embedded =
      externalFile === undefined
        ? this.#constant(table, dims)
        : graph.externalTensor('embedding', this.#type, dims, table.byteLength, {
            location: externalFile,
            offsetBytes: 0,
          })
    const lengths = this.#lengths(mask)
    const angles = ropeAngles(shape)
    const rope = [Math.cos, Math.sin].map((wave) =>
      this.#constant(this.#elements(Float32Array.from(angles, wave)), [
        shape.contextTokens,
        shape.headSize / 2,
      ]),
    )
    let hidden = graph.operator('Gather', [embedded, ids])
    for (const [at, layer] of this.#weights.layers.entries()) {
      hidden = this.#layer(hidden, layer, at, [...lengths, ...rope])
    }
    this.#head(this.#norm(hidden, this.#weights.norm), embedded, count)
    return { graph: graph.model(), external: bytesOf(table) }
  }

  #layer(hidden: string, layer: LayerWeights, at: number, attention: readonly string[]): string {
    const { shape } = this.#options
    const graph = this.#graph
    const normed = this.#norm(hidden, layer.inputNorm)
    const projected = [layer.query, layer.key, layer.value].map((matrix, part) => {
      const product = this.#product(normed, matrix)
      const bias = layer.biases[part]
      const value = bias === undefined ? product : this.#add(product, this.#vector(bias))
      const norm = layer.headNorms[part]
      return norm === undefined ? value : this.#normHeads(value, matrix.rows, norm)
    })
    const cacheShape = (length: string) => ['batch_size', shape.cacheHeads, length, shape.headSize]
    const past = ['key', 'value'].map((part) =>
      graph.input(`past_key_values.${at}.${part}`, this.#type, cacheShape('past_sequence_length')),
    )
    const present = ['key', 'value'].map((part) => `present.${at}.${part}`)
    for (const name of present) {
      graph.output(name, this.#type, cacheShape('total_sequence_length'))
    }
    const attended = graph.operator('GroupQueryAttention', [...projected, ...past, ...attention], {
      outputs: [`attended.${at}`, ...present],
      attributes: { num_heads: shape.heads, kv_num_heads: shape.cacheHeads, do_rotary: 1 },
      ...MICROSOFT,
    })
    const mixed = this.#add(hidden, this.#product(attended, layer.output))
    const inner = this.#norm(mixed, layer.innerNorm)
    const gate = this.#product(inner, layer.gate)
    const silu = graph.operator('Mul', [gate, graph.operator('Sigmoid', [gate])])
    const gated = graph.operator('Mul', [silu, this.#product(inner, layer.up)])
    return this.#add(mixed, this.#product(gated, layer.down))
  }

  #head(normed: string, embedded: string, count: string | undefined): void {
    const { shape, format, after } = this.#options
    const graph = this.#graph
    const kept = count === undefined ? normed : this.#lastOf(normed, count)
    const isQuantised = format.startsWith('q')
    const outputs = { outputs: ['logits'] }
    const isLast = after === undefined
    // A tied head is the embedding, turned while the graph is loaded.
    const turned = { attributes: { perm: [1, 0] } }
    const product =
      shape.isTied && !isQuantised
        ? graph.operator(
            'MatMul',
            [kept, graph.operator('Transpose', [embedded], turned)],
            isLast ? outputs : {},
          )
        : this.#product(kept, this.#weights.head, isLast ? outputs : {})
    if (after === 'scaling') graph.operator('Div', [product, this.#scalar(4)], outputs)
    if (after === 'soft cap') {
      const capped = graph.operator('Tanh', [graph.operator('Div', [product, this.#scalar(3)])])
      graph.operator('Mul', [capped, this.#scalar(3)], outputs)
    }
    graph.output('logits', this.#type, ['batch_size', 'sequence_length', shape.vocabulary])
  }

  /** The last positions, as many as the input says. */
  #lastOf(hidden: string, count: string): string {
    const graph = this.#graph
    const one = graph.constant(BigInt64Array.of(1n), [1])
    const start = graph.operator('Neg', [graph.operator('Reshape', [count, one])])
    const end = graph.constant(BigInt64Array.of(2n ** 63n - 1n), [1])
    return graph.operator('Slice', [hidden, start, end, one])
  }

  /** GroupQueryAttention wants the last index per row and the total length, both int32. */
  #lengths(mask: string): string[] {
    const graph = this.#graph
    const one = graph.constant(BigInt64Array.of(1n), [1])
    const sums = graph.operator('ReduceSum', [mask, one], { attributes: { keepdims: 0 } })
    const axis = graph.constant(BigInt64Array.of(1n), [])
    const total = graph.operator('Gather', [graph.operator('Shape', [mask]), axis])
    return [graph.operator('Sub', [sums, one]), total].map((value) =>
      graph.operator('Cast', [value], { attributes: { to: CAST.int32 } }),
    )
  }

  #norm(value: string, weight: Float32Array): string {
    return this.#graph.operator('SimplifiedLayerNormalization', [value, this.#vector(weight)], {
      attributes: { axis: -1, epsilon: { float: 1e-6 }, stash_type: 1 },
    })
  }

  /** Each head by itself. */
  #normHeads(value: string, width: number, weight: Float32Array): string {
    const graph = this.#graph
    const shape = (...sizes: number[]) =>
      graph.constant(BigInt64Array.from(sizes, BigInt), [sizes.length])
    const heads = shape(0, 0, width / weight.length, weight.length)
    const apart = graph.operator('Reshape', [value, heads])
    return graph.operator('Reshape', [this.#norm(apart, weight), shape(0, 0, width)])
  }

  #product(value: string, matrix: Matrix, options: { readonly outputs?: string[] } = {}): string {
    const { format } = this.#options
    const { rows, columns } = matrix
    if (!format.startsWith('q')) {
      const turned = this.#constant(this.#elements(transposed(matrix)), [columns, rows])
      return this.#graph.operator('MatMul', [value, turned], options)
    }
    const bits = format.startsWith('q8') ? 8 : 4
    const { blocks, scales } = quantised(matrix, bits)
    const blockBytes = (BLOCK * bits) / 8
    const packed = this.#constant(blocks, [rows, columns / BLOCK, blockBytes])
    const scale = this.#constant(this.#elements(scales), [scales.length])
    const attributes: Record<string, Attribute> = { K: columns, N: rows, bits, block_size: BLOCK }
    const { accuracyLevel } = this.#options
    if (accuracyLevel !== undefined) attributes['accuracy_level'] = accuracyLevel
    const given = { attributes, ...MICROSOFT, ...options }
    return this.#graph.operator('MatMulNBits', [value, packed, scale], given)
  }

  #constant(values: Elements, shape: readonly number[]): string {
    const name = `weights.${this.#constants++}`
    return this.#graph.tensor(name, typeOf(values), shape, bytesOf(values))
  }

  #add(a: string, b: string): string {
    return this.#graph.operator('Add', [a, b])
  }

  #scalar(value: number): string {
    return this.#constant(this.#elements(Float32Array.of(value)), [])
  }

  #vector(values: Float32Array): string {
    return this.#constant(this.#elements(values), [values.length])
  }

  #elements(values: Float32Array): Elements {
    return this.#type === 'float32' ? values : float16Bits(values)
  }
}

function float16Bits(values: Float32Array): Uint16Array {
  const bits = new DataView(new ArrayBuffer(2 * values.length))
  for (const [at, value] of values.entries()) bits.setFloat16(2 * at, value, true)
  return new Uint16Array(bits.buffer)
}

function typeOf(values: Elements): DataType {
  if (values instanceof Float32Array) return 'float32'
  return values instanceof Uint16Array ? 'float16' : 'uint8'
}

function bytesOf({ buffer, byteOffset, byteLength }: Elements): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function transposed({ rows, columns, values }: Matrix): Float32Array {
  const out = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = values[row * columns + column] ?? 0
    }
  }
  return out
}

/** Symmetric blocks of 32 with one scale each; the low half of a byte holds the earlier value. */
function quantised({ values }: Matrix, bits: 4 | 8) {
  const highest = 2 ** (bits - 1) - 1
  const scales = new Float32Array(values.length / BLOCK)
  const blocks = new Uint8Array((values.length * bits) / 8)
  for (const [block] of scales.entries()) {
    const part = values.subarray(block * BLOCK, (block + 1) * BLOCK)
    const scale = Math.max(...part.map(Math.abs)) / highest
    scales[block] = scale
    for (const [at, value] of part.entries()) {
      const level = Math.round(value / scale) + highest + 1
      const index = block * BLOCK + at
      if (bits === 8) blocks[index] = level
      else blocks[index >> 1] = (blocks[index >> 1] ?? 0) | (level << (4 * (index & 1)))
    }
  }
  return { blocks, scales }
}
