/**
 * Text of a server that gives no ids, as ids that spell exactly this text. They are not the ids that the
 * model sampled: nothing is resumed from them, and nothing is proved by them.
 */
import { utf8 } from '#protocol/bytes.ts'
import type { ModelFiles } from '../model/manifest.ts'
import { tokenPieces } from '../model/token-bytes.ts'
import { parseTokenizerFiles } from '../model/tokenizer-files.ts'

/** `idsMax`: the rest is left out, as work for it would be for nothing. */
export type TextToIds = (text: string, idsMax: number) => number[]

/**
 * The longest token at each place, by bytes: every byte is a token in the supported tokenizers.
 * @throws ConfigError of parseTokenizerFiles
 */
export function textToIds(files: ModelFiles): TextToIds {
  const ids = new Map<string, number>()
  let longest = 1
  for (const [id, piece] of tokenPieces(parseTokenizerFiles(files).tokenizer)) {
    if (piece.kind !== 'bytes' || piece.bytes.length === 0) continue
    ids.set(bytesKey(piece.bytes), id)
    longest = Math.max(longest, piece.bytes.length)
  }
  return (text, idsMax) => {
    const key = bytesKey(utf8(text))
    const found: number[] = []
    for (let at = 0; at < key.length && found.length < idsMax; ) {
      let length = Math.min(longest, key.length - at)
      while (length > 1 && !ids.has(key.slice(at, at + length))) length--
      const id = ids.get(key.slice(at, at + length))
      if (id === undefined) throw new RangeError('a byte without a token')
      found.push(id)
      at += length
    }
    return found
  }
}

/** One character for each byte. */
function bytesKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
