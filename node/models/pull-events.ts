/** What a pull tells while it runs; `cocoon models pull --json` prints these. */
import { PROGRESS_STEP_BYTES } from './constants.ts'

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

/** Counts bytes of one pull; tells once for each percent, of a large model more often. */
export class PullProgress {
  readonly #tell: TellPull
  readonly #bytesTotal: number
  #bytesDone: number
  #toldStep: number

  constructor(tell: TellPull, bytesTotal: number, bytesHere: number) {
    this.#tell = tell
    this.#bytesTotal = bytesTotal
    this.#bytesDone = bytesHere
    this.#toldStep = this.#step()
  }

  /** Negative when what came has to come again. */
  add(bytes: number): void {
    this.#bytesDone += bytes
    if (this.#step() === this.#toldStep) return
    this.#toldStep = this.#step()
    this.#tell({ kind: 'progress', bytesDone: this.#bytesDone, bytesTotal: this.#bytesTotal })
  }

  #step(): number {
    const stepBytes = Math.min(PROGRESS_STEP_BYTES, this.#bytesTotal / 100)
    return this.#bytesTotal === 0 ? 0 : Math.floor(this.#bytesDone / stepBytes)
  }
}
