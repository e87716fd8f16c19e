/**
 * Whether a JSON document was read as it is written. JSON.parse takes the last of two members of one name, and a
 * person who reads the document may take the first (RFC 8259, section 4): nobody pins what two read differently.
 */

/** Names and texts of a document that was parsed before: each is well-formed. */
const STRING = /"(?:[^"\\]|\\.)*"/g

/**
 * @param document that JSON.parse took
 * @param value what came of it
 * @returns false where a name stood twice in one object, or a member was left out
 */
export function hasEachMember(document: string, value: unknown): boolean {
  const written = document.replace(STRING, '').split(':').length - 1
  return written === membersOf(value)
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce<number>((sum, one) => sum + membersOf(one), own)
}
