/** A constraint on an answer, ready to be followed (docs/spec/structured-output.md). */
import { DOCUMENT_DEPTH_MAX } from '../../constants.ts'
import type { OutputConstraint } from '../../engine.ts'
import { TOOL_CALL_OPEN } from '../tool-calls.ts'
import { Automaton, isWhole } from './automaton.ts'
import { END, type Frame } from './frames.ts'
import { checkNoEmptyCycles, computeLeastDepths } from './least-depth.ts'
import { NodeFactory, type SchemaNode } from './nodes.ts'
import { invalid } from './schema-errors.ts'
import { readSchema } from './schema-reader.ts'
import { TokenMasks } from './token-masks.ts'
import { readCall, readTools, startOfTools } from './tool-grammar.ts'
import type { Vocabulary, VocabularyTrie } from './vocabulary-trie.ts'

/** Before anything is paid for. @throws ConfigError SCHEMA_UNSUPPORTED, SCHEMA_INVALID, TOOLS_INVALID */
export function checkConstraint(constraint: OutputConstraint): void {
  compile(constraint)
}

/**
 * The JSON value that an answer is, or that each call in it is: for a check of what another machine wrote, in
 * a spacing and an order of its own.
 * @throws ConfigError as checkConstraint
 */
export function jsonNodeOf(constraint: OutputConstraint): SchemaNode {
  const factory = new NodeFactory()
  const node =
    constraint.kind === 'tool_calls'
      ? readCall(constraint, factory)
      : readDocument(constraint, factory)
  finish(factory)
  checkSatisfiable(node.leastDepth)
  return node
}

/** One answer under a constraint. */
export class ConstrainedAnswer {
  readonly #vocabulary: Vocabulary
  readonly #automaton: Automaton
  readonly #masks: TokenMasks
  #frames: readonly Frame[]
  #hasEnded = false

  constructor(constraint: OutputConstraint, vocabulary: Vocabulary, trie: VocabularyTrie) {
    const { automaton, start } = compile(constraint)
    this.#vocabulary = vocabulary
    this.#automaton = automaton
    this.#masks = new TokenMasks(automaton, trie)
    this.#frames = [start]
  }

  /** Whether the answer may come to its end here. */
  get isWhole(): boolean {
    return isWhole(this.#frames)
  }

  /** @throws ConfigError SCHEMA_TOO_COSTLY */
  allows(id: number): boolean {
    return this.#after(id) !== undefined
  }

  /** Goes on by one id; false, and no change, where it may not come. @throws ConfigError SCHEMA_TOO_COSTLY */
  accept(id: number): boolean {
    const frames = this.#after(id)
    if (frames === undefined) return false
    this.#hasEnded = this.#vocabulary.endTokenIds.includes(id)
    this.#frames = frames
    return true
  }

  /** Sets the logits of ids that may not come to minus infinity. @throws ConfigError SCHEMA_TOO_COSTLY */
  mask(logits: Float32Array): void {
    this.#automaton.table.effort.renew()
    const { endTokenIds } = this.#vocabulary
    const ends = this.isWhole ? endTokenIds.map((id) => logits[id] as number) : []
    const mask = this.#masks.maskFor(this.#frames)
    for (let id = 0; id < logits.length; id++) {
      const word = mask[id >>> 5] ?? 0
      if (((word >>> (id & 31)) & 1) === 0) logits[id] = Number.NEGATIVE_INFINITY
    }
    for (const [at, logit] of ends.entries()) logits[endTokenIds[at] as number] = logit
  }

  #after(id: number): readonly Frame[] | undefined {
    if (this.#hasEnded) return undefined
    if (this.#vocabulary.endTokenIds.includes(id)) return this.isWhole ? this.#frames : undefined
    const bytes = this.#vocabulary.tokenBytes(id)
    this.#automaton.table.effort.renew()
    let frames: readonly Frame[] | undefined = bytes.length === 0 ? undefined : this.#frames
    for (const byte of bytes) {
      if (frames !== undefined) frames = this.#automaton.next(frames, byte, true)
    }
    return frames
  }
}

function compile(constraint: OutputConstraint): { automaton: Automaton; start: Frame } {
  const factory = new NodeFactory()
  const automaton = new Automaton()
  if (constraint.kind === 'tool_calls') {
    const nodes = readTools(constraint, factory)
    const marker = factory.literal(TOOL_CALL_OPEN)
    finish(factory)
    // A function whose arguments nothing fits is one that is never called; one at least can be.
    checkSatisfiable(nodes.body.leastDepth)
    return { automaton, start: startOfTools(automaton, constraint, nodes, marker) }
  }
  const root = readDocument(constraint, factory)
  finish(factory)
  checkSatisfiable(root.leastDepth)
  return { automaton, start: automaton.value(root, 0, false, END) }
}

type DocumentConstraint = Exclude<OutputConstraint, { kind: 'tool_calls' }>

function readDocument(constraint: DocumentConstraint, factory: NodeFactory): SchemaNode {
  if (constraint.kind === 'json_object') return factory.anyObject()
  return readSchema(constraint.schema, factory)
}

function finish(factory: NodeFactory): void {
  checkNoEmptyCycles(factory.all)
  computeLeastDepths(factory.all)
}

function checkSatisfiable(leastDepth: number): void {
  if (leastDepth > DOCUMENT_DEPTH_MAX && Number.isFinite(leastDepth))
    throw invalid('it is too deep')
  if (!Number.isFinite(leastDepth)) throw invalid('nothing satisfies it')
}
