/**
 * Where words go: the result to stdout, talk to stderr. Colour only on a terminal (`styleText` heeds
 * NO_COLOR, FORCE_COLOR and whether the stream is one).
 */
import { styleText } from 'node:util'
import { toJson } from '#node/gateway/json.ts'
import type { Terminal } from '#node/status/status-board.ts'

type Style = Parameters<typeof styleText>[0]

export interface Output {
  /** Where a block may be redrawn in place. */
  readonly terminal: Terminal
  /** A result: text as it is, or one JSON document. */
  result(text: string): void
  /** Part of a result, without a line end. */
  piece(text: string): void
  json(document: unknown): void
  /** A line for people, to stderr. */
  talk(line: string, style?: Style): void
}

export const processOutput: Output = {
  terminal: {
    get isTTY() {
      return process.stdout.isTTY === true
    },
    get columns() {
      // A terminal that was never told its size says 0.
      return process.stdout.columns || 80
    },
    write: (text) => void process.stdout.write(text),
  },
  result: (text) => void process.stdout.write(`${text}\n`),
  piece: (text) => void process.stdout.write(text),
  json: (document) => void process.stdout.write(`${toJson(document)}\n`),
  talk(line, style) {
    const text = style === undefined ? line : styleText(style, line, { stream: process.stderr })
    process.stderr.write(`${text}\n`)
  },
}
