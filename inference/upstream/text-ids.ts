/**
 * Text of a server that gives no ids, as ids that spell exactly this text. They are not the ids that the
 * model sampled: nothing is resumed from them, and nothing is proved by them. They follow from the text
 * alone: a server that sends it in single letters sells no more tokens by that.
 */
import { utf8 } from '#protocol/bytes.ts'
import { buildVocabularyTrie, type VocabularyTrie } from '../decoding/structure/vocabulary-trie.ts'
import type { ModelFiles } from '../model/manifest.ts'
import { tokenPieces } from '../model/token-bytes.ts'
import { parseTokenizerFiles } from '../model/tokenizer-files.ts'

/** For each answer one. */
export type TextToIds = () => TextIds

/**
 * The longest token at each place, by bytes: every byte is a token in the supported tokenizers.
 * @throws ConfigError of parseTokenizerFiles
 */
export function textToIds(files: ModelFiles): TextToIds {
  const pieces = tokenPieces(parseTokenizerFiles(files).tokenizer)
  const trie = buildVocabularyTrie({
    vocabularySize: [...pieces.keys()].reduce((most, id) => Math.max(most, id + 1), 0),
    endTokenIds: [],
    tokenBytes: (id) => {
      const piece = pieces.get(id)
      return piece?.kind === 'bytes' ? piece.bytes : new Uint8Array()
    },
  })
  return () => new TextIds(trie)
}

export class TextIds {
  readonly #trie: VocabularyTrie
  /** Bytes that may yet be the beginning of a longer token: fewer than the longest one has. */
  #held: Uint8Array = new Uint8Array()
  /** The first half of a character beyond U+FFFF, where a server cuts it in two. */
  #half = ''

  constructor(trie: VocabularyTrie) {
    this.#trie = trie
  }

  /** Ids that no further text changes. `idsMax`: the rest is left out, as work for it would be for nothing. */
  push(text: string, idsMax: number): number[] {
    const whole = this.#half + text
    const isCut = /[\ud800-\udbff]$/.test(whole)
    this.#half = isCut ? whole.slice(-1) : ''
    return this.#take(utf8(isCut ? whole.slice(0, -1) : whole), idsMax, false)
  }

  /** No text follows: what was held back. */
  end(idsMax: number): number[] {
    const rest = utf8(this.#half)
    this.#half = ''
    return this.#take(rest, idsMax, true)
  }

  #take(added: Uint8Array, idsMax: number, isLast: boolean): number[] {
    const bytes = Buffer.concat([this.#held, added])
    const found: number[] = []
    let at = 0
    while (at < bytes.length && found.length < idsMax) {
      const { id, length, mayGrow } = longestAt(this.#trie, bytes, at)
      if (mayGrow && !isLast) break
      if (id === undefined) throw new RangeError('a byte without a token')
      found.push(id)
      at += length
    }
    this.#held = found.length < idsMax ? bytes.subarray(at) : new Uint8Array()
    return found
  }
}

interface Longest {
  readonly id: number | undefined
  readonly length: number
  /** Every byte is used up, and there are longer tokens that begin so. */
  readonly mayGrow: boolean
}

function longestAt(trie: VocabularyTrie, bytes: Uint8Array, from: number): Longest {
  let [id, length]: [number | undefined, number] = [undefined, 0]
  let [child, end] = [0, trie.bytes.length]
  for (let at = from; at < bytes.length; at++) {
    while (child < end && trie.bytes[child] !== bytes[at]) child = trie.ends[child] ?? end
    if (child >= end) return { id, length, mayGrow: false }
    const first = trie.firstIds[child] ?? 0
    if (first < (trie.firstIds[child + 1] ?? 0)) {
      id = trie.ids[first]
      length = at + 1 - from
    }
    end = trie.ends[child] ?? end
    child++
  }
  return { id, length, mayGrow: child < end }
}
