/**
 * The bytes of all ids as one tree in the order of a depth-first walk, so that a walk is one loop over
 * arrays and a refused byte skips all that begins with it (as in llguidance's toktrie).
 */

export interface Vocabulary {
  readonly vocabularySize: number
  /** Of an id; empty for ids without text. */
  tokenBytes(id: number): Uint8Array
  readonly endTokenIds: readonly number[]
}

export interface VocabularyTrie {
  readonly vocabularySize: number
  /** Nodes, the root left out. */
  readonly bytes: Uint8Array
  /** Of each node; 0 below the root. */
  readonly depths: Uint16Array
  /** First node behind what begins with this one. */
  readonly ends: Int32Array
  /** Index into `ids` of the first id that ends at a node; that of the next node is where they end. */
  readonly firstIds: Int32Array
  readonly ids: Int32Array
}

/** A token longer than this is in no mask: no published vocabulary has one. */
const TOKEN_BYTES_MAX = 1_024

/** Ids without text and those that end an answer are not in it. */
export function buildVocabularyTrie(vocabulary: Vocabulary): VocabularyTrie {
  const { vocabularySize, endTokenIds } = vocabulary
  const entries: { text: string; id: number }[] = []
  let nodesMax = 0
  for (let id = 0; id < vocabularySize; id++) {
    const bytes = vocabulary.tokenBytes(id)
    if (bytes.length === 0 || bytes.length > TOKEN_BYTES_MAX || endTokenIds.includes(id)) continue
    entries.push({ text: latin1(bytes), id })
    nodesMax += bytes.length
  }
  entries.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.id - b.id))
  return layOut(entries, nodesMax, vocabularySize)
}

function layOut(
  entries: readonly { text: string; id: number }[],
  nodesMax: number,
  vocabularySize: number,
): VocabularyTrie {
  const bytes = new Uint8Array(nodesMax)
  const depths = new Uint16Array(nodesMax)
  const ends = new Int32Array(nodesMax)
  const firstIds = new Int32Array(nodesMax + 1)
  const open: number[] = []
  let nodes = 0
  let before = ''
  for (const [at, { text }] of entries.entries()) {
    let common = 0
    while (common < before.length && before[common] === text[common]) common++
    while (open.length > common) ends[open.pop() ?? 0] = nodes
    for (let depth = common; depth < text.length; depth++) {
      bytes[nodes] = text.charCodeAt(depth)
      depths[nodes] = depth
      firstIds[nodes] = at
      open.push(nodes++)
    }
    before = text
  }
  while (open.length > 0) ends[open.pop() ?? 0] = nodes
  firstIds[nodes] = entries.length
  return {
    vocabularySize,
    bytes: bytes.slice(0, nodes),
    depths: depths.slice(0, nodes),
    ends: ends.slice(0, nodes),
    firstIds: firstIds.slice(0, nodes + 1),
    ids: Int32Array.from(entries, ({ id }) => id),
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
