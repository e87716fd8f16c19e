/** How many ids one call may read, so that what attention holds meanwhile stays within bounds. */
import { PREFILL_CHUNK_TOKENS, SCORES_BYTES_MAX } from '../constants.ts'
import { integerAttribute, type OnnxGraph } from './surgery/onnx-graph.ts'

const SCORE_BYTES = 4
/** Pieces are multiples of it, and never smaller. */
const PIECE_STEP_TOKENS = 16

/** The most query heads that one attention operator of the graph has; 1 where none says. */
export function attentionHeads({ nodes }: Pick<OnnxGraph, 'nodes'>): number {
  return nodes.reduce((most, node) => Math.max(most, integerAttribute(node, 'num_heads') ?? 1), 1)
}

/**
 * Without tiles, which are slower for the rows of a batch, onnxruntime holds a score for each head, id of the
 * call and position that a cache has room for. Undefined: PREFILL_CHUNK_TOKENS fit.
 */
export function pieceTokensWithin(heads: number, contextTokens: number): number | undefined {
  const fitting = Math.floor(SCORES_BYTES_MAX / (SCORE_BYTES * heads * (contextTokens + 1)))
  if (fitting >= PREFILL_CHUNK_TOKENS) return undefined
  const steps = Math.floor(fitting / PIECE_STEP_TOKENS)
  return Math.max(1, steps) * PIECE_STEP_TOKENS
}
