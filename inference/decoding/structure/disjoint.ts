/** Whether no value fits two schemas: what `oneOf` asks for, as far as it can be seen from them. */
import type { ObjectNode, SchemaNode } from './nodes.ts'

const decoder = new TextDecoder()

/** True only if it is certain; recursion that goes on for long counts as uncertain. */
export function areDisjoint(a: SchemaNode, b: SchemaNode, fuel = 16): boolean {
  if (fuel === 0) return false
  if (a.kind === 'choice') return a.branches.every((branch) => areDisjoint(branch, b, fuel - 1))
  if (b.kind === 'choice') return areDisjoint(b, a, fuel - 1)
  if (a.kind === 'text') return a.texts.every(({ bytes }) => cannotBe(b, decoder.decode(bytes)))
  if (b.kind === 'text') return areDisjoint(b, a, fuel - 1)
  if (a.kind === 'object' && b.kind === 'object') return objectsDiffer(a, b, fuel - 1)
  if (a.kind === 'number' && b.kind === 'number') {
    return a.maximum < b.minimum || b.maximum < a.minimum
  }
  return a.kind !== b.kind
}

/** A literal's type tells it apart, or its text does. */
function cannotBe(node: SchemaNode, text: string): boolean {
  if (node.kind === 'text') {
    return node.texts.every(({ bytes }) => decoder.decode(bytes) !== text)
  }
  const value: unknown = JSON.parse(text)
  const kind = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  return node.kind !== kind
}

/** A member that both must have, and that cannot be the same in both. */
function objectsDiffer(a: ObjectNode, b: ObjectNode, fuel: number): boolean {
  return a.properties.some(
    (mine) =>
      mine.required &&
      b.properties.some(
        (other) =>
          other.required && other.name === mine.name && areDisjoint(mine.node, other.node, fuel),
      ),
  )
}
