/** What a part of a constrained answer may be: a schema, read and checked, as a graph with cycles. */

/** Bytes that stand in an answer as they are. */
export interface Literal {
  readonly id: number
  readonly bytes: Uint8Array
}

export interface Property {
  readonly name: string
  /** `"name":` */
  readonly label: Literal
  readonly node: SchemaNode
  readonly required: boolean
}

interface Common {
  readonly id: number
  /** Containers inside of each other that the shortest way through needs; infinite: there is no way. */
  leastDepth: number
}

export interface TextNode extends Common {
  readonly kind: 'text'
  readonly texts: readonly Literal[]
}
export interface StringNode extends Common {
  readonly kind: 'string'
  /** In Unicode code points. */
  readonly minLength: number
  readonly maxLength: number
}
export interface NumberNode extends Common {
  readonly kind: 'number'
  readonly isInteger: boolean
  /** As it is written here: whole numbers within the digits that every reader keeps. */
  readonly minimum: number
  readonly maximum: number
  /** As the schema says it, for numbers that others write; absent: as above. */
  readonly range?: { readonly minimum: number; readonly maximum: number }
}
export interface ArrayNode extends Common {
  readonly kind: 'array'
  readonly items: SchemaNode
  readonly minItems: number
  readonly maxItems: number
}
export interface ObjectNode extends Common {
  readonly kind: 'object'
  /** In the order in which they are written. */
  readonly properties: readonly Property[]
  /** Of members that `properties` does not name; absent: there are none. */
  readonly additional: SchemaNode | undefined
}
/** Any of several; empty: nothing will do. */
export interface ChoiceNode extends Common {
  readonly kind: 'choice'
  readonly branches: SchemaNode[]
}
export interface SequenceNode extends Common {
  readonly kind: 'sequence'
  readonly parts: readonly (Literal | SchemaNode)[]
}

export type SchemaNode =
  | TextNode
  | StringNode
  | NumberNode
  | ArrayNode
  | ObjectNode
  | ChoiceNode
  | SequenceNode

export function isLiteral(part: Literal | SchemaNode): part is Literal {
  return 'bytes' in part
}

type WithoutCommon<Node> = Node extends SchemaNode ? Omit<Node, keyof Common> : never

/** Makes nodes and numbers them. */
export class NodeFactory {
  readonly all: SchemaNode[] = []
  #literals = 0

  node<Kind extends SchemaNode['kind']>(
    fields: WithoutCommon<Extract<SchemaNode, { kind: Kind }>> & { readonly kind: Kind },
  ): Extract<SchemaNode, { kind: Kind }> {
    const node = { ...fields, id: this.all.length, leastDepth: Number.POSITIVE_INFINITY }
    const made = node as unknown as Extract<SchemaNode, { kind: Kind }>
    this.all.push(made)
    return made
  }

  literal(text: string): Literal {
    return { id: this.#literals++, bytes: new TextEncoder().encode(text) }
  }

  texts(values: readonly unknown[]): TextNode {
    const texts = values.map((value) => this.literal(JSON.stringify(value)))
    return this.node({ kind: 'text', texts })
  }

  /** Any JSON value; the same node each time. */
  anyValue(): ChoiceNode {
    if (this.#any !== undefined) return this.#any
    const any = this.node({ kind: 'choice', branches: [] })
    this.#any = any
    any.branches.push(
      this.anyObject(),
      this.node({ kind: 'array', items: any, minItems: 0, maxItems: Number.POSITIVE_INFINITY }),
      this.node({ kind: 'string', minLength: 0, maxLength: Number.POSITIVE_INFINITY }),
      this.node({ kind: 'number', isInteger: false, ...ANY_NUMBER }),
      this.texts([true, false, null]),
    )
    return any
  }

  anyObject(): ObjectNode {
    return this.node({ kind: 'object', properties: [], additional: this.anyValue() })
  }

  #any: ChoiceNode | undefined
}

export const ANY_NUMBER = {
  minimum: Number.NEGATIVE_INFINITY,
  maximum: Number.POSITIVE_INFINITY,
} as const
