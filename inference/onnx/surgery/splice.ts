/** Changes places of a long run of bytes in one copy. */

/** What stands at [start, end) becomes `replacement`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
}

/**
 * A copy with the edits, which may touch but not overlap. What lies between them is copied once and never
 * decoded: it may be gigabytes of weights.
 * @throws RangeError when edits overlap or lie outside
 */
export function spliced(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const grown = ordered.reduce((sum, edit) => sum + growth(edit), 0)
  const out = new Uint8Array(bytes.length + grown)
  let from = 0
  let to = 0
  for (const { start, end, replacement } of ordered) {
    if (start < from || end < start || end > bytes.length) throw new RangeError('edits overlap')
    out.set(bytes.subarray(from, start), to)
    to += start - from
    out.set(replacement, to)
    to += replacement.length
    from = end
  }
  out.set(bytes.subarray(from), to)
  return out
}

/** Bytes that an edit adds; below zero where it takes some away. */
export function growth({ start, end, replacement }: Edit): number {
  return replacement.length - (end - start)
}
