/**
 * Writes ONNX models (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): just the fields that a
 * decoder needs, so that models can be made without another toolchain.
 */
import { type LateBytes, ProtobufMessage } from '../onnx/graph/protobuf-writer.ts'

/** TensorProto.DataType */
const DATA_TYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10 } as const
export type DataType = keyof typeof DATA_TYPE

export type Dimension = number | string
export type Attribute = number | { readonly float: number } | readonly number[] | string

const IR_VERSION = 9
const OPSETS = { '': 18, 'com.microsoft': 1 }
const EXTERNAL = 1

export interface OperatorOptions {
  readonly outputs?: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: keyof typeof OPSETS
}

/** Where the bytes of a tensor lie, when not in the graph. */
export interface ExternalPlace {
  readonly location: string
  readonly offsetBytes: number
}

/** One GraphProto under construction. Operators return the name of their first output. */
export class OnnxGraph {
  readonly #nodes: ProtobufMessage[] = []
  readonly #initializers: ProtobufMessage[] = []
  readonly #inputs: ProtobufMessage[] = []
  readonly #outputs: ProtobufMessage[] = []
  readonly #title: string
  #names = 0

  /** The title stands in the file as name of graph and producer. */
  constructor(title = 'test') {
    this.#title = title
  }

  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, shape))
  }

  constant(values: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const type = values instanceof Float32Array ? 'float32' : 'int64'
    return this.tensor(this.#name(), type, shape, bytesOf(values))
  }

  /** A tensor whose bytes lie in another file, as graphs above 2 GiB have them. */
  externalConstant(values: Float32Array, shape: readonly number[], location: string): string {
    const place = { location, offsetBytes: 0 }
    return this.externalTensor(this.#name(), 'float32', shape, values.byteLength, place)
  }

  /** A named tensor; its bytes are little-endian and made when the model is written. */
  tensor(
    name: string,
    type: DataType,
    shape: readonly number[],
    bytes: Uint8Array | LateBytes,
  ): string {
    this.#initializers.push(tensorHeader(name, type, shape).bytes(9, bytes))
    return name
  }

  externalTensor(
    name: string,
    type: DataType,
    shape: readonly number[],
    lengthBytes: number,
    { location, offsetBytes }: ExternalPlace,
  ): string {
    const tensor = tensorHeader(name, type, shape)
    const entries = { location, offset: String(offsetBytes), length: String(lengthBytes) }
    for (const [key, value] of Object.entries(entries)) {
      tensor.message(13, new ProtobufMessage().text(1, key).text(2, value))
    }
    this.#initializers.push(tensor.int(14, EXTERNAL))
    return name
  }

  operator(type: string, inputs: readonly string[], options: OperatorOptions = {}): string {
    const outputs = options.outputs ?? [this.#name()]
    const node = new ProtobufMessage()
    for (const input of inputs) node.text(1, input)
    for (const output of outputs) node.text(2, output)
    node.text(3, this.#name()).text(4, type)
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      node.message(5, attribute(name, value))
    }
    this.#nodes.push(node.text(7, options.domain ?? ''))
    return outputs[0] ?? ''
  }

  /** The ModelProto, whole in memory. */
  model(): Uint8Array {
    return this.message().finish()
  }

  /** The ModelProto, to be written piece by piece. */
  message(): ProtobufMessage {
    const graph = new ProtobufMessage()
    for (const node of this.#nodes) graph.message(1, node)
    graph.text(2, this.#title)
    for (const initializer of this.#initializers) graph.message(5, initializer)
    for (const input of this.#inputs) graph.message(11, input)
    for (const output of this.#outputs) graph.message(12, output)
    const model = new ProtobufMessage().int(1, IR_VERSION).text(2, this.#title).message(7, graph)
    for (const [domain, version] of Object.entries(OPSETS)) {
      model.message(8, new ProtobufMessage().text(1, domain).int(2, version))
    }
    return model
  }

  #name(): string {
    return `t${this.#names++}`
  }
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function tensorHeader(name: string, type: DataType, shape: readonly number[]): ProtobufMessage {
  const message = new ProtobufMessage()
  for (const size of shape) message.int(1, size)
  return message.int(2, DATA_TYPE[type]).text(8, name)
}

function valueInfo(name: string, type: DataType, shape: readonly Dimension[]): ProtobufMessage {
  const dims = new ProtobufMessage()
  for (const size of shape) {
    const dimension = new ProtobufMessage()
    dims.message(1, typeof size === 'number' ? dimension.int(1, size) : dimension.text(2, size))
  }
  const tensor = new ProtobufMessage().int(1, DATA_TYPE[type]).message(2, dims)
  return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor))
}

/** AttributeProto with its type: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attribute(name: string, value: Attribute): ProtobufMessage {
  const message = new ProtobufMessage().text(1, name)
  if (typeof value === 'number') return message.int(3, value).int(20, 2)
  if (typeof value === 'string') return message.text(4, value).int(20, 3)
  if ('float' in value) return message.float(2, value.float).int(20, 1)
  for (const item of value) message.int(8, item)
  return message.int(20, 7)
}
