/** Changes to one graph, collected and then applied to the bytes of its file in a single copy. */
import { concat } from '#protocol/bytes.ts'
import { protobufFields } from '../graph/protobuf.ts'
import {
  bytesField,
  fieldHeader,
  floatField,
  integerField,
  textField,
} from '../graph/protobuf-writer.ts'
import {
  ATTRIBUTE,
  attributesNamed,
  bytesOf,
  GRAPH,
  type GraphNode,
  MODEL,
  NODE,
  type OnnxGraph,
  TENSOR,
} from './onnx-graph.ts'
import { type Edit, growth, spliced } from './splice.ts'

/** TensorProto.DataType, AttributeProto.AttributeType */
const TYPE = { float32: 1, int8: 3, int64: 7 } as const
const ATTRIBUTE_TYPE = { float: 1, integer: 2, text: 3 } as const
/** ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto and its dimensions. */
const VALUE = { name: 1, type: 2 } as const
const TENSOR_TYPE = { tensor: 1, element: 1, shape: 2 } as const
const SHAPE = { dimension: 1, size: 1 } as const

type DeclaredValue = OnnxGraph['values'][number]

export class GraphEdits {
  readonly #graph: OnnxGraph
  readonly #taken: Set<string>
  readonly #edits: Edit[] = []
  readonly #nodeEdits = new Map<GraphNode, Edit[]>()
  readonly #appended: Uint8Array[] = []
  #names = 0

  constructor(graph: OnnxGraph) {
    this.#graph = graph
    const values = graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
    const declared = graph.values.map(({ name }) => name)
    this.#taken = new Set([...values, ...declared, ...graph.constants.keys()])
  }

  /** The name of a new constant [length of values]. */
  int64Constant(values: readonly bigint[]): string {
    const name = this.#freshName()
    const raw = new Uint8Array(BigInt64Array.from(values).buffer)
    const tensor = concat(
      integerField(TENSOR.dimension, values.length),
      integerField(TENSOR.type, TYPE.int64),
      textField(TENSOR.name, name),
      bytesField(TENSOR.rawData, raw),
    )
    this.#appended.push(bytesField(GRAPH.initializer, tensor))
    return name
  }

  /** The name of a new constant without dimensions. */
  float32Constant(value: number): string {
    return this.float32Tensor([value], [])
  }

  /** The name of a new constant [shape]. */
  float32Tensor(values: readonly number[], shape: readonly number[]): string {
    const name = this.#freshName()
    const raw = new Uint8Array(Float32Array.from(values).buffer)
    const tensor = concat(
      ...shape.map((size) => integerField(TENSOR.dimension, size)),
      integerField(TENSOR.type, TYPE.float32),
      textField(TENSOR.name, name),
      bytesField(TENSOR.rawData, raw),
    )
    this.#appended.push(bytesField(GRAPH.initializer, tensor))
    return name
  }

  /** A new node at the end of the graph; returns its output. */
  append(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number>>,
  ): string {
    const output = this.#freshName()
    this.#appended.push(nodeField(operator, inputs, output, attributes))
    return output
  }

  /** A new node in front of another one, which may use its output. */
  insertBefore(node: GraphNode, operator: string, inputs: readonly string[]): string {
    const output = this.#freshName()
    const replacement = nodeField(operator, inputs, output, {})
    this.#edits.push({ start: node.start, end: node.start, replacement })
    return output
  }

  replaceInput(node: GraphNode, at: number, input: string): void {
    const found = [...protobufFields(node.body)].filter(({ field }) => field === NODE.input)[at]
    if (found === undefined) throw new RangeError('no such input')
    const { start, end } = found
    this.#editNode(node, { start, end, replacement: textField(NODE.input, input) })
  }

  /** Behind those that it has. */
  addInputs(node: GraphNode, inputs: readonly string[]): void {
    const end = node.body.length
    const replacement = concat(...inputs.map((input) => textField(NODE.input, input)))
    this.#editNode(node, { start: end, end, replacement })
  }

  /** In place of those of the same name, if the node has any. */
  setAttribute(node: GraphNode, name: string, value: number): void {
    this.#replaceAttribute(node, name, attributeField(name, value))
  }

  setFloatAttribute(node: GraphNode, name: string, value: number): void {
    const content = floatField(ATTRIBUTE.float, value)
    this.#replaceAttribute(node, name, attributeOf(name, content, ATTRIBUTE_TYPE.float))
  }

  setTextAttribute(node: GraphNode, name: string, value: string): void {
    const content = textField(ATTRIBUTE.text, value)
    this.#replaceAttribute(node, name, attributeOf(name, content, ATTRIBUTE_TYPE.text))
  }

  #replaceAttribute(node: GraphNode, name: string, replacement: Uint8Array): void {
    for (const { start, end } of attributesNamed(node, name)) {
      this.#editNode(node, { start, end, replacement: new Uint8Array() })
    }
    const end = node.body.length
    this.#editNode(node, { start: end, end, replacement })
  }

  #editNode(node: GraphNode, edit: Edit): void {
    this.#nodeEdits.set(node, [...(this.#nodeEdits.get(node) ?? []), edit])
  }

  /** What is said of values between nodes is optional; of these it would be wrong from now on. */
  dropDeclarations(names: ReadonlySet<string>): void {
    for (const { field, name, start, end } of this.#graph.values) {
      if (field !== GRAPH.valueInfo || !names.has(name)) continue
      this.#edits.push({ start, end, replacement: new Uint8Array() })
    }
  }

  /** Another value in its place, as float32; `rows`: the size of its second dimension, if that is new. */
  replaceOutput(output: DeclaredValue | undefined, name: string, rows: number | undefined): void {
    if (output === undefined) throw new RangeError('no such output')
    const dimensions = shapeOf(bytesOf(output.value))
    const kept = dimensions.map((dimension, at) =>
      at === 1 && rows !== undefined ? integerField(SHAPE.size, rows) : dimension,
    )
    const replacement = valueField(GRAPH.output, name, TYPE.float32, kept)
    this.#edits.push({ start: output.start, end: output.end, replacement })
  }

  /** An input or output of the graph with the same name and shape, of another type. */
  retype(declared: DeclaredValue, type: keyof typeof TYPE): void {
    const { field, name, value, start, end } = declared
    const shape = shapeOf(bytesOf(value))
    const replacement = valueField(field, name, TYPE[type], shape)
    this.#edits.push({ start, end, replacement })
  }

  get isEmpty(): boolean {
    return this.#edits.length + this.#nodeEdits.size + this.#appended.length === 0
  }

  /** The whole file anew. */
  apply(): Uint8Array {
    const end = this.#graph.body.length
    const nodes = [...this.#nodeEdits].map(([{ body, start, end }, edits]) => ({
      start,
      end,
      replacement: bytesField(GRAPH.node, spliced(body, edits)),
    }))
    const appended = { start: end, end, replacement: concat(...this.#appended) }
    return splicedGraph(this.#graph, [...this.#edits, ...nodes, appended])
  }

  #freshName(): string {
    let name: string
    do name = `cocoon/${this.#names++}`
    while (this.#taken.has(name))
    return name
  }
}

function nodeField(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>>,
): Uint8Array {
  return bytesField(
    GRAPH.node,
    ...inputs.map((input) => textField(NODE.input, input)),
    textField(NODE.output, output),
    textField(NODE.name, output),
    textField(NODE.operator, operator),
    ...Object.entries(attributes).map(([name, value]) => attributeField(name, value)),
  )
}

function attributeField(name: string, value: number): Uint8Array {
  const content = integerField(ATTRIBUTE.integer, value)
  return attributeOf(name, content, ATTRIBUTE_TYPE.integer)
}

function attributeOf(name: string, content: Uint8Array, type: number): Uint8Array {
  const parts = [textField(ATTRIBUTE.name, name), content, integerField(ATTRIBUTE.type, type)]
  return bytesField(NODE.attribute, ...parts)
}

/** A declared tensor; its dimensions are given as messages. */
function valueField(
  field: number,
  name: string,
  element: number,
  dimensions: readonly Uint8Array[],
): Uint8Array {
  const shape = concat(...dimensions.map((dimension) => bytesField(SHAPE.dimension, dimension)))
  const tensor = concat(
    integerField(TENSOR_TYPE.element, element),
    bytesField(TENSOR_TYPE.shape, shape),
  )
  const type = bytesField(TENSOR_TYPE.tensor, tensor)
  return bytesField(field, textField(VALUE.name, name), bytesField(VALUE.type, type))
}

/** The dimensions of a declared tensor, each as its message. */
function shapeOf(valueInfo: Uint8Array): readonly Uint8Array[] {
  const child = (bytes: Uint8Array, field: number) => {
    const found = [...protobufFields(bytes)].findLast((one) => one.field === field)
    return found === undefined ? new Uint8Array() : bytesOf(found.value)
  }
  const tensor = child(child(valueInfo, VALUE.type), TENSOR_TYPE.tensor)
  return [...protobufFields(child(tensor, TENSOR_TYPE.shape))]
    .filter(({ field }) => field === SHAPE.dimension)
    .map(({ value }) => bytesOf(value))
}

/** The whole file anew. @param edits places in the graph's body; see `spliced` */
export function splicedGraph(
  { file, field, body }: Pick<OnnxGraph, 'file' | 'field' | 'body'>,
  edits: readonly Edit[],
): Uint8Array {
  const bodyStart = field.end - body.length
  const length = edits.reduce((sum, edit) => sum + growth(edit), body.length)
  return spliced(file, [
    { start: field.start, end: bodyStart, replacement: fieldHeader(MODEL.graph, length) },
    ...edits.map((edit) => ({ ...edit, start: bodyStart + edit.start, end: bodyStart + edit.end })),
  ])
}
