/**
 * Whether a JSON value fits a schema, while it arrives, in whatever order and spacing: keeps every way in
 * which what came so far may still fit, and says no when none is left. A tree automaton with as many
 * states as the schema has parts (Murata et al., "Taxonomy of XML schema languages", 2005, section 4).
 */
import type { SchemaNode } from '../../decoding/structure/nodes.ts'
import { isObject } from '../../decoding/structure/schema-types.ts'
import type { JsonHandler } from './json-reader.ts'
import {
  hasAllItems,
  hasAllMembers,
  itemOf,
  type Leaf,
  Leaves,
  mayBeNamed,
  memberOf,
  type Target,
} from './schema-leaves.ts'
import { StringMatch } from './string-match.ts'

/** An object or an array that is not at its end, and all that it may be. */
interface Container {
  readonly kind: 'object' | 'array'
  leaves: readonly Leaf[]
  /** For each leaf the place of the value that comes now. */
  places: readonly Target[]
  readonly names: Set<string>
  items: number
}

export class SchemaMatch implements JsonHandler {
  readonly #root: SchemaNode
  readonly #leaves = new Leaves()
  readonly #containers: Container[] = []
  /** What the number that comes now may be. */
  #numbers: readonly Leaf[] = []
  #string = new StringMatch([])
  #name = ''

  constructor(root: SchemaNode) {
    this.#root = root
  }

  beginObject(): boolean {
    return this.#open(
      'object',
      (leaf) => leaf.kind === 'object' || (leaf.kind === 'listed' && isObject(leaf.value)),
    )
  }

  beginArray(): boolean {
    return this.#open(
      'array',
      (leaf) => leaf.kind === 'array' || (leaf.kind === 'listed' && Array.isArray(leaf.value)),
    )
  }

  end(): boolean {
    const container = this.#containers.pop()
    if (container === undefined) return false
    const { kind, leaves, names, items } = container
    return this.#fits(
      leaves.filter((leaf) =>
        kind === 'object' ? hasAllMembers(leaf, names) : hasAllItems(leaf, items),
      ),
    )
  }

  item(): boolean {
    const container = this.#containers.at(-1)
    if (container === undefined) return false
    const index = container.items++
    return goOn(container, (leaf) => itemOf(leaf, index))
  }

  member(): boolean {
    this.#name = ''
    return this.#mayBeNamed()
  }

  nameCharacter(code: number): boolean {
    this.#name += String.fromCodePoint(code)
    return this.#mayBeNamed()
  }

  endName(): boolean {
    const container = this.#containers.at(-1)
    const name = this.#name
    // A second one of the same name would be read by some as the first, by others as the last.
    if (container === undefined || container.names.has(name)) return false
    container.names.add(name)
    return goOn(container, (leaf) => memberOf(leaf, name))
  }

  beginString(): boolean {
    this.#string = new StringMatch(this.#possible())
    return this.#string.isPossible
  }

  stringCharacter(code: number): boolean {
    return this.#string.push(code)
  }

  endString(): boolean {
    return this.#fits(this.#string.fitting())
  }

  beginNumber(): boolean {
    this.#numbers = this.#possible().filter(
      (leaf) =>
        leaf.kind === 'number' || (leaf.kind === 'listed' && typeof leaf.value === 'number'),
    )
    return this.#numbers.length > 0
  }

  endNumber(value: number): boolean {
    return this.#fits(this.#numbers.filter((leaf) => isNumberOf(leaf, value)))
  }

  literal(value: boolean | null): boolean {
    return this.#fits(
      this.#possible().filter((leaf) => leaf.kind === 'listed' && leaf.value === value),
    )
  }

  #possible(): Leaf[] {
    return this.#leaves.of(this.#containers.at(-1)?.places ?? [this.#root])
  }

  #open(kind: Container['kind'], isOfType: (leaf: Leaf) => boolean): boolean {
    const leaves = this.#possible().filter(isOfType)
    this.#containers.push({ kind, leaves, places: [], names: new Set(), items: 0 })
    return leaves.length > 0
  }

  #mayBeNamed(): boolean {
    const container = this.#containers.at(-1)
    if (container === undefined) return false
    const isPossible = (leaf: Leaf) => mayBeNamed(leaf, this.#name, container.names)
    if (!container.leaves.every(isPossible)) container.leaves = container.leaves.filter(isPossible)
    return container.leaves.length > 0
  }

  /** A value is over, and these are what it can have been. */
  #fits(leaves: readonly Leaf[]): boolean {
    if (leaves.length === 0) return false
    const container = this.#containers.at(-1)
    if (container === undefined || container.leaves.length === 1) return true
    const isSatisfied = this.#leaves.satisfied(leaves)
    const { places } = container
    container.leaves = container.leaves.filter((_, at) => isSatisfied(places[at] as Target))
    return container.leaves.length > 0
  }
}

/** Leaves without a place for what comes are none any more. */
function goOn(container: Container, placeOf: (leaf: Leaf) => Target | undefined): boolean {
  const leaves: Leaf[] = []
  const places: Target[] = []
  for (const leaf of container.leaves) {
    const place = placeOf(leaf)
    if (place === undefined) continue
    leaves.push(leaf)
    places.push(place)
  }
  container.leaves = leaves
  container.places = places
  return leaves.length > 0
}

function isNumberOf(leaf: Leaf, value: number): boolean {
  if (leaf.kind === 'listed') return leaf.value === value
  if (leaf.kind !== 'number' || (leaf.isInteger && !Number.isInteger(value))) return false
  const { minimum, maximum } = leaf.range ?? leaf
  return value >= minimum && value <= maximum
}
