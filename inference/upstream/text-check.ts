/** Compares the text that a server sends with what its ids spell, as both grow. */
import { UPSTREAM_TEXT_LAG_CHARS_MAX } from './constants.ts'
import { drifted } from './errors.ts'

/** U+FFFD: where bytes are no text, two decoders may cut them differently; nothing is compared after it. */
const REPLACEMENT = '\uFFFD'

export class TextCheck {
  #ours = ''
  #theirs = ''
  #isOver = false

  /** @throws UnavailableError UPSTREAM_DRIFT */
  add(ours: string, theirs: string): void {
    if (this.#isOver) return
    this.#ours += ours
    this.#theirs += theirs
    const both = Math.min(this.#ours.length, this.#theirs.length)
    const isSame = this.#ours.slice(0, both) === this.#theirs.slice(0, both)
    if (!isSame && !this.#isUnclear()) throw drifted('text')
    this.#isOver = this.#isUnclear()
    this.#ours = this.#ours.slice(both)
    this.#theirs = this.#theirs.slice(both)
    const lag = Math.max(this.#ours.length, this.#theirs.length)
    if (!this.#isOver && lag > UPSTREAM_TEXT_LAG_CHARS_MAX) throw drifted('text')
  }

  /** @throws UnavailableError UPSTREAM_DRIFT when one of the two said more */
  end(): void {
    if (this.#isOver || this.#isUnclear()) return
    if (this.#ours !== this.#theirs) throw drifted('text')
  }

  #isUnclear(): boolean {
    return this.#ours.includes(REPLACEMENT) || this.#theirs.includes(REPLACEMENT)
  }
}
