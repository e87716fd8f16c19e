/** Incremental decoding: ids in, finished text out, cut at the first stop string. */
import type { TextStream } from '../engine.ts'
import type { TokenPiece } from './token-bytes.ts'

/**
 * The pushed text, joined, equals the whole text decoded at once (invalid UTF-8 becomes U+FFFD, as
 * the WHATWG Encoding Standard says), cut at the earliest stop string that the ids completed first.
 * Unknown ids and special tokens have no text. After `stopped` or end() a stream stays silent.
 */
export function createTextStream(
  pieces: ReadonlyMap<number, TokenPiece>,
  stop: readonly string[],
): TextStream {
  const stops = stop.filter((text) => text.length > 0)
  let decoder = newDecoder()
  let held = ''
  let stopped = false
  let ended = false

  /** Releases what no stop string can reach any more. */
  const release = (text: string, isLast: boolean): string => {
    held += text
    const cut = earliestStop(held, stops)
    stopped = cut !== undefined
    const upTo = cut ?? (isLast ? held.length : held.length - possibleStopLength(held, stops))
    const out = held.slice(0, upTo)
    held = stopped ? '' : held.slice(upTo)
    return out
  }

  const decode = (piece: TokenPiece): string => {
    if (piece.kind === 'bytes') return decoder.decode(piece.bytes, { stream: true })
    const unfinished = decoder.decode()
    decoder = newDecoder()
    return unfinished + piece.text
  }

  return {
    push(id) {
      const piece = pieces.get(id)
      if (stopped || ended || piece === undefined) return ''
      return release(decode(piece), false)
    },
    end() {
      if (stopped || ended) return ''
      ended = true
      return release(decoder.decode(), true)
    },
    get stopped() {
      return stopped
    },
  }
}

/** ignoreBOM: a U+FEFF in an answer is text like any other. */
function newDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}

function earliestStop(text: string, stops: readonly string[]): number | undefined {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return found.length === 0 ? undefined : Math.min(...found)
}

/** Length of the longest end of the text that may be the beginning of a stop string. */
function possibleStopLength(text: string, stops: readonly string[]): number {
  const longest = stops.reduce((most, stop) => Math.max(most, stop.length - 1), 0)
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    if (stops.some((stop) => stop.startsWith(text.slice(-length)))) return length
  }
  return 0
}
