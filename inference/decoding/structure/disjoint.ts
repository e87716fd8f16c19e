/** Whether no value fits two schemas: what `oneOf` asks for, as far as it can be seen from them. */
import { Alternatives } from './alternatives.ts'
import type { ObjectNode, SchemaNode, TextNode } from './nodes.ts'

/** Containers inside of each other that are looked into. */
const DEPTH_MAX = 16
/** Comparisons for all of a schema: it is a stranger's, and whoever checks it does nothing else meanwhile. */
const COMPARISONS_MAX = 200_000

const decoder = new TextDecoder()

/** True only if it is certain; what would take long to find out counts as uncertain. One for each schema. */
export class DisjointTest {
  #left = COMPARISONS_MAX
  readonly #alternatives = new Alternatives()
  readonly #texts = new Map<TextNode, ReadonlySet<string>>()

  areDisjoint(a: SchemaNode, b: SchemaNode, depth = 0): boolean {
    if (depth > DEPTH_MAX) return false
    const others = this.#alternatives.of(b)
    return this.#alternatives
      .of(a)
      .every((one) => others.every((other) => this.#differ(one, other, depth)))
  }

  #differ(a: SchemaNode, b: SchemaNode, depth: number): boolean {
    if (--this.#left < 0) return false
    if (a.kind === 'text') return this.#cannotBe(b, this.#textsOf(a))
    if (b.kind === 'text') return this.#cannotBe(a, this.#textsOf(b))
    if (a.kind === 'object' && b.kind === 'object') return this.#objectsDiffer(a, b, depth)
    if (a.kind === 'number' && b.kind === 'number') {
      // Others write more digits than are written here (nodes.ts).
      const [one, other] = [a.range ?? a, b.range ?? b]
      return one.maximum < other.minimum || other.maximum < one.minimum
    }
    return a.kind !== b.kind
  }

  /** A literal's type tells it apart, or its text does. */
  #cannotBe(node: SchemaNode, texts: ReadonlySet<string>): boolean {
    this.#left -= texts.size
    const others = node.kind === 'text' ? this.#textsOf(node) : undefined
    return [...texts].every((text) =>
      others === undefined ? kindOf(JSON.parse(text)) !== node.kind : !others.has(text),
    )
  }

  /** A member that both must have, and that cannot be the same in both. */
  #objectsDiffer(a: ObjectNode, b: ObjectNode, depth: number): boolean {
    this.#left -= a.properties.length + b.properties.length
    const others = new Map(b.properties.map((property) => [property.name, property]))
    return a.properties.some(({ name, node, required }) => {
      const other = others.get(name)
      return required && other?.required === true && this.areDisjoint(node, other.node, depth + 1)
    })
  }

  #textsOf(node: TextNode): ReadonlySet<string> {
    const known = this.#texts.get(node)
    if (known !== undefined) return known
    const texts = new Set(node.texts.map(({ bytes }) => decoder.decode(bytes)))
    this.#texts.set(node, texts)
    return texts
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}
