/**
 * Places in an answer, as a list that ends in END: each frame says what the next byte may be, `then` what
 * follows when its part is whole. Equal frames are one object, so that their ids can name a state.
 */
import { Effort } from './effort.ts'
import type {
  ArrayNode,
  Literal,
  NumberNode,
  ObjectNode,
  SchemaNode,
  SequenceNode,
} from './nodes.ts'

export type Frame =
  /** The answer is whole. */
  | { readonly kind: 'end'; readonly id: number }
  /** Several ways on, where a part may be the last one or not. */
  | { readonly kind: 'fork'; readonly id: number; readonly ways: Frame[] }
  | Placed<{ kind: 'text'; literal: Literal; at: number }>
  /** Before the first byte of a value, or of the one space that may stand before it. */
  | Placed<{ kind: 'value'; node: SchemaNode; depth: number; space: boolean }>
  | Placed<{ kind: 'string'; minLength: number; maxLength: number; length: number; phase: number }>
  | Placed<{ kind: 'number'; node: NumberNode; phase: number; digits: number; magnitude: number }>
  | Placed<{ kind: 'array'; node: ArrayNode; depth: number; phase: ArrayPhase; items: number }>
  | Placed<ObjectPlace & { kind: 'object'; phase: ObjectPhase; next: number }>
  /** In the name of a member that the schema does not name; `name` is what was written of it. */
  | Placed<ObjectPlace & { kind: 'name'; name: string | undefined; phase: number }>
  | Placed<{ kind: 'sequence'; node: SequenceNode; part: number }>
  /** Free text, `matched` bytes of the marker behind; `then` begins after the marker. */
  | Placed<{ kind: 'free'; marker: Literal; matched: number }>

export type ArrayPhase = 'open' | 'first' | 'after'
export type ObjectPhase = 'open' | 'first' | 'after' | 'spaced' | 'next'

interface ObjectPlace {
  node: ObjectNode
  depth: number
  names: NameList | undefined
}

/** Names of members written so far, the last one first. */
export interface NameList {
  readonly id: number
  readonly name: string
  readonly before: NameList | undefined
}

type Placed<Place> = Readonly<Place> & { readonly id: number; readonly then: Frame }
type WithoutId<Any> = Any extends Frame ? Omit<Any, 'id'> : never
export type FramePlace = WithoutId<Exclude<Frame, { kind: 'end' | 'fork' }>>

export const END: Frame = { kind: 'end', id: 0 }

/** Makes frames and finds equal ones again. */
export class FrameTable {
  readonly effort = new Effort()
  readonly #known = new Map<string, Frame>()
  #nextId = 1

  /** @throws ConfigError SCHEMA_TOO_COSTLY */
  frame(place: FramePlace): Frame {
    this.effort.spend()
    const key = keyOf(place)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = { ...place, id: this.#nextId++ } as Frame
    this.#known.set(key, made)
    return made
  }

  fork(ways: Frame[]): Frame {
    return { kind: 'fork', id: this.#nextId++, ways }
  }

  named(name: string, before: NameList | undefined): NameList {
    return { id: this.#nextId++, name, before }
  }

  get size(): number {
    return this.#known.size
  }

  /** Forgets; frames in use stay valid, equal ones made later have other ids. */
  clear(): void {
    this.#known.clear()
  }
}

function keyOf(place: FramePlace): string {
  const head = `${place.kind} ${place.then.id} `
  switch (place.kind) {
    case 'text':
      return `${head}${place.literal.id} ${place.at}`
    case 'value':
      return `${head}${place.node.id} ${place.depth} ${place.space}`
    case 'string':
      return `${head}${place.minLength} ${place.maxLength} ${place.length} ${place.phase}`
    case 'number':
      return `${head}${place.node.id} ${place.phase} ${place.digits} ${place.magnitude}`
    case 'array':
      return `${head}${place.node.id} ${place.depth} ${place.phase} ${place.items}`
    case 'object':
      return `${head}${place.node.id} ${place.depth} ${place.names?.id} ${place.phase} ${place.next}`
    case 'name':
      return `${head}${place.node.id} ${place.depth} ${place.names?.id} ${place.phase} ${place.name}`
    case 'sequence':
      return `${head}${place.node.id} ${place.part}`
    case 'free':
      return `${head}${place.marker.id} ${place.matched}`
  }
}

export type FrameOf<Kind extends Frame['kind']> = Extract<Frame, { kind: Kind }>

/** What comes after a part that is whole. */
export function resume(then: Frame): Frame[] {
  return then.kind === 'fork' ? then.ways : [then]
}
