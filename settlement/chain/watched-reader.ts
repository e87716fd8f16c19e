/**
 * One endpoint under suspicion: its blocks must be recent by the own clock, never go back, and never change
 * once they were seen. What fails is refused, and nothing is read from such a chain.
 */
import { equal } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { UnavailableError } from '#protocol/errors.ts'
import {
  CHAIN_BEHIND_S_MAX,
  CHAIN_BLOCKS_REMEMBERED,
  CHAIN_CHECK_MS,
  CHAIN_WOBBLE_BLOCKS,
} from '../constants.ts'
import type { ChainBlock, DeepChainReader } from '../types.ts'

const REMEDY =
  'Check this machine’s clock, then use another endpoint (chainUrls of the network file).'

/**
 * Every method @throws UnavailableError CHAIN_STALE, CHAIN_WENT_BACK, CHAIN_FORKED, and as `inner` does.
 * @param clock the own clock, which the chain does not set
 */
export function watchedReader(inner: DeepChainReader, clock: Clock): DeepChainReader {
  const watch = new Watch(clock)
  let checkedMs = Number.NEGATIVE_INFINITY
  const latestBlock = async () => {
    const block = await inner.latestBlock()
    watch.see(block, true)
    checkedMs = clock.nowMs()
    return block
  }
  /** State is read only from an endpoint whose newest block was good a moment ago. */
  const checked = async <T>(read: () => Promise<T>): Promise<T> => {
    if (Math.abs(clock.nowMs() - checkedMs) >= CHAIN_CHECK_MS) await latestBlock()
    return read()
  }
  return {
    globalId: inner.globalId,
    latestBlock,
    block: async (seqno) => {
      const block = await inner.block(seqno)
      if (block !== undefined) watch.see(block, false)
      return block
    },
    balance: (address) => checked(() => inner.balance(address)),
    channel: (address) => checked(() => inner.channel(address)),
    channelAt: (address, seqno) => checked(() => inner.channelAt(address, seqno)),
    account: (address) => checked(() => inner.account(address)),
    transactions: (...asked) => checked(() => inner.transactions(...asked)),
  }
}

class Watch {
  readonly #clock: Clock
  readonly #roots = new Map<number, Uint8Array>()
  #highest = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  see(block: ChainBlock, isLatest: boolean): void {
    const { seqno, rootHash, time } = block
    const known = this.#roots.get(seqno)
    if (known !== undefined && !equal(known, rootHash)) {
      throw new UnavailableError('CHAIN_FORKED', 'the endpoint shows another block than before', {
        remedy: REMEDY,
        data: { seqno },
      })
    }
    if (isLatest) {
      if (seqno < this.#highest - CHAIN_WOBBLE_BLOCKS) {
        throw new UnavailableError('CHAIN_WENT_BACK', 'the endpoint replays an older chain', {
          remedy: REMEDY,
          data: {
            seqno,
            seen: this.#highest,
          },
        })
      }
      const behindS = Math.floor(this.#clock.nowMs() / 1000) - time
      if (behindS > CHAIN_BEHIND_S_MAX) {
        throw new UnavailableError('CHAIN_STALE', `the newest block is ${behindS} s old`, {
          remedy: REMEDY,
          data: { behindS },
        })
      }
      this.#highest = Math.max(this.#highest, seqno)
    }
    this.#remember(seqno, rootHash)
  }

  #remember(seqno: number, rootHash: Uint8Array): void {
    this.#roots.set(seqno, rootHash)
    if (this.#roots.size <= CHAIN_BLOCKS_REMEMBERED) return
    const oldest = this.#roots.keys().next().value
    if (oldest !== undefined) this.#roots.delete(oldest)
  }
}
