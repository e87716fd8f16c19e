/**
 * Calls of functions in the form of Hermes (docs/spec/structured-output.md, "Tool calls"), in any spacing:
 * behind each marker one JSON value that is a call, and the closing marker.
 */

import type { ToolConstraint } from '../../decoding/structure/tool-grammar.ts'
import { TOOL_CALL_CLOSE, TOOL_CALL_OPEN } from '../../decoding/tool-calls.ts'
import { UPSTREAM_JSON_SPACE_CHARS_MAX } from '../constants.ts'
import type { Form } from './answer-form.ts'
import { isSpace, type JsonReader } from './json-reader.ts'

type Place =
  /** Any text, until it holds the marker. */
  | { readonly kind: 'free' }
  /** Before a marker, or inside of it. */
  | { readonly kind: 'open' }
  | { readonly kind: 'call'; readonly reader: JsonReader }
  | { readonly kind: 'close' }
  /** Behind the only call that may come: white space. */
  | { readonly kind: 'over' }

export class CallsForm implements Form {
  readonly #afterCall: Place
  readonly #createReader: () => JsonReader
  #place: Place
  /** Bytes of a marker that the text ends with. */
  #matched = 0
  #spaces = 0
  #calls = 0

  constructor({ mode, parallel }: ToolConstraint, createReader: () => JsonReader) {
    this.#createReader = createReader
    this.#place = { kind: mode === 'auto' ? 'free' : 'open' }
    this.#afterCall = parallel ? this.#place : { kind: 'over' }
  }

  push(byte: number): boolean {
    switch (this.#place.kind) {
      case 'free':
        this.#matched = byteOf(TOOL_CALL_OPEN, this.#matched) === byte ? this.#matched + 1 : 0
        // The marker begins with a character that it has nowhere else.
        if (this.#matched === 0 && byteOf(TOOL_CALL_OPEN, 0) === byte) this.#matched = 1
        if (this.#matched === TOOL_CALL_OPEN.length) this.#beginCall()
        return true
      case 'open':
        if (!this.#marker(TOOL_CALL_OPEN, byte)) return false
        if (this.#matched === TOOL_CALL_OPEN.length) this.#beginCall()
        return true
      case 'call':
        if (!this.#place.reader.isDone || isSpace(byte)) return this.#place.reader.push(byte)
        this.#place = { kind: 'close' }
        return this.push(byte)
      case 'close':
        if (!this.#marker(TOOL_CALL_CLOSE, byte)) return false
        if (this.#matched === TOOL_CALL_CLOSE.length) this.#endCall()
        return true
      case 'over':
        return this.#space(byte)
    }
  }

  finish(): boolean {
    if (this.#place.kind === 'free' || this.#place.kind === 'over') return true
    return this.#place.kind === 'open' && this.#matched === 0 && this.#calls > 0
  }

  /** White space, then the marker without any. */
  #marker(marker: string, byte: number): boolean {
    if (this.#matched === 0 && isSpace(byte)) return this.#space(byte)
    if (byteOf(marker, this.#matched) !== byte) return false
    this.#matched++
    return true
  }

  #space(byte: number): boolean {
    return isSpace(byte) && ++this.#spaces <= UPSTREAM_JSON_SPACE_CHARS_MAX
  }

  #beginCall(): void {
    this.#place = { kind: 'call', reader: this.#createReader() }
    this.#matched = 0
    this.#spaces = 0
  }

  #endCall(): void {
    this.#place = this.#afterCall
    this.#matched = 0
    this.#spaces = 0
    this.#calls++
  }
}

function byteOf(marker: string, at: number): number {
  return marker.charCodeAt(at)
}
