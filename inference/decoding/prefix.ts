/** How much of what was read for one sequence serves another (docs/spec/exactness.md, "Prefix reuse"). */

/**
 * The common beginning of both, but never the last two ids: at least two are always read together. Rows
 * of the cache that were read in pieces of two and more have the same bits wherever a piece ended, so any
 * cut will do.
 */
export function reusableTokens(kept: readonly number[], wanted: readonly number[]): number {
  const most = Math.min(kept.length, wanted.length - 2)
  let common = 0
  while (common < most && kept[common] === wanted[common]) common++
  return common < 2 ? 0 : common
}
