/** A choice taken apart into what it may be in the end. */
import type { ChoiceNode, SchemaNode } from './nodes.ts'

export type Alternative = Exclude<SchemaNode, ChoiceNode>

/**
 * Each once, in the order in which they are written, however many references lead to one: twenty choices of twice
 * the next one are a million ways to a single node. To be asked when the whole schema is read.
 */
export function alternativesOf(node: SchemaNode): Alternative[] {
  const found: Alternative[] = []
  const seen = new Set<SchemaNode>()
  const visit = (each: SchemaNode): void => {
    if (seen.has(each)) return
    seen.add(each)
    if (each.kind !== 'choice') found.push(each)
    else for (const branch of each.branches) visit(branch)
  }
  visit(node)
  return found
}

/** The same, found out once for each node. */
export class Alternatives {
  readonly #known = new Map<SchemaNode, readonly Alternative[]>()

  of(node: SchemaNode): readonly Alternative[] {
    const known = this.#known.get(node)
    if (known !== undefined) return known
    const alternatives = alternativesOf(node)
    this.#known.set(node, alternatives)
    return alternatives
  }
}
