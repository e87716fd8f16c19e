/** Pieces still to come, shared by all sources: one that a source fails to bring goes back in line. */
import type { ManifestEntry } from '#inference/model/manifest.ts'
import type { PartFile } from './part-file.ts'

export interface WantedPiece {
  readonly entry: ManifestEntry
  readonly index: number
  /** Leaf hash, proven by the model's root. */
  readonly hash: Uint8Array
  readonly part: PartFile
}

export class PieceQueue {
  readonly #waiting: WantedPiece[]
  #running = 0
  #takers: PromiseWithResolvers<void>[] = []

  constructor(pieces: readonly WantedPiece[]) {
    this.#waiting = [...pieces]
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#running === 0
  }

  /**
   * The next piece; waits while the last ones are with other sources, which may give them back.
   * Undefined: all have come.
   */
  async next(): Promise<WantedPiece | undefined> {
    for (;;) {
      const piece = this.#waiting.shift()
      if (piece !== undefined) {
        this.#running += 1
        return piece
      }
      if (this.isDone) return undefined
      const taker = Promise.withResolvers<void>()
      this.#takers.push(taker)
      await taker.promise
    }
  }

  done(): void {
    this.#running -= 1
    this.#wake()
  }

  putBack(piece: WantedPiece): void {
    this.#running -= 1
    this.#waiting.unshift(piece)
    this.#wake()
  }

  #wake(): void {
    for (const taker of this.#takers.splice(0)) taker.resolve()
  }
}
