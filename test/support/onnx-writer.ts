/**
 * Writes ONNX models (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): just the protobuf
 * fields that a small decoder needs, so that tests can make models without another toolchain.
 */
import { utf8 } from '#protocol/bytes.ts'

/** TensorProto.DataType */
const DATA_TYPE = { float32: 1, int32: 6, int64: 7, float16: 10 } as const
export type DataType = keyof typeof DATA_TYPE

export type Dimension = number | string
export type Attribute = number | { readonly float: number } | readonly number[] | string

const IR_VERSION = 9
const OPSETS = { '': 18, 'com.microsoft': 1 }

/** Protobuf wire types 0 (varint), 2 (length-delimited) and 5 (32 bits). */
class Message {
  readonly #bytes: number[] = []

  int(field: number, value: number | bigint): this {
    this.#varint(BigInt(field) << 3n)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  float(field: number, value: number): this {
    this.#varint((BigInt(field) << 3n) | 5n)
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer))
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((BigInt(field) << 3n) | 2n)
    this.#varint(BigInt(value.length))
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8(value))
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  #varint(value: bigint): void {
    let rest = value
    for (; rest > 127n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128)
    this.#bytes.push(Number(rest))
  }
}

/** One GraphProto under construction. Operators return the name of their first output. */
export class OnnxGraph {
  readonly #nodes: Message[] = []
  readonly #initializers: Message[] = []
  readonly #inputs: Message[] = []
  readonly #outputs: Message[] = []
  #names = 0

  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, shape))
  }

  constant(values: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const tensor = tensorHeader(values, shape, this.#name())
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    this.#initializers.push(tensor.message.bytes(9, bytes))
    return tensor.name
  }

  /** A tensor whose bytes lie in another file, as graphs above 2 GiB have them. */
  externalConstant(values: Float32Array, shape: readonly number[], location: string): string {
    const tensor = tensorHeader(values, shape, this.#name())
    const entries = { location, offset: '0', length: String(values.byteLength) }
    for (const [key, value] of Object.entries(entries)) {
      tensor.message.message(13, new Message().text(1, key).text(2, value))
    }
    this.#initializers.push(tensor.message.int(14, 1))
    return tensor.name
  }

  operator(
    type: string,
    inputs: readonly string[],
    options: {
      readonly outputs?: readonly string[]
      readonly attributes?: Readonly<Record<string, Attribute>>
      readonly domain?: keyof typeof OPSETS
    } = {},
  ): string {
    const outputs = options.outputs ?? [this.#name()]
    const node = new Message()
    for (const input of inputs) node.text(1, input)
    for (const output of outputs) node.text(2, output)
    node.text(3, this.#name()).text(4, type)
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      node.message(5, attribute(name, value))
    }
    this.#nodes.push(node.text(7, options.domain ?? ''))
    return outputs[0] ?? ''
  }

  /** The serialised ModelProto. */
  model(): Uint8Array {
    const graph = new Message()
    for (const node of this.#nodes) graph.message(1, node)
    graph.text(2, 'test')
    for (const initializer of this.#initializers) graph.message(5, initializer)
    for (const input of this.#inputs) graph.message(11, input)
    for (const output of this.#outputs) graph.message(12, output)
    const model = new Message().int(1, IR_VERSION).message(7, graph)
    for (const [domain, version] of Object.entries(OPSETS)) {
      model.message(8, new Message().text(1, domain).int(2, version))
    }
    return model.finish()
  }

  #name(): string {
    return `t${this.#names++}`
  }
}

function tensorHeader(
  values: Float32Array | BigInt64Array,
  shape: readonly number[],
  name: string,
) {
  const message = new Message()
  for (const size of shape) message.int(1, size)
  message.int(2, DATA_TYPE[values instanceof Float32Array ? 'float32' : 'int64']).text(8, name)
  return { message, name }
}

function valueInfo(name: string, type: DataType, shape: readonly Dimension[]): Message {
  const dims = new Message()
  for (const size of shape) {
    dims.message(
      1,
      typeof size === 'number' ? new Message().int(1, size) : new Message().text(2, size),
    )
  }
  const tensor = new Message().int(1, DATA_TYPE[type]).message(2, dims)
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}

/** AttributeProto with its type: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name)
  if (typeof value === 'number') return message.int(3, value).int(20, 2)
  if (typeof value === 'string') return message.text(4, value).int(20, 3)
  if ('float' in value) return message.float(2, value.float).int(20, 1)
  for (const item of value) message.int(8, item)
  return message.int(20, 7)
}
