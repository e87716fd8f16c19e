/** Which ids may come in a state of the automaton: walked once over the vocabulary, then remembered. */
import { GRAMMAR_MASKS_MAX, GRAMMAR_STATES_MAX } from '../../constants.ts'
import type { Automaton } from './automaton.ts'
import { withoutName } from './container-steps.ts'
import type { Frame } from './frames.ts'
import type { VocabularyTrie } from './vocabulary-trie.ts'

/** A set of frames, with the states that follow as far as they were looked for; null: none. */
interface State {
  readonly frames: readonly Frame[]
  readonly next: (State | null | undefined)[]
}

/** A bit for each id, in words of 32. */
export type TokenMask = Uint32Array

export class TokenMasks {
  readonly #automaton: Automaton
  readonly #trie: VocabularyTrie
  readonly #states = new Map<string, State>()
  readonly #masks = new Map<string, TokenMask>()
  readonly #path: (State | undefined)[] = []

  constructor(automaton: Automaton, trie: VocabularyTrie) {
    this.#automaton = automaton
    this.#trie = trie
  }

  /** May allow an id that writes a member's name twice in one token; see Automaton.next. */
  maskFor(frames: readonly Frame[]): TokenMask {
    const plain = frames.map((frame) => withoutName(this.#automaton, frame))
    const key = keyOf(plain)
    const known = this.#masks.get(key)
    if (known !== undefined) return known
    const mask = this.#walk(this.#state(plain, key))
    const oldest = this.#masks.keys().next().value
    if (this.#masks.size >= GRAMMAR_MASKS_MAX && oldest !== undefined) this.#masks.delete(oldest)
    this.#masks.set(key, mask)
    if (this.#states.size > GRAMMAR_STATES_MAX) this.#forget()
    return mask
  }

  #walk(start: State): TokenMask {
    const { bytes, depths, ends, firstIds, ids, vocabularySize } = this.#trie
    const mask = new Uint32Array((vocabularySize + 31) >>> 5)
    const path = this.#path
    path[0] = start
    for (let node = 0; node < bytes.length; ) {
      const depth = depths[node] as number
      const byte = bytes[node] as number
      const state = path[depth] as State
      const known = state.next[byte]
      const next = known === undefined ? this.#follow(state, byte) : known
      if (next === null) {
        node = ends[node] as number
        continue
      }
      path[depth + 1] = next
      const end = firstIds[node + 1] as number
      // Ids of the node itself come before those of longer texts, which begin at the next node.
      for (let at = firstIds[node] as number; at < end; at++) {
        const id = ids[at] as number
        mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
      }
      node++
    }
    return mask
  }

  #follow(state: State, byte: number): State | null {
    const frames = this.#automaton.next(state.frames, byte, false)
    const next = frames === undefined ? null : this.#state(frames, keyOf(frames))
    state.next[byte] = next
    return next
  }

  #state(frames: readonly Frame[], key: string): State {
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const made: State = { frames, next: [] }
    this.#states.set(key, made)
    return made
  }

  /** Masks stay: their keys are of frames that are made no more, or that still are in use. */
  #forget(): void {
    this.#states.clear()
    this.#path.length = 0
    this.#automaton.table.clear()
  }
}

function keyOf(frames: readonly Frame[]): string {
  return frames.map(({ id }) => id).join(' ')
}
