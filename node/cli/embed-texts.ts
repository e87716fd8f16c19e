/** The texts that `cocoon embed` is given, and the requests that they are asked in. */
import { addAbortSignal, type Readable } from 'node:stream'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from './bounded-file.ts'
import {
  EMBED_FILE_BYTES_MAX,
  EMBED_REQUEST_BYTES_MAX,
  EMBED_TEXTS_PER_REQUEST_MAX,
} from './constants.ts'

export interface TextSource {
  /** Texts on the command line. */
  readonly words: readonly string[]
  /** One text a line; `-` is the standard input. */
  readonly file: string | undefined
}

/** What a shell connects to the program. */
export type StandardInput = Readable & { readonly isTTY?: boolean }

/**
 * Texts of the command line, of the file, or of the standard input.
 * @returns at least one; none is empty
 * @throws ConfigError USAGE, FILE_UNREADABLE, FILE_TOO_LARGE
 * @throws ConfigError EMBEDDING_INPUT_INVALID: empty, or not UTF-8; the vectors would not match the lines
 */
export async function readTexts(
  { words, file }: TextSource,
  input: StandardInput,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (words.length > 0 && file !== undefined) {
    throw new ConfigError('USAGE', 'texts and --file do not go together', {
      remedy: 'Put all texts into the file, one a line.',
    })
  }
  if (words.length > 0) return requireTexts(words, 'text')
  if (file !== undefined && file !== '-') {
    return linesOf(readBounded(file, EMBED_FILE_BYTES_MAX))
  }
  if (file === undefined && input.isTTY) throw nothingToEmbed()
  return linesOf(await readAll(input, signal))
}

/** Runs of texts in their order, each small enough for one request. */
export function* inRequests(texts: readonly string[]): Generator<readonly string[]> {
  let first = 0
  let bytes = 0
  for (const [at, text] of texts.entries()) {
    const length = Buffer.byteLength(text)
    const isFull =
      at - first === EMBED_TEXTS_PER_REQUEST_MAX || bytes + length > EMBED_REQUEST_BYTES_MAX
    if (isFull && at > first) {
      yield texts.slice(first, at)
      first = at
      bytes = 0
    }
    bytes += length
  }
  if (first < texts.length) yield texts.slice(first)
}

async function readAll(input: StandardInput, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of addAbortSignal(signal, input)) {
    const bytes = Buffer.from(part)
    length += bytes.length
    if (length > EMBED_FILE_BYTES_MAX) {
      const limit = `${EMBED_FILE_BYTES_MAX} bytes is the limit`
      throw new ConfigError('FILE_TOO_LARGE', `the standard input goes on; ${limit}`, {
        remedy: 'Split the texts, and embed one part after the other.',
      })
    }
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

/** The end of the last line is no line. */
function linesOf(bytes: Buffer): readonly string[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('the texts are not UTF-8', 'Write them in UTF-8, one a line.')
  }
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return requireTexts(lines, 'line')
}

function requireTexts(texts: readonly string[], unit: 'line' | 'text'): readonly string[] {
  if (texts.length === 0) throw nothingToEmbed()
  const empty = texts.findIndex((text) => text.trim() === '')
  if (empty < 0) return texts
  throw invalid(`${unit} ${empty + 1} is empty`, 'Leave it out: every text has a vector.')
}

function nothingToEmbed(): ConfigError {
  return new ConfigError('USAGE', 'there is no text to embed', {
    remedy: 'Name texts, or pass one a line with --file FILE or on the standard input.',
  })
}

function invalid(message: string, remedy: string): ConfigError {
  return new ConfigError('EMBEDDING_INPUT_INVALID', message, { remedy })
}
