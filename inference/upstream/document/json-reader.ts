/**
 * One JSON text (RFC 8259), byte by byte, in any spacing: says what begins and ends to a handler, and stops
 * at the first byte that no JSON text has there. Nothing is kept but where it is.
 */
import {
  UPSTREAM_JSON_DEPTH_MAX,
  UPSTREAM_JSON_NUMBER_CHARS_MAX,
  UPSTREAM_JSON_SPACE_CHARS_MAX,
} from '../constants.ts'
import { isWholeNumber, type NumberPhase, numberPhase } from './json-number.ts'
import { JsonString } from './json-string.ts'

/** Told of each part as it comes; false: it may not come. */
export interface JsonHandler {
  beginObject(): boolean
  beginArray(): boolean
  /** Of the innermost object or array. */
  end(): boolean
  /** Before each item of an array. */
  item(): boolean
  /** Before each member of an object. */
  member(): boolean
  nameCharacter(code: number): boolean
  endName(): boolean
  beginString(): boolean
  stringCharacter(code: number): boolean
  endString(): boolean
  beginNumber(): boolean
  endNumber(value: number): boolean
  literal(value: boolean | null): boolean
}

type Place =
  /** Before a value. */
  | 'value'
  /** Behind `[`: an item, or the end. */
  | 'first-item'
  /** Behind `{`: a name, or the end. */
  | 'first-name'
  | 'name'
  | 'colon'
  /** Behind a value in an object or array. */
  | 'after'
  | 'done'

const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

export class JsonReader {
  readonly #handler: JsonHandler
  readonly #containers: ('object' | 'array')[] = []
  #place: Place = 'value'
  #spaces = 0
  #string: { readonly text: JsonString; readonly isName: boolean } | undefined
  #number: { text: string; phase: NumberPhase } | undefined
  /** What is left of `true`, `false` or `null`. */
  #letters = ''

  constructor(handler: JsonHandler) {
    this.#handler = handler
  }

  /** The text is whole; white space may still follow. A number at its top is whole at its end only. */
  get isDone(): boolean {
    const isInside = this.#string !== undefined || this.#number !== undefined
    return this.#place === 'done' && this.#letters === '' && !isInside
  }

  /** False: this byte cannot come here, and the reader is of no more use. */
  push(byte: number): boolean {
    if (this.#string !== undefined) return this.#inString(byte)
    if (this.#letters !== '') return this.#inLiteral(byte)
    if (this.#number !== undefined) {
      const isMore = this.#inNumber(byte)
      if (isMore !== undefined) return isMore
      if (!this.#endNumber()) return false
    }
    if (isSpace(byte)) return ++this.#spaces <= UPSTREAM_JSON_SPACE_CHARS_MAX
    this.#spaces = 0
    return this.#structure(String.fromCharCode(byte), byte)
  }

  /** No byte follows: whether the text is whole. */
  finish(): boolean {
    if (this.#number !== undefined && !this.#endNumber()) return false
    return this.isDone
  }

  #structure(character: string, byte: number): boolean {
    switch (this.#place) {
      case 'first-item':
        if (character === ']') return this.#end('array')
        return this.#handler.item() && this.#value(character, byte)
      case 'value':
        return this.#value(character, byte)
      case 'first-name':
        if (character === '}') return this.#end('object')
        return character === '"' && this.#handler.member() && this.#beginName()
      case 'name':
        return character === '"' && this.#beginName()
      case 'colon':
        this.#place = 'value'
        return character === ':'
      case 'after':
        if (character === ',') return this.#comma()
        if (character === '}') return this.#end('object')
        return character === ']' && this.#end('array')
      case 'done':
        return false
    }
  }

  #value(character: string, byte: number): boolean {
    if (character === '{' || character === '[') return this.#begin(character)
    this.#afterValue()
    if (character === '"') {
      this.#string = { text: new JsonString(), isName: false }
      return this.#handler.beginString()
    }
    for (const [word, value] of LITERALS) {
      if (word[0] !== character) continue
      this.#letters = word.slice(1)
      return this.#handler.literal(value)
    }
    this.#number = { text: '', phase: 'start' }
    return this.#inNumber(byte) === true && this.#handler.beginNumber()
  }

  #begin(character: '{' | '['): boolean {
    if (this.#containers.length >= UPSTREAM_JSON_DEPTH_MAX) return false
    const isObject = character === '{'
    this.#containers.push(isObject ? 'object' : 'array')
    this.#place = isObject ? 'first-name' : 'first-item'
    return isObject ? this.#handler.beginObject() : this.#handler.beginArray()
  }

  #end(container: 'object' | 'array'): boolean {
    if (this.#containers.pop() !== container) return false
    this.#afterValue()
    return this.#handler.end()
  }

  #comma(): boolean {
    const isObject = this.#containers.at(-1) === 'object'
    this.#place = isObject ? 'name' : 'value'
    return isObject ? this.#handler.member() : this.#handler.item()
  }

  #beginName(): boolean {
    this.#string = { text: new JsonString(), isName: true }
    return true
  }

  #inString(byte: number): boolean {
    if (this.#string === undefined) return false
    const { text, isName } = this.#string
    const step = text.push(byte)
    if (step === 'wrong') return false
    if (step === 'inside') return true
    if (step !== 'closed') {
      return isName ? this.#handler.nameCharacter(step) : this.#handler.stringCharacter(step)
    }
    this.#string = undefined
    if (!isName) return this.#handler.endString()
    this.#place = 'colon'
    return this.#handler.endName()
  }

  #inLiteral(byte: number): boolean {
    const isNext = this.#letters.charCodeAt(0) === byte
    this.#letters = this.#letters.slice(1)
    return isNext
  }

  /** Undefined: the number has ended before this byte. */
  #inNumber(byte: number): boolean | undefined {
    if (this.#number === undefined) return false
    const phase = numberPhase(this.#number.phase, byte)
    if (phase === undefined) return isWholeNumber(this.#number.phase) ? undefined : false
    this.#number = { text: this.#number.text + String.fromCharCode(byte), phase }
    return this.#number.text.length <= UPSTREAM_JSON_NUMBER_CHARS_MAX
  }

  #endNumber(): boolean {
    if (this.#number === undefined || !isWholeNumber(this.#number.phase)) return false
    const value = Number(this.#number.text)
    this.#number = undefined
    // Beyond a double every reader of JSON would make something else of it.
    return Number.isFinite(value) && this.#handler.endNumber(value)
  }

  #afterValue(): void {
    this.#place = this.#containers.length === 0 ? 'done' : 'after'
  }
}

/** RFC 8259, section 2. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
