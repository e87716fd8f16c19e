/** States of accounts at recent blocks: what each block changed is kept with what was there before. */
import { HISTORY_BLOCKS_MAX } from './constants.ts'

/** By raw address: the state before the block; undefined: no account then. */
export type StatesBefore = ReadonlyMap<string, string | undefined>

export class History {
  readonly #blocks: { readonly seqno: number; readonly before: StatesBefore }[] = []
  #firstSeqno: number

  /** Knows nothing of blocks before `firstSeqno`. */
  constructor(firstSeqno: number) {
    this.#firstSeqno = firstSeqno
  }

  append(seqno: number, before: StatesBefore): void {
    this.#blocks.push({ seqno, before })
    if (this.#blocks.length <= HISTORY_BLOCKS_MAX) return
    this.#firstSeqno = this.#blocks.shift()?.seqno ?? this.#firstSeqno
  }

  get size(): number {
    return this.#blocks.length
  }

  knows(seqno: number): boolean {
    return seqno >= this.#firstSeqno
  }

  /** The state right after block `seqno`, given the present one. Call only when `knows(seqno)`. */
  stateAt(rawAddress: string, seqno: number, present: string | undefined): string | undefined {
    const change = this.#blocks.find((one) => one.seqno > seqno && one.before.has(rawAddress))
    return change === undefined ? present : change.before.get(rawAddress)
  }
}
