import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TextStream } from '#inference/engine.ts'
import { createTextStream } from '#inference/model/text-stream.ts'
import { tokenPieces } from '#inference/model/token-bytes.ts'
import { parseTokenizerFiles } from '#inference/model/tokenizer-files.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { TINY_VOCABULARY } from '../support/tiny-tokenizer.ts'

const parsed = parseTokenizerFiles(simulatedModelFiles()).tokenizer
const pieces = tokenPieces(parsed)
const library = new Tokenizer(parsed, {})
/** Random bytes, end, specials and unused ids, but mostly the bytes of real characters. */
const anyIds = fc
  .array(
    fc.oneof(
      fc.nat(TINY_VOCABULARY - 1).map((id) => [id]),
      fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => [...Buffer.from(text)]),
      fc.constantFrom('the end', 'é€😀', 'stop', 'aab').map((text) => idsOf(text)),
    ),
    { maxLength: 40 },
  )
  .map((lists) => lists.flat())
const anyStops = fc.array(
  fc.oneof(
    fc.constantFrom('the e', 'stop', 'aab', '€😀', 'é', 'ab', 'end'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
  ),
  { maxLength: 4 },
)

function idsOf(text: string): number[] {
  return library.encode(text, { add_special_tokens: false }).ids
}

/** All at once, by the library the tokenizer files are made for. Unused ids have no text. */
function decodeWhole(ids: readonly number[]): string {
  const known = ids.filter((id) => library.id_to_token(id) !== undefined)
  if (known.length === 0) return ''
  return library.decode(known, { skip_special_tokens: true, clean_up_tokenization_spaces: false })
}

function pushAll(stream: TextStream, ids: readonly number[]): string {
  return ids.map((id) => stream.push(id)).join('') + stream.end()
}

describe('text stream', () => {
  it('releases in pieces exactly what decoding all ids at once gives', () => {
    fc.assert(
      fc.property(anyIds, (ids) => {
        expect(pushAll(createTextStream(pieces, []), ids)).toBe(decodeWhole(ids))
      }),
      { numRuns: 500 },
    )
  })

  it('cuts at the stop string that is complete first, wherever tokens end', () => {
    fc.assert(
      fc.property(anyIds, anyStops, (ids, stops) => {
        const stream = createTextStream(pieces, stops)
        expect(pushAll(stream, ids)).toBe(cutNaively(ids, stops))
        expect(stream.stopped).toBe(stops.some((stop) => decodeWhole(ids).includes(stop)))
        expect(stream.push(65) + stream.end()).toBe('')
      }),
      { numRuns: 1_000 },
    )
  })

  it('never releases half a character, nor the beginning of a stop string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), anyStops, (text, stops) => {
        const stream = createTextStream(pieces, stops)
        let released = ''
        for (const id of Buffer.from(text)) {
          released += stream.push(id)
        }
        const wasEarly = stops.some((stop) => released.includes(stop))
        expect({ released: text.slice(0, released.length), wasEarly }).toEqual({
          released,
          wasEarly: false,
        })
      }),
    )
  })

  it('keeps a byte order mark, replaces invalid bytes and skips special tokens', () => {
    const stream = createTextStream(pieces, [])
    expect(pushAll(stream, [0xef, 0xbb, 0xbf, 65, 256, 0xff, 66, 258])).toBe('\ufeffA\ufffdB')
    expect(pushAll(createTextStream(pieces, []), [0xe2, 257, 0x82, 0xac])).toBe('€')
    expect(pushAll(createTextStream(pieces, []), [0xe2, 0x82])).toBe('\ufffd')
  })
})

/** Grows the text byte by byte and cuts where a stop string is complete for the first time. */
function cutNaively(ids: readonly number[], stops: readonly string[]): string {
  for (let length = 1; length <= ids.length; length++) {
    const text = decodeWithoutTail(ids.slice(0, length))
    const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) return text.slice(0, Math.min(...found))
  }
  const whole = decodeWhole(ids)
  const found = stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0)
  return found.length > 0 ? whole.slice(0, Math.min(...found)) : whole
}

/** What is certain of the text so far: an unfinished character at its end is not yet U+FFFD. */
function decodeWithoutTail(ids: readonly number[]): string {
  const options = ['A', 'é'].map((text) => decodeWhole([...ids, ...Buffer.from(text)]))
  const probes = options.map((text, at) => text.slice(0, -['A', 'é'][at]!.length))
  const continued = [0x80, 0xbf, 0x90].map((byte) => decodeWhole([...ids, byte]))
  const certain = [...probes, ...continued]
  let length = 0
  const shortest = Math.min(...certain.map((text) => text.length))
  while (length < shortest && certain.every((text) => text[length] === certain[0]?.[length]))
    length++
  return (certain[0] ?? '').slice(0, length)
}
