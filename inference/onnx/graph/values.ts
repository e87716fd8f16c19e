/** Inputs and outputs that an ONNX file declares (onnx.proto3: ModelProto, GraphProto, ValueInfoProto). */
import { ConfigError } from '#protocol/errors.ts'
import { protobufFields } from './protobuf.ts'

export interface GraphValue {
  readonly name: string
  /** TensorProto.DataType by name; undefined when it is no tensor or of another type. */
  readonly type: 'float32' | 'float16' | 'int8' | 'int32' | 'int64' | undefined
  /** A dimension that only runs tell is undefined. */
  readonly shape: readonly (number | undefined)[]
}

export interface GraphValues {
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
}

const DATA_TYPES: Readonly<Record<number, NonNullable<GraphValue['type']>>> = {
  1: 'float32',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
}
const MODEL = { graph: 7 } as const
const GRAPH = { initializer: 5, input: 11, output: 12 } as const
const TENSOR = { name: 8 } as const
const VALUE_INFO = { name: 1, type: 2 } as const
const TYPE = { tensor: 1 } as const
const TENSOR_TYPE = { elementType: 1, shape: 2 } as const
const SHAPE = { dimension: 1 } as const
const DIMENSION = { value: 1 } as const
const NAME_BYTES_MAX = 256

/**
 * What a caller must feed and what comes back: inputs that have an initializer are constants.
 * @throws ConfigError MODEL_GRAPH_INVALID
 */
export function readGraphValues(file: Uint8Array): GraphValues {
  try {
    const graph = messages(file, MODEL.graph).at(-1)
    if (graph === undefined) throw new SyntaxError('no graph')
    const constants = new Set(messages(graph, GRAPH.initializer).map(tensorName))
    return {
      inputs: messages(graph, GRAPH.input)
        .map(readValue)
        .filter(({ name }) => !constants.has(name)),
      outputs: messages(graph, GRAPH.output).map(readValue),
    }
  } catch (cause) {
    throw new ConfigError('MODEL_GRAPH_INVALID', 'the ONNX graph is invalid: not a protobuf', {
      remedy: 'Fetch the model again, or export it again.',
      data: { reason: 'not a protobuf' },
      cause,
    })
  }
}

function tensorName(tensor: Uint8Array): string {
  return text(messages(tensor, TENSOR.name).at(-1))
}

function readValue(bytes: Uint8Array): GraphValue {
  const name = text(messages(bytes, VALUE_INFO.name).at(-1))
  const type = messages(bytes, VALUE_INFO.type).at(-1)
  const tensor = type === undefined ? undefined : messages(type, TYPE.tensor).at(-1)
  if (tensor === undefined) return { name, type: undefined, shape: [] }
  const elementType = integer(tensor, TENSOR_TYPE.elementType) ?? 0
  const shape = messages(tensor, TENSOR_TYPE.shape).at(-1) ?? new Uint8Array()
  const dimensions = messages(shape, SHAPE.dimension)
  return {
    name,
    type: DATA_TYPES[elementType],
    shape: dimensions.map((dimension) => integer(dimension, DIMENSION.value)),
  }
}

function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const one of protobufFields(bytes)) {
    if (one.field === field && one.value instanceof Uint8Array) found.push(one.value)
  }
  return found
}

function integer(bytes: Uint8Array, field: number): number | undefined {
  let found: number | undefined
  for (const one of protobufFields(bytes)) {
    if (one.field === field && typeof one.value === 'number') found = one.value
  }
  return found
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes !== undefined && bytes.length > NAME_BYTES_MAX) throw new SyntaxError('name too long')
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
