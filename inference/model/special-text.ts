/**
 * Keeps a person's text apart from the model's markers. A message that contains "<|im_end|>" must be
 * read as those letters, never as the end of a turn; and the ids of an honest message must be those
 * the model was trained on, which means that template and message are tokenised together.
 *
 * So every marker inside a message is broken with a noncharacter before the template is rendered,
 * and mended after the rendered text was split at the template's own markers.
 */
import { ConfigError } from '#protocol/errors.ts'

/** U+FDD0 to U+FDEF: never characters of any text (Unicode, section 23.7). */
const NONCHARACTERS = Array.from({ length: 32 }, (_, at) => String.fromCodePoint(0xfdd0 + at))

/**
 * A character that none of the texts contains.
 * @throws ConfigError TEXT_INVALID when they contain all 32 noncharacters.
 */
export function unusedCharacter(texts: readonly string[]): string {
  const unused = NONCHARACTERS.find((character) => texts.every((text) => !text.includes(character)))
  if (unused !== undefined) return unused
  throw new ConfigError('TEXT_INVALID', 'the chat uses every Unicode noncharacter', {
    remedy: 'Remove the characters U+FDD0 to U+FDEF from the messages.',
  })
}

/**
 * Breaks each marker in the text, also one that only the template's next or previous letters would
 * complete. Only non-space neighbours are touched, so that a template's `trim` still works.
 */
export function breakMarkers(text: string, markers: readonly string[], breaker: string): string {
  const at = new Set<number>()
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length
  for (const marker of markers) {
    for (let found = text.indexOf(marker); found >= 0; found = text.indexOf(marker, found + 1)) {
      at.add(found + 1)
    }
    for (let length = 1; length < marker.length; length++) {
      if (text.slice(0, end).endsWith(marker.slice(0, length))) at.add(end - length + 1)
      if (text.startsWith(marker.slice(-length), start)) at.add(start)
    }
  }
  return insertAt(text, at, breaker)
}

function insertAt(text: string, positions: ReadonlySet<number>, piece: string): string {
  let out = ''
  let from = 0
  for (const position of [...positions].sort((a, b) => a - b)) {
    out += text.slice(from, position) + piece
    from = position
  }
  return out + text.slice(from)
}

export type RenderedPart =
  | { readonly kind: 'marker'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }

/** Splits at markers, the longest first where several begin at one place. */
export function splitAtMarkers(text: string, markers: readonly string[]): RenderedPart[] {
  const longestFirst = [...markers].sort((a, b) => b.length - a.length)
  const firstUnits = new Set(markers.map((marker) => marker[0]))
  const parts: RenderedPart[] = []
  let from = 0
  for (let at = 0; at < text.length; ) {
    const marker = firstUnits.has(text[at])
      ? longestFirst.find((candidate) => text.startsWith(candidate, at))
      : undefined
    if (marker === undefined) {
      at++
      continue
    }
    if (at > from) parts.push({ kind: 'text', text: text.slice(from, at) })
    parts.push({ kind: 'marker', text: marker })
    at += marker.length
    from = at
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) })
  return parts
}
