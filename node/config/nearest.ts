/** "Did you mean": the known word that is nearest to a mistyped one. */

/** Edits that still look like a slip of the hand, for a word of this length. */
const editsMax = (length: number): number => Math.max(1, Math.floor(length / 3))

/** Undefined when nothing is near enough to be meant. Case does not count. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = word.toLowerCase()
  const ranked = known
    .map((name) => ({ name, edits: editDistance(typed, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= editsMax(Math.max(name.length, typed.length)))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))
  return ranked[0]?.name
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwap =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwap ? beforeLast[column - 2]! + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
