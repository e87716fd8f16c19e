/** JSON Schema (2020-12, the part that docs/spec/structured-output.md lists) to nodes. */
import { isShallow } from '#protocol/ask-document.ts'
import { SCHEMA_CHARS_MAX, SCHEMA_NODES_MAX } from '../../constants.ts'
import { DisjointTest } from './disjoint.ts'
import type { ChoiceNode, NodeFactory, SchemaNode } from './nodes.ts'
import { invalid, unsupported } from './schema-errors.ts'
import { isObject, readTyped, typesOf, valuesOf } from './schema-types.ts'

/** Say nothing about what is valid. */
const ANNOTATIONS = new Set([
  ...['$schema', '$comment', 'title', 'description', 'default', 'examples', 'deprecated'],
  ...['readOnly', 'writeOnly'],
])
/** Schemas inside of each other: more is no schema of a person. */
const NESTING_MAX = 64
/** Objects and lists in its text: three for each schema, `{"properties":{"a":{"type":["object"]`. */
const JSON_DEPTH_MAX = 3 * NESTING_MAX
/** Schemas of which none is read to its end yet: each $ref begins anew, and a stack holds only so many. */
const UNFINISHED_MAX = 512

/**
 * Reads a schema. Call computeLeastDepths and checkNoEmptyCycles when all schemas of a grammar are read.
 * @throws ConfigError SCHEMA_UNSUPPORTED, which names the keyword; SCHEMA_INVALID
 */
export function readSchema(text: string, factory: NodeFactory): SchemaNode {
  if (text.length > SCHEMA_CHARS_MAX) throw invalid('it is too long')
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    throw invalid('it is not JSON')
  }
  if (!isShallow(root, JSON_DEPTH_MAX)) throw invalid('it is too deep')
  const reader = new SchemaReader(root, factory)
  const node = reader.read(root, 0, true)
  reader.checkExclusive()
  return node
}

export class SchemaReader {
  readonly factory: NodeFactory
  readonly #root: unknown
  readonly #references = new Map<string, ChoiceNode>()
  readonly #exclusive: ChoiceNode[] = []
  #unfinished = 0

  constructor(root: unknown, factory: NodeFactory) {
    this.#root = root
    this.factory = factory
  }

  read(schema: unknown, nesting: number, isRoot = false): SchemaNode {
    this.#unfinished++
    const node = this.#read(schema, nesting, isRoot)
    this.#unfinished--
    return node
  }

  #read(schema: unknown, nesting: number, isRoot: boolean): SchemaNode {
    if (nesting > NESTING_MAX || this.#unfinished > UNFINISHED_MAX) throw invalid('it is too deep')
    if (this.factory.all.length > SCHEMA_NODES_MAX) throw invalid('it has too many parts')
    if (schema === true) return this.factory.anyValue()
    if (schema === false) return this.factory.node({ kind: 'choice', branches: [] })
    if (!isObject(schema)) throw invalid('a schema is an object, true or false')
    const keywords = Object.keys(schema).filter(
      (keyword) =>
        !ANNOTATIONS.has(keyword) &&
        !(isRoot && (keyword === '$defs' || keyword === 'definitions')),
    )
    const [first = ''] = keywords
    if (keywords.length === 1 && first === '$ref') return this.#refer(schema.$ref)
    if (keywords.length === 1 && (first === 'anyOf' || first === 'oneOf' || first === 'allOf')) {
      return this.#choose(first, schema[first], nesting)
    }
    const combined = ['$ref', 'anyOf', 'oneOf', 'allOf'].find((each) => keywords.includes(each))
    if (combined !== undefined) throw unsupported(`${combined} beside other keywords`)
    if (keywords.includes('enum') || keywords.includes('const')) {
      const other = keywords.find((each) => !['enum', 'const', 'type'].includes(each))
      if (other !== undefined) throw unsupported(other)
      return this.factory.texts(valuesOf(schema))
    }
    const branches = typesOf(schema, keywords).map((type) =>
      readTyped(this, { type, schema, keywords, nesting }),
    )
    const used = keywords.filter((keyword) => keyword !== 'type')
    const unread = used.find((keyword) => !branches.some((branch) => branch.read.has(keyword)))
    if (unread !== undefined) throw unsupported(unread)
    const nodes = branches.map((branch) => branch.node)
    return nodes.length === 1 && nodes[0] !== undefined
      ? nodes[0]
      : this.factory.node({ kind: 'choice', branches: nodes })
  }

  /** `#`, `#/$defs/Name` and `#/definitions/Name`; read once, so that cycles end. */
  #refer(reference: unknown): SchemaNode {
    if (typeof reference !== 'string') throw invalid('$ref is a text')
    const known = this.#references.get(reference)
    if (known !== undefined) return known
    const match = /^#(?:\/(\$defs|definitions)\/([^/]+))?$/.exec(reference)
    if (match === null) throw unsupported('$ref to other places than # and #/$defs')
    const [, where, name] = match
    const node = this.factory.node({ kind: 'choice', branches: [] })
    this.#references.set(reference, node)
    const target = name === undefined ? this.#root : this.#definition(where ?? '', name)
    node.branches.push(this.read(target, 0, name === undefined))
    return node
  }

  #definition(where: string, escaped: string): unknown {
    const definitions = isObject(this.#root) ? this.#root[where] : undefined
    const name = unescapePointer(escaped)
    if (isObject(definitions) && Object.hasOwn(definitions, name)) return definitions[name]
    throw invalid('a $ref leads nowhere')
  }

  #choose(keyword: string, value: unknown, nesting: number): SchemaNode {
    if (!Array.isArray(value) || value.length === 0) throw invalid(`${keyword} is a list`)
    if (keyword === 'allOf' && value.length > 1) throw unsupported('allOf of several')
    const branches = value.map((each) => this.read(each, nesting + 1))
    const node = this.factory.node({ kind: 'choice', branches })
    if (keyword === 'oneOf') this.#exclusive.push(node)
    return node
  }

  /** Alternatives of `oneOf` that one value may fit together would make that value invalid. */
  checkExclusive(): void {
    const test = new DisjointTest()
    for (const { branches } of this.#exclusive) {
      for (const [at, branch] of branches.entries()) {
        if (branches.slice(at + 1).every((other) => test.areDisjoint(branch, other))) continue
        throw unsupported('oneOf with alternatives that may overlap')
      }
    }
  }
}

/** RFC 6901, section 6. */
function unescapePointer(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    throw invalid('a $ref leads nowhere')
  }
}
