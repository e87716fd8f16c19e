/**
 * Answers the nonces of waiting clients with as few quotes as possible: nonces that arrive within one tick,
 * or while another quote is being made, share one quote over the root of their tree. A quoting
 * enclave serves one request at a time, so quotes are made one after the other and not more often than the
 * interval says, however many clients ask.
 */
import { CHALLENGE_NONCES_MAX } from '#attestation/constants.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { appendLeaf, emptyTree, leafHash, leafProver, treeRoot } from '#protocol/merkle.ts'
import { CHALLENGE_INTERVAL_MS, CHALLENGE_TICK_MS, CHALLENGES_WAITING_MAX } from '../constants.ts'

export interface ChallengeDeskComponents<Epoch> {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly wait: (milliseconds: number) => Promise<void>
  /** A quote over the statement of this epoch with this challenge. */
  readonly quote: (epoch: Epoch, challenge: Uint8Array) => Promise<Evidence>
}

interface Waiting<Epoch> {
  readonly epoch: Epoch
  readonly nonce: Uint8Array
  readonly resolve: (evidence: Evidence) => void
  readonly reject: (reason: unknown) => void
}

export class ChallengeDesk<Epoch> {
  readonly #parts: ChallengeDeskComponents<Epoch>
  #waiting: Waiting<Epoch>[] = []
  #isWorking = false
  #lastQuoteMs = Number.NEGATIVE_INFINITY

  constructor(parts: ChallengeDeskComponents<Epoch>) {
    this.#parts = parts
  }

  /**
   * The evidence of this epoch over a challenge that holds this nonce, with the nonce's proof.
   * @throws UnavailableError CHALLENGES_FULL, and what the quote source throws
   */
  answer(epoch: Epoch, nonce: Uint8Array): Promise<Evidence> {
    if (this.#waiting.length >= CHALLENGES_WAITING_MAX) {
      const full = new UnavailableError('CHALLENGES_FULL', 'too many clients wait for a quote', {
        remedy: 'Ask again in some seconds, or ask another provider.',
      })
      return Promise.reject(full)
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ epoch, nonce, resolve, reject })
      if (!this.#isWorking) void this.#work()
    })
  }

  async #work(): Promise<void> {
    const { clock, wait } = this.#parts
    this.#isWorking = true
    while (this.#waiting.length > 0) {
      const restMs = this.#lastQuoteMs + CHALLENGE_INTERVAL_MS - clock.nowMs()
      await wait(Math.min(Math.max(CHALLENGE_TICK_MS, restMs), CHALLENGE_INTERVAL_MS))
      this.#lastQuoteMs = clock.nowMs()
      await this.#answerBatch(this.#takeBatch())
    }
    this.#isWorking = false
  }

  /** The longest waiting first; one quote is about one epoch. */
  #takeBatch(): Waiting<Epoch>[] {
    const epoch = this.#waiting[0]?.epoch
    const ofEpoch = this.#waiting.filter((one) => one.epoch === epoch)
    const batch = ofEpoch.slice(0, CHALLENGE_NONCES_MAX)
    const taken = new Set(batch)
    this.#waiting = this.#waiting.filter((one) => !taken.has(one))
    return batch
  }

  async #answerBatch(batch: readonly Waiting<Epoch>[]): Promise<void> {
    const [first] = batch
    if (first === undefined) return
    const { crypto, quote } = this.#parts
    try {
      const leaves = batch.map(({ nonce }) => leafHash(crypto, nonce))
      const tree = leaves.reduce((sum, leaf) => appendLeaf(crypto, sum, leaf), emptyTree())
      const evidence = await quote(first.epoch, treeRoot(crypto, tree))
      const proofOf = leafProver(crypto, leaves)
      for (const [at, { resolve }] of batch.entries()) {
        resolve({ ...evidence, nonceProof: proofOf(at) })
      }
    } catch (reason) {
      for (const { reject } of batch) reject(reason)
    }
  }
}
