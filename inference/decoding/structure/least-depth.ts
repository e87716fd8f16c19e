/**
 * Which parts of a schema can be finished at all, and how deep the shortest way goes. A part is entered
 * only where its shortest way still fits, so an answer never gets into a place without a way out.
 */
import { ConfigError } from '#protocol/errors.ts'
import { isLiteral, type SchemaNode } from './nodes.ts'

/** Fills in `leastDepth`: the least fixed point, which each round comes closer to. */
export function computeLeastDepths(nodes: readonly SchemaNode[]): void {
  for (let changed = true; changed; ) {
    changed = false
    for (const node of nodes) {
      const depth = depthOf(node)
      if (depth >= node.leastDepth) continue
      node.leastDepth = depth
      changed = true
    }
  }
}

function depthOf(node: SchemaNode): number {
  switch (node.kind) {
    case 'text':
      return node.texts.length > 0 ? 0 : Number.POSITIVE_INFINITY
    case 'string':
      return node.minLength <= node.maxLength ? 0 : Number.POSITIVE_INFINITY
    case 'number':
      return node.minimum <= node.maximum ? 0 : Number.POSITIVE_INFINITY
    case 'array':
      if (node.minItems > node.maxItems) return Number.POSITIVE_INFINITY
      return node.minItems === 0 ? 1 : 1 + node.items.leastDepth
    case 'object':
      return node.properties.reduce(
        (most, { required, node: value }) =>
          required ? Math.max(most, 1 + value.leastDepth) : most,
        1,
      )
    case 'choice':
      return node.branches.reduce(
        (least, branch) => Math.min(least, branch.leastDepth),
        Number.POSITIVE_INFINITY,
      )
    case 'sequence':
      return node.parts.reduce(
        (most, part) => (isLiteral(part) ? most : Math.max(most, part.leastDepth)),
        0,
      )
  }
}

/** @throws ConfigError SCHEMA_INVALID when alternatives lead back to themselves before any text */
export function checkNoEmptyCycles(nodes: readonly SchemaNode[]): void {
  const state = new Map<number, 'open' | 'done'>()
  const visit = (node: SchemaNode): void => {
    if (node.kind !== 'choice' || state.get(node.id) === 'done') return
    if (state.get(node.id) === 'open') {
      throw new ConfigError('SCHEMA_INVALID', 'a schema refers to itself without saying anything', {
        remedy: 'Remove the $ref that leads back to where it stands.',
      })
    }
    state.set(node.id, 'open')
    for (const branch of node.branches) visit(branch)
    state.set(node.id, 'done')
  }
  for (const node of nodes) visit(node)
}
