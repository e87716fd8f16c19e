/** What a pull tells while it runs; `cocoon models pull --json` prints these. */
export type PullEvent =
  | {
      readonly kind: 'plan'
      readonly files: number
      readonly bytesTotal: number
      /** Already here from an earlier run. */
      readonly bytesHere: number
    }
  | { readonly kind: 'progress'; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string }
  | {
      readonly kind: 'retry'
      readonly what: string
      readonly reason: string
      readonly waitMs: number
    }
  | { readonly kind: 'source'; readonly peerId: string }
  | { readonly kind: 'source-dropped'; readonly peerId: string; readonly reason: string }
  | { readonly kind: 'notice'; readonly message: string }

export type TellPull = (event: PullEvent) => void

/** Counts bytes of one pull; tells at most once for each percent. */
export class PullProgress {
  readonly #tell: TellPull
  readonly #bytesTotal: number
  #bytesDone: number
  #toldPercent: number

  constructor(tell: TellPull, bytesTotal: number, bytesHere: number) {
    this.#tell = tell
    this.#bytesTotal = bytesTotal
    this.#bytesDone = bytesHere
    this.#toldPercent = this.#percent()
  }

  /** Negative when what came has to come again. */
  add(bytes: number): void {
    this.#bytesDone += bytes
    if (this.#percent() === this.#toldPercent) return
    this.#toldPercent = this.#percent()
    this.#tell({ kind: 'progress', bytesDone: this.#bytesDone, bytesTotal: this.#bytesTotal })
  }

  #percent(): number {
    return this.#bytesTotal === 0 ? 100 : Math.floor((100 * this.#bytesDone) / this.#bytesTotal)
  }
}
