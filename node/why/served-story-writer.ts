/**
 * Writes a provider's story of one request: a row when it is asked, the whole at its end. Nothing is owed
 * by it, so no answer waits for its sync, and one that cannot be written ends no answer.
 */
import { toJson } from '#node/gateway/json.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { decodeReceiptBody, receiptId, type SignedReceipt } from '#protocol/receipt.ts'
import type { ServedStop, ServedStory } from './served-story.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export interface ServedStoryParts {
  readonly store: Pick<PeerStore, 'group' | 'saveStory'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

export interface Asked extends Pick<ServedStory, 'id' | 'model' | 'client' | 'channel'> {
  /** As the client counts them. */
  readonly promptTokens: number
  /** Of them, those of an answer that is continued. */
  readonly resumedTokens: number
}

export class ServedStoryWriter {
  readonly #parts: ServedStoryParts
  readonly #story: Mutable<ServedStory>

  constructor(parts: ServedStoryParts, { promptTokens, resumedTokens, ...who }: Asked) {
    this.#parts = parts
    this.#story = {
      format: 'cocoon-served-story/1',
      ...who,
      atMs: parts.clock.nowMs(),
      state: 'running',
      stop: null,
      problem: null,
      asked: { promptTokens, resumedTokens, maxTokens: null },
      signed: {
        promptTokens: 0,
        cachedTokens: 0,
        completionTokens: 0,
        checkpoints: 0,
        usedNano: '0',
      },
      receipt: null,
      money: { allocatedNano: '0', voucherNano: '0' },
      timings: { paidMs: null, firstTokenMs: null, totalMs: null },
    }
  }

  /** Work begins: from here on a crash leaves a story behind. */
  began(maxTokens: number): void {
    this.#story.asked = { ...this.#story.asked, maxTokens }
    this.#save()
  }

  /** @param voucherNano of all vouchers of the channel */
  paid(allocatedNano: bigint, voucherNano: bigint): void {
    this.#story.money = { allocatedNano: `${allocatedNano}`, voucherNano: `${voucherNano}` }
    this.#once('paidMs')
  }

  tokensSent(): void {
    this.#once('firstTokenMs')
  }

  /** A checkpoint, or the final receipt: durable, and not sent yet. */
  signed(receipt: SignedReceipt, crypto: CryptoPort): void {
    const { promptTokens, cachedTokens, completionTokens, usedNano, ...body } = decodeReceiptBody(
      receipt.body,
    )
    const { finish, leafIndex } = body
    const isFinal = finish !== 'partial'
    const checkpoints = this.#story.signed.checkpoints + (isFinal ? 0 : 1)
    const counts = { promptTokens, cachedTokens, completionTokens }
    this.#story.signed = { ...counts, checkpoints, usedNano: `${usedNano}` }
    if (isFinal) this.#story.receipt = { id: receiptId(crypto, receipt), leafIndex, finish }
  }

  /** Why it ends early; the first reason stays. */
  stopped(stop: ServedStop, thrown?: unknown): void {
    this.#story.stop ??= stop
    if (thrown !== undefined) this.#story.problem ??= problemOf(thrown)
  }

  /** All that was to be said is on the wire. */
  ended(): void {
    const { stop } = this.#story
    this.#end(stop === null ? 'answered' : stop === 'engine' ? 'failed' : 'cancelled')
  }

  /** The session ended first. */
  broken(thrown: unknown): void {
    this.stopped('session-over', thrown)
    this.#end('broken')
  }

  refused(thrown: unknown): void {
    this.#story.problem = problemOf(thrown)
    this.#end('refused')
  }

  #once(timing: 'paidMs' | 'firstTokenMs'): void {
    const { timings } = this.#story
    if (timings[timing] !== null) return
    this.#story.timings = { ...timings, [timing]: this.#elapsedMs() }
  }

  #end(state: ServedStory['state']): void {
    if (this.#story.state !== 'running') return
    this.#story.state = state
    this.#story.timings = { ...this.#story.timings, totalMs: this.#elapsedMs() }
    this.#save()
  }

  #elapsedMs(): number {
    return Math.max(0, this.#parts.clock.nowMs() - this.#story.atMs)
  }

  #save(): void {
    const { store, onError } = this.#parts
    const { id, atMs } = this.#story
    const row = { id, names: this.#names(), createdAtMs: atMs, storyJson: toJson(this.#story) }
    store.group(() => store.saveStory(row)).catch(onError)
  }

  #names(): string[] {
    const { receipt } = this.#story
    return receipt === null ? [] : [receipt.id]
  }
}

/** Our own words only: a stranger's message may quote what it read. */
function problemOf(thrown: unknown) {
  const { code, message, remedy } = asCocoonError(thrown)
  return { code, message, remedy }
}
