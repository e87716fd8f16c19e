/** The parts of an ONNX file (onnx.proto3) that decide whether and how a graph can be served. */
import { graphInvalid } from '../graph/errors.ts'
import {
  floatField,
  type ProtobufField,
  protobufFields,
  repeatedVarints,
} from '../graph/protobuf.ts'

/** Field numbers of onnx.proto3. */
export const MODEL = { graph: 7, opsetImport: 8, function: 25 } as const
export const GRAPH = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const
export const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const
export const ATTRIBUTE = { name: 1, float: 2, integer: 3, text: 4, type: 20 } as const
export const TENSOR = { dimension: 1, type: 2, name: 8, rawData: 9 } as const
const OPSET = { domain: 1, version: 2 } as const
const VALUE_INFO = { name: 1 } as const

/** Nodes of one graph: the largest published decoders have about 20,000. */
const NODES_MAX = 200_000
const NAME_BYTES_MAX = 1_024
const decoder = new TextDecoder('utf-8', { fatal: true })

export interface GraphNode {
  readonly operator: string
  /** Empty for the standard's own operators. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** NodeProto. */
  readonly body: Uint8Array
  /** Where its field lies in the graph: [start, end). */
  readonly start: number
  readonly end: number
}

export interface GraphConstant {
  readonly name: string
  readonly dimensions: readonly number[]
}

export interface OnnxGraph {
  /** The whole file. */
  readonly file: Uint8Array
  /** The field of the one graph in the file; its content is `body`. */
  readonly field: ProtobufField
  readonly body: Uint8Array
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<string, GraphConstant>
  /** Fields of the graph that declare values: inputs, outputs and those between. */
  readonly values: readonly (ProtobufField & { readonly name: string })[]
  /** Version by domain, '' for the standard's own. */
  readonly opsets: ReadonlyMap<string, number>
  readonly functions: number
  readonly sparseConstants: number
}

/**
 * Reads nodes and constants, not the weights. Protobuf merges a message that comes twice, which no reader
 * here does: there must be one graph.
 * @throws ConfigError MODEL_GRAPH_INVALID
 */
export function readOnnxGraph(file: Uint8Array): OnnxGraph {
  return readingGraph(() => parse(file))
}

/**
 * For what is read of a graph later: attributes and shapes are messages that nobody has looked into yet.
 * @throws ConfigError MODEL_GRAPH_INVALID where the reading meets what is no protobuf, or a name that is no text
 */
export function readingGraph<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof TypeError) {
      throw graphInvalid('it is not an ONNX protobuf', thrown)
    }
    throw thrown
  }
}

function parse(file: Uint8Array): OnnxGraph {
  const fields = [...protobufFields(file)]
  const graphs = fields.filter(({ field }) => field === MODEL.graph)
  const [field] = graphs
  if (!(field?.value instanceof Uint8Array)) throw graphInvalid('it has no graph', undefined)
  if (graphs.length > 1) throw graphInvalid('it has several graphs', undefined)
  const opsets = new Map<string, number>()
  for (const { value } of fields.filter(({ field }) => field === MODEL.opsetImport)) {
    const parts = [...protobufFields(bytesOf(value))]
    const version = parts.findLast(({ field }) => field === OPSET.version)?.value
    opsets.set(
      standardDomain(lastText(parts, OPSET.domain)),
      typeof version === 'number' ? version : 0,
    )
  }
  const functions = fields.filter(({ field }) => field === MODEL.function).length
  return { file, field, body: field.value, opsets, functions, ...parseGraph(field.value) }
}

function parseGraph(body: Uint8Array) {
  const nodes: GraphNode[] = []
  const constants = new Map<string, GraphConstant>()
  const values: (ProtobufField & { name: string })[] = []
  let sparseConstants = 0
  for (const field of protobufFields(body)) {
    if (field.field === GRAPH.node) nodes.push(parseNode(field))
    else if (field.field === GRAPH.initializer) {
      const constant = parseConstant(bytesOf(field.value))
      constants.set(constant.name, constant)
    } else if (field.field === GRAPH.sparseInitializer) sparseConstants++
    else if (isValue(field.field)) {
      const name = lastText([...protobufFields(bytesOf(field.value))], VALUE_INFO.name)
      values.push({ ...field, name })
    }
    if (nodes.length > NODES_MAX) throw graphInvalid('it has too many nodes', undefined)
  }
  return { nodes, constants, values, sparseConstants }
}

function isValue(field: number): boolean {
  return field === GRAPH.input || field === GRAPH.output || field === GRAPH.valueInfo
}

function parseNode({ value, start, end }: ProtobufField): GraphNode {
  const body = bytesOf(value)
  const fields = [...protobufFields(body)]
  const texts = (field: number) =>
    fields.filter((one) => one.field === field).map((one) => text(bytesOf(one.value)))
  return {
    operator: lastText(fields, NODE.operator),
    domain: standardDomain(lastText(fields, NODE.domain)),
    inputs: texts(NODE.input),
    outputs: texts(NODE.output),
    body,
    start,
    end,
  }
}

/** "ai.onnx" is another name of the default domain (onnx.proto3, OperatorSetIdProto). */
function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

function parseConstant(body: Uint8Array): GraphConstant {
  const fields = [...protobufFields(body)]
  return {
    name: lastText(fields, TENSOR.name),
    dimensions: fields.filter(({ field }) => field === TENSOR.dimension).flatMap(repeatedVarints),
  }
}

/** An integer attribute of a node; undefined when it has none of that name. */
export function integerAttribute(node: GraphNode, name: string): number | undefined {
  const parts = attributesNamed(node, name).flatMap(({ value }) => [
    ...protobufFields(bytesOf(value)),
  ])
  const integer = parts.findLast(({ field }) => field === ATTRIBUTE.integer)?.value
  return typeof integer === 'number' ? integer : undefined
}

/** A float attribute of a node; undefined when it has none of that name. */
export function floatAttribute(node: GraphNode, name: string): number | undefined {
  return attributesNamed(node, name)
    .map(({ value }) => floatField(bytesOf(value), ATTRIBUTE.float))
    .findLast((float) => float !== undefined)
}

export function textAttribute(node: GraphNode, name: string): string | undefined {
  const parts = attributesNamed(node, name).flatMap(({ value }) => [
    ...protobufFields(bytesOf(value)),
  ])
  return parts.some(({ field }) => field === ATTRIBUTE.text)
    ? lastText(parts, ATTRIBUTE.text)
    : undefined
}

/** The fields of a node that hold an attribute of this name. */
export function attributesNamed(node: GraphNode, name: string): ProtobufField[] {
  return [...protobufFields(node.body)].filter(
    ({ field, value }) =>
      field === NODE.attribute &&
      lastText([...protobufFields(bytesOf(value))], ATTRIBUTE.name) === name,
  )
}

export function bytesOf(value: ProtobufField['value']): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new SyntaxError('a number where a message belongs')
}

/** A field that comes twice counts as it came last. */
function lastText(fields: readonly ProtobufField[], field: number): string {
  const found = fields.findLast((one) => one.field === field)
  return found === undefined ? '' : text(bytesOf(found.value))
}

function text(bytes: Uint8Array): string {
  if (bytes.length > NAME_BYTES_MAX) throw new SyntaxError('a name is too long')
  return decoder.decode(bytes)
}
