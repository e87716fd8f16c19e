/**
 * What a JSON value may be, alternatives taken apart: a string, a number, an array, an object or one value
 * that is listed. Several may be possible until one byte tells them apart.
 */
import type {
  ArrayNode,
  NumberNode,
  ObjectNode,
  SchemaNode,
  StringNode,
  TextNode,
} from '../../decoding/structure/nodes.ts'
import { isObject } from '../../decoding/structure/schema-types.ts'

export interface ListedValue {
  readonly kind: 'listed'
  readonly value: unknown
}
export type Leaf = StringNode | NumberNode | ArrayNode | ObjectNode | ListedValue
/** Where a value is looked for: a part of the schema, or of a value that is listed. */
export type Target = SchemaNode | ListedValue

const decoder = new TextDecoder()

export class Leaves {
  readonly #listed = new Map<TextNode, readonly ListedValue[]>()

  /** Of all of these places together, each once; parts that nothing fits are none. */
  of(targets: readonly Target[]): Leaf[] {
    const found = new Set<Leaf>()
    const seen = new Set<Target>()
    const visit = (target: Target): void => {
      if (seen.has(target) || !isPossible(target)) return
      seen.add(target)
      if (target.kind === 'choice') for (const branch of target.branches) visit(branch)
      else if (target.kind === 'text') for (const each of this.#valuesOf(target)) found.add(each)
      else if (target.kind !== 'sequence') found.add(target)
    }
    for (const target of targets) visit(target)
    return [...found]
  }

  /** Which of the places a value fits that fits these leaves. */
  satisfied(leaves: readonly Leaf[]): (target: Target) => boolean {
    const known = new Map<Target, boolean>(leaves.map((leaf) => [leaf, true]))
    const fits = (target: Target): boolean => {
      const before = known.get(target)
      if (before !== undefined) return before
      const parts: readonly Target[] =
        target.kind === 'choice'
          ? target.branches
          : target.kind === 'text'
            ? this.#valuesOf(target)
            : []
      const isFit = parts.some(fits)
      known.set(target, isFit)
      return isFit
    }
    return fits
  }

  #valuesOf(node: TextNode): readonly ListedValue[] {
    const known = this.#listed.get(node)
    if (known !== undefined) return known
    const values = node.texts.map(({ bytes }) => listed(JSON.parse(decoder.decode(bytes))))
    this.#listed.set(node, values)
    return values
  }
}

function listed(value: unknown): ListedValue {
  return { kind: 'listed', value }
}

function isPossible(target: Target): boolean {
  return target.kind === 'listed' || Number.isFinite(target.leastDepth)
}

/** The place of a member, or undefined where the object has none of this name. */
export function memberOf(leaf: Leaf, name: string): Target | undefined {
  if (leaf.kind === 'listed') {
    const { value } = leaf
    return isObject(value) && Object.hasOwn(value, name) ? listed(value[name]) : undefined
  }
  if (leaf.kind !== 'object') return undefined
  const named = leaf.properties.find((property) => property.name === name)
  const target = named?.node ?? leaf.additional
  return target !== undefined && isPossible(target) ? target : undefined
}

/** Whether a member may come whose name begins so and is not there yet. */
export function mayBeNamed(leaf: Leaf, prefix: string, names: ReadonlySet<string>): boolean {
  const isNext = (name: string) => name.startsWith(prefix) && !names.has(name)
  if (leaf.kind === 'listed') return isObject(leaf.value) && Object.keys(leaf.value).some(isNext)
  if (leaf.kind !== 'object') return false
  if (leaf.additional !== undefined && isPossible(leaf.additional)) return true
  return leaf.properties.some(({ name, node }) => isNext(name) && isPossible(node))
}

export function hasAllMembers(leaf: Leaf, names: ReadonlySet<string>): boolean {
  if (leaf.kind === 'listed') {
    return isObject(leaf.value) && Object.keys(leaf.value).length === names.size
  }
  return (
    leaf.kind === 'object' && leaf.properties.every((one) => !one.required || names.has(one.name))
  )
}

/** The place of an item, or undefined where the array has no room for it. */
export function itemOf(leaf: Leaf, index: number): Target | undefined {
  if (leaf.kind === 'listed') {
    const { value } = leaf
    return Array.isArray(value) && index < value.length ? listed(value[index]) : undefined
  }
  if (leaf.kind !== 'array' || index >= leaf.maxItems) return undefined
  return isPossible(leaf.items) ? leaf.items : undefined
}

export function hasAllItems(leaf: Leaf, count: number): boolean {
  if (leaf.kind === 'listed') return Array.isArray(leaf.value) && leaf.value.length === count
  return leaf.kind === 'array' && count >= leaf.minItems
}
