/**
 * Whether the text of an answer is what was asked for: a JSON document of a schema, or calls of functions.
 * A server writes it in its own spacing, order and escapes, so that the grammar by which this
 * program's own engines decode would refuse what is valid; what is held to here is the schema itself.
 */
import { jsonNodeOf } from '../../decoding/structure/constraint.ts'
import type { OutputConstraint } from '../../engine.ts'
import { UPSTREAM_DOCUMENT_ANSWER_BYTES_MAX } from '../constants.ts'
import { CallsForm } from './calls-form.ts'
import { JsonReader } from './json-reader.ts'
import { SchemaMatch } from './schema-match.ts'

export interface Form {
  /** False: this byte cannot come here, and nothing more is asked of the form. */
  push(byte: number): boolean
  /** No byte follows: whether the answer is whole. */
  finish(): boolean
}

export class AnswerForm {
  readonly #form: Form
  #bytes = 0
  #isKept = true

  /** @throws ConfigError those of checkConstraint */
  constructor(constraint: OutputConstraint) {
    const value = jsonNodeOf(constraint)
    const createReader = () => new JsonReader(new SchemaMatch(value))
    this.#form =
      constraint.kind === 'tool_calls' ? new CallsForm(constraint, createReader) : createReader()
  }

  /** What comes next of the answer; false, from then on, where it may not. */
  accept(bytes: Uint8Array): boolean {
    this.#bytes += bytes.length
    this.#isKept &&= this.#bytes <= UPSTREAM_DOCUMENT_ANSWER_BYTES_MAX
    for (const byte of bytes) this.#isKept &&= this.#form.push(byte)
    return this.#isKept
  }

  /** The answer is at its end: whether it is whole. To be asked once. */
  finish(): boolean {
    this.#isKept &&= this.#form.finish()
    return this.#isKept
  }
}
