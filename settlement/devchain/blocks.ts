/**
 * Masterchain-like blocks: a number, a time and a root hash that commits to every block before it
 * and to every transaction in it. SIMULATED: there are no validators and no proofs.
 */
import { beginCell } from '@ton/core'
import type { ChainBlock } from '../types.ts'
import { BLOCKS_MAX } from './constants.ts'

/** "BLK1" */
const BLOCK_TAG = 0x424c4b31

export class Blocks {
  readonly #globalId: number
  readonly #blocks: ChainBlock[]

  /** Goes on after `saved`, or starts with a first block at `nowS`. */
  constructor(globalId: number, nowS: number, saved: readonly ChainBlock[] = []) {
    this.#globalId = globalId
    this.#blocks = saved.slice(-BLOCKS_MAX)
    if (this.#blocks.length === 0) this.append(nowS, [])
  }

  get latest(): ChainBlock {
    return this.#blocks[this.#blocks.length - 1]!
  }

  find(seqno: number): ChainBlock | undefined {
    return this.#blocks[seqno - (this.#blocks[0]?.seqno ?? 0)]
  }

  all(): readonly ChainBlock[] {
    return this.#blocks
  }

  append(nowS: number, transactionHashes: readonly Uint8Array[]): ChainBlock {
    const previous = this.#blocks[this.#blocks.length - 1]
    const seqno = (previous?.seqno ?? 0) + 1
    const rootHash = this.#rootHash(seqno, nowS, previous?.rootHash, transactionHashes)
    const block = { seqno, time: nowS, rootHash }
    this.#blocks.push(block)
    if (this.#blocks.length > BLOCKS_MAX) this.#blocks.shift()
    return block
  }

  #rootHash(
    seqno: number,
    time: number,
    previous: Uint8Array | undefined,
    transactionHashes: readonly Uint8Array[],
  ): Uint8Array {
    const transactions = transactionHashes.reduce<Buffer>(
      (sum, hash) => beginCell().storeBuffer(sum).storeBuffer(Buffer.from(hash)).endCell().hash(),
      Buffer.alloc(32),
    )
    const header = beginCell()
      .storeUint(BLOCK_TAG, 32)
      .storeInt(this.#globalId, 32)
      .storeUint(seqno, 32)
      .storeUint(time, 32)
      .storeBuffer(previous === undefined ? Buffer.alloc(32) : Buffer.from(previous))
      .storeBuffer(transactions)
      .endCell()
    return new Uint8Array(header.hash())
  }
}
