/** Writes the story of one request while it happens; what is on the disk is never older than a choice. */
import type { Verdict } from '#attestation/types.ts'
import { toJson } from '#node/gateway/json.ts'
import type { ChatRequest, ChatResult, EmbedResult } from '#node/roles/client-service.ts'
import type { StoryStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import { STORY_OFFERS_MAX } from './constants.ts'
import type { Story, StoryAttempt, StoryOffer } from './story.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export interface StoryParts {
  readonly store: StoryStore
  readonly clock: Clock
}

/** What one attempt had when it was ready to ask. */
export interface OpenedAttempt {
  readonly verdict: Verdict
  readonly channel: string
  readonly attestMs: number
  readonly fundMs: number
}

/** What an attempt has come to. */
export interface PaidAttempt {
  readonly usedNano: bigint
  /** Of all vouchers of its channel. */
  readonly voucherNano: bigint
  /** Of the answer, from this and earlier attempts. */
  readonly heldTokens: number
}

export class StoryWriter {
  readonly #parts: StoryParts
  readonly #story: Mutable<Story>
  #attempt: Mutable<StoryAttempt> | undefined

  /** @param id names the story when no attempt ever gets an id on the wire */
  constructor(
    parts: StoryParts,
    id: string,
    request: Pick<ChatRequest, 'model' | 'maxTokens' | 'tierMin' | 'maxPriceNano' | 'callerId'>,
  ) {
    this.#parts = parts
    const { model, maxTokens, tierMin, maxPriceNano } = request
    this.#story = {
      format: 'cocoon-story/1',
      id,
      names: request.callerId === undefined ? [] : [request.callerId],
      atMs: parts.clock.nowMs(),
      model,
      state: 'running',
      problem: null,
      asked: {
        promptTokens: null,
        maxTokens,
        tierMin: tierMin ?? null,
        capNano: maxPriceNano === undefined ? null : `${maxPriceNano}`,
      },
      offers: [],
      offersSeen: 0,
      attempts: [],
      timings: { discoverMs: 0, firstTokenMs: null, totalMs: null },
      usage: null,
      money: { estimatedNano: '0', usedNano: '0' },
      receipt: null,
    }
  }

  began(promptTokens: number): void {
    this.#story.asked = { ...this.#story.asked, promptTokens }
  }

  ranked(ranked: readonly Ranked[], discoverMs: number): void {
    this.#story.offers = ranked.slice(0, STORY_OFFERS_MAX).map(offerOf)
    this.#story.offersSeen = ranked.length
    this.#story.timings = { ...this.#story.timings, discoverMs }
  }

  chose({ offer, reasons, estimatedPriceNano }: Ranked): void {
    const estimatedNano = `${estimatedPriceNano}`
    this.#attempt = {
      provider: offer.provider,
      requestId: null,
      reasons: [...reasons],
      estimatedNano,
      outcome: 'running',
      problem: null,
      verdict: null,
      channel: null,
      startedMs: this.#elapsedMs(),
      attestMs: 0,
      fundMs: 0,
      endedMs: null,
      resumedTokens: 0,
      tokens: 0,
      usedNano: '0',
      voucherNano: '0',
    }
    if (this.#story.attempts.length === 0) {
      this.#story.money = { ...this.#story.money, estimatedNano }
    }
    this.#story.attempts = [...this.#story.attempts, this.#attempt]
  }

  opened({ verdict, channel, attestMs, fundMs }: OpenedAttempt): void {
    const { tier, ok, steps } = verdict
    const failed = steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
    const judged = { tier, ok, failed, steps: steps.length }
    Object.assign(this.#attempt ?? {}, { verdict: judged, channel, attestMs, fundMs })
  }

  /**
   * The ask is about to leave: from here on a crash leaves a story behind.
   * @param resumedTokens of the answer, held already and sent along
   */
  asked(requestId: string, resumedTokens: number): void {
    Object.assign(this.#attempt ?? {}, { requestId, resumedTokens })
    this.#story.names = [...this.#story.names, requestId]
    this.#save()
  }

  paid({ usedNano, voucherNano, heldTokens }: PaidAttempt): void {
    const attempt = this.#attempt
    if (attempt !== undefined) {
      attempt.usedNano = `${usedNano}`
      attempt.voucherNano = `${voucherNano}`
      attempt.tokens = Math.max(0, heldTokens - attempt.resumedTokens)
    }
    const sum = this.#story.attempts.reduce((total, one) => total + BigInt(one.usedNano), 0n)
    this.#story.money = { ...this.#story.money, usedNano: `${sum}` }
  }

  busy(): void {
    this.#endAttempt('busy')
  }

  attemptFailed(thrown: unknown): void {
    this.#endAttempt('failed', thrown)
  }

  answered(result: ChatResult): void {
    this.#endAttempt('answered')
    const { usage, timings, receiptId, receiptFile } = result
    const { discoverMs, firstTokenMs, totalMs } = timings
    this.#story.usage = { ...usage }
    this.#story.timings = { discoverMs, firstTokenMs, totalMs }
    this.#story.receipt = { id: receiptId, file: receiptFile }
    this.#end('answered')
  }

  embedded({ promptTokens, receiptId, receiptFile }: EmbedResult, totalMs: number): void {
    this.#endAttempt('answered')
    this.#story.usage = { promptTokens, cachedTokens: 0, completionTokens: 0 }
    this.#story.timings = { ...this.#story.timings, totalMs }
    this.#story.receipt = { id: receiptId, file: receiptFile }
    this.#end('answered')
  }

  failed(thrown: unknown): void {
    this.#story.problem = problemOf(thrown)
    this.#end('failed')
  }

  /** The caller left, or stopped reading. Does nothing to a story that has its end. */
  left(): void {
    if (this.#story.state !== 'running') return
    if (this.#attempt?.outcome === 'running') this.#endAttempt('cancelled')
    this.#end('cancelled')
  }

  #endAttempt(outcome: StoryAttempt['outcome'], thrown?: unknown): void {
    const problem = thrown === undefined ? null : problemOf(thrown)
    Object.assign(this.#attempt ?? {}, { outcome, problem, endedMs: this.#elapsedMs() })
    this.#save()
  }

  #end(state: Story['state']): void {
    this.#story.state = state
    const { timings } = this.#story
    this.#story.timings = { ...timings, totalMs: timings.totalMs ?? this.#elapsedMs() }
    this.#save()
  }

  #elapsedMs(): number {
    return this.#parts.clock.nowMs() - this.#story.atMs
  }

  #save(): void {
    const { id, names, atMs } = this.#story
    this.#parts.store.saveStory({ id, names, createdAtMs: atMs, storyJson: toJson(this.#story) })
  }
}

function offerOf(one: Ranked, index: number): StoryOffer {
  return {
    provider: one.offer.provider,
    rank: index + 1,
    accepted: one.accepted,
    reasons: [...one.reasons],
    estimatedNano: `${one.estimatedPriceNano}`,
  }
}

/** Our own words only: a stranger's message may quote what it read. */
function problemOf(thrown: unknown) {
  const { code, message, remedy } = asCocoonError(thrown)
  return { code, message, remedy }
}
