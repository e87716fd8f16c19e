/**
 * A pushdown automaton over bytes: from a set of frames and a byte to the next set. Several frames in a set
 * are several ways to read the answer so far; each of them can be finished, so none is a dead end.
 */
import { DOCUMENT_DEPTH_MAX, GRAMMAR_FRAMES_MAX } from '../../constants.ts'
import { Alternatives } from './alternatives.ts'
import { arrayStep, objectStep, writtenNameStep } from './container-steps.ts'
import { END, type Frame, type FramePlace, FrameTable, resume } from './frames.ts'
import { isLiteral, type Literal, type SchemaNode } from './nodes.ts'
import { isWholeNumber, NUMBER_START, numberStep } from './number-step.ts'
import { STRING_UNOPENED, stringStep } from './string-step.ts'

const SPACE = 0x20

export class Automaton {
  readonly table = new FrameTable()
  readonly #alternatives = new Alternatives()

  /**
   * Undefined: the byte cannot come here. With `remembers` the names of members are kept, so that none
   * comes twice; without it the set of states stays small, and a mask may allow one token too many.
   */
  next(frames: readonly Frame[], byte: number, remembers: boolean): Frame[] | undefined {
    const found = new Map<number, Frame>()
    for (const frame of frames) {
      for (const next of this.step(frame, byte, remembers)) found.set(next.id, next)
    }
    if (found.size === 0) return undefined
    const all = [...found.values()]
    return all.length > GRAMMAR_FRAMES_MAX ? all.slice(0, GRAMMAR_FRAMES_MAX) : all
  }

  step(frame: Frame, byte: number, remembers: boolean): Frame[] {
    this.table.effort.spend()
    switch (frame.kind) {
      case 'end':
        return []
      case 'fork':
        return frame.ways.flatMap((way) => this.step(way, byte, remembers))
      case 'text':
        return this.#textStep(frame, byte)
      case 'value':
        if (byte === SPACE && frame.space) return [this.table.frame({ ...frame, space: false })]
        return this.enter(frame.node, frame.depth, frame.then).flatMap((entered) =>
          this.step(entered, byte, remembers),
        )
      case 'string': {
        const next = stringStep(frame, byte)
        if (next === undefined) return []
        return next === 'closed' ? resume(frame.then) : [this.table.frame({ ...frame, ...next })]
      }
      case 'number':
        return this.#numberStep(frame, byte)
      case 'array':
        return arrayStep(this, frame, byte, remembers)
      case 'object':
        return objectStep(this, frame, byte)
      case 'name':
        return writtenNameStep(this, frame, byte, remembers)
      case 'sequence':
        return this.#part(frame).flatMap((part) => this.step(part, byte, remembers))
      case 'free':
        return [this.#freeStep(frame, byte)]
    }
  }

  canEnter(node: SchemaNode, depth: number): boolean {
    return depth + node.leastDepth <= DOCUMENT_DEPTH_MAX
  }

  /** The ways into a value, each before its first byte. */
  enter(node: SchemaNode, depth: number, then: Frame): Frame[] {
    if (!this.canEnter(node, depth)) return []
    const one = (place: FramePlace) => [this.table.frame(place)]
    switch (node.kind) {
      case 'text':
        return node.texts.map((literal) => this.text(literal, 0, then))
      case 'string': {
        const { minLength, maxLength } = node
        return one({
          kind: 'string',
          minLength,
          maxLength,
          length: 0,
          phase: STRING_UNOPENED,
          then,
        })
      }
      case 'number':
        return one({ kind: 'number', node, ...NUMBER_START, then })
      case 'array':
        return one({ kind: 'array', node, depth, phase: 'open', items: 0, then })
      case 'object':
        return one({ kind: 'object', node, depth, phase: 'open', next: 0, names: undefined, then })
      case 'choice':
        return this.#alternatives.of(node).flatMap((each) => this.enter(each, depth, then))
      case 'sequence':
        return one({ kind: 'sequence', node, part: 0, then })
    }
  }

  text(literal: Literal, at: number, then: Frame): Frame {
    return this.table.frame({ kind: 'text', literal, at, then })
  }

  value(node: SchemaNode, depth: number, space: boolean, then: Frame): Frame {
    return this.table.frame({ kind: 'value', node, depth, space, then })
  }

  #textStep(frame: Extract<Frame, { kind: 'text' }>, byte: number): Frame[] {
    const { literal, at, then } = frame
    if (literal.bytes[at] !== byte) return []
    return at + 1 < literal.bytes.length ? [this.text(literal, at + 1, then)] : resume(then)
  }

  /** A number goes on or ends: only what comes next tells. */
  #numberStep(frame: Extract<Frame, { kind: 'number' }>, byte: number): Frame[] {
    const place = numberStep(frame, byte)
    if (place === undefined) return []
    const next = this.table.frame({ ...frame, ...place })
    const isWhole = next.kind === 'number' && isWholeNumber(next)
    return isWhole ? [next, ...resume(frame.then)] : [next]
  }

  #part(frame: Extract<Frame, { kind: 'sequence' }>): Frame[] {
    const { node, part, then } = frame
    const current = node.parts[part]
    if (current === undefined) return []
    const isLast = part === node.parts.length - 1
    const after = isLast ? then : this.table.frame({ kind: 'sequence', node, part: part + 1, then })
    return isLiteral(current) ? [this.text(current, 0, after)] : this.enter(current, 0, after)
  }

  /** Knuth, Morris and Pratt: as much of the marker as the text now ends with. */
  #freeStep(frame: Extract<Frame, { kind: 'free' }>, byte: number): Frame {
    const { bytes } = frame.marker
    const seen = [...bytes.subarray(0, frame.matched), byte]
    let matched = Math.min(seen.length, bytes.length)
    while (matched > 0 && !endsWith(seen, bytes, matched)) matched--
    return matched === bytes.length ? frame.then : this.table.frame({ ...frame, matched })
  }
}

function endsWith(seen: readonly number[], bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) {
    if (seen[seen.length - length + at] !== bytes[at]) return false
  }
  return true
}

/** Whether an answer may end here: it is whole, or free text. */
export function isWhole(frames: readonly Frame[]): boolean {
  return frames.some((frame) => frame === END || frame.kind === 'free')
}
