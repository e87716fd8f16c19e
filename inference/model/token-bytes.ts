/**
 * What each id contributes to a text. Byte-level BPE writes a byte as one printable character
 * (GPT-2's table): 33-126, 161-172 and 174-255 stand for themselves, the others follow from U+0100.
 */
import { utf8 } from '#protocol/bytes.ts'
import type { TokenizerJson } from './tokenizer-files.ts'

export type TokenPiece =
  /** A run of bytes, which may end inside of a character. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** An added token that is ordinary text: it ends whatever character was unfinished. */
  | { readonly kind: 'text'; readonly text: string }

const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>()
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const isItself =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)
    table.set(String.fromCodePoint(isItself ? byte : next++), byte)
  }
  return table
})()

export function coversEveryByte(vocab: Readonly<Record<string, number>>): boolean {
  return [...BYTE_OF_CHARACTER.keys()].every((character) => Object.hasOwn(vocab, character))
}

/** Special tokens are absent: they have no text. */
export function tokenPieces(tokenizer: TokenizerJson): ReadonlyMap<number, TokenPiece> {
  const pieces = new Map<number, TokenPiece>()
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) {
    pieces.set(id, { kind: 'bytes', bytes: bytesOf(token) })
  }
  for (const added of tokenizer.added_tokens) {
    if (added.special) pieces.delete(added.id)
    else pieces.set(added.id, { kind: 'text', text: added.content })
  }
  return pieces
}

/** A character outside of the table is not byte-level; it stands for its own UTF-8. */
function bytesOf(token: string): Uint8Array {
  return Uint8Array.from(
    [...token].flatMap((character) => {
      const byte = BYTE_OF_CHARACTER.get(character)
      return byte === undefined ? [...utf8(character)] : [byte]
    }),
  )
}
