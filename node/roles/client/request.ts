/**
 * One request on the client's side. Everything that arrives is handled in the order of arrival and
 * without waiting, so that the sums kept here are the ones the provider signed. Money is only
 * promised while the reader of the answer keeps up.
 */
import { AsyncQueue } from '#node/async.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ProtocolError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import type { UnitPrices } from '#protocol/money.ts'
import type { ReceiptBody, SignedReceipt } from '#protocol/receipt.ts'
import type { Ask, ClientContent } from '#protocol/session/client-content.ts'
import {
  type ClientMeter,
  type ClientMeterEvent,
  startClientMeter,
  stepClientMeter,
} from '#protocol/session/client-meter.ts'
import type { Refusal } from '#protocol/session/frames.ts'
import type { ProviderContent, Tokens } from '#protocol/session/provider-content.ts'
import type { TokenLogprobs } from '#protocol/session/token-logprobs.ts'
import { streamsAtOnce, unitsAffordable, unitsCostNano } from '#protocol/session/units.ts'
import {
  ALLOCATION_WAIT_MS,
  PROVIDER_SILENCE_MS,
  QUEUE_WAIT_MAX_MS,
  REQUEST_QUEUE_MESSAGES_MAX,
} from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { Deadline } from '../shared/deadline.ts'
import type { AppendedReceipt, ClientDesk } from './channel-desk.ts'
import { EmbeddingAnswer, type EmbeddingBounds } from './embedding-answer.ts'
import { checkReceipt, type SessionExpectation } from './receipt-check.ts'

/** Messages that may wait for the reader before nothing more is promised. */
const READER_LAG_MESSAGES_MAX = 64

export interface ClientRequestComponents {
  readonly crypto: CryptoPort
  readonly desk: ClientDesk
  readonly session: SessionExpectation
  readonly prices: UnitPrices
  readonly keptUnits: number
  readonly emit: EmitEvent
  /** Seals and queues for sending, in the order of the calls. */
  readonly send: (requestId: Uint8Array, content: ClientContent, final?: boolean) => void
  /** Keeps the salts of the commitments durably: with them the owner can open its own receipts. */
  readonly keepSalts: (requestId: string, ask: Ask) => void
  /** The request is open: its evidence is kept from here on. */
  readonly onFirstCheckpoint: (receipt: SignedReceipt) => void
  /** Receipts that joined the tree, this one or earlier ones that waited. */
  readonly onAppended: (appended: readonly AppendedReceipt[]) => void
  readonly clock: Clock
  /**
   * Neither tokens nor an end nor a place in the queue for PROVIDER_SILENCE_MS, though what is due was
   * promised; or a place in the queue for longer than QUEUE_WAIT_MAX_MS.
   */
  readonly onStalled: () => void
  /** Whether this allocation keeps the exposure of the whole channel within its bound. */
  readonly mayAllocate: (requestId: string, allocatedNano: bigint) => boolean
}

export interface SettledReceipt {
  readonly receipt: SignedReceipt
  readonly body: ReceiptBody
}

/** What this request asked for, and what every answer to it keeps to. */
export interface AnswerBounds {
  readonly completionTokensMax: number
  readonly vocabularySize: number
  /** Undefined: no log probabilities. */
  readonly topLogprobs: number | undefined
  /** Undefined: a chat, whose answer has no vectors. */
  readonly embedding?: EmbeddingBounds | undefined
}

export type AnswerEvent =
  | {
      readonly kind: 'ids'
      readonly ids: readonly number[]
      readonly logprobs: readonly TokenLogprobs[] | undefined
    }
  | ({ readonly kind: 'ended' } & SettledReceipt)

export class ClientRequest {
  readonly requestId: Uint8Array
  readonly name: string
  readonly #parts: ClientRequestComponents
  readonly #ask: Ask
  readonly #bounds: AnswerBounds
  readonly #events = new AsyncQueue<AnswerEvent>(REQUEST_QUEUE_MESSAGES_MAX)
  readonly #tokenIds: number[] = []
  readonly #vectors: EmbeddingAnswer | undefined
  #meter: ClientMeter
  #latest: SettledReceipt | undefined
  #waiting = 0
  #owedNano: bigint | undefined
  /** Cumulative, as it was promised last. */
  #paidNano = 0n
  /** What is owed waits until other answers of the channel have received more. */
  #isWithheld = false
  readonly #stall: Deadline
  /** Since when the provider says that it waits, and its place as it was said last. */
  #queuedSinceMs: number | undefined
  #ahead: number | undefined
  readonly #over = Promise.withResolvers<void>()
  #ended = false
  #cancelled = false

  constructor(parts: ClientRequestComponents, ask: Ask, bounds: AnswerBounds) {
    this.#parts = parts
    this.#ask = ask
    this.#bounds = bounds
    this.#vectors = bounds.embedding && new EmbeddingAnswer(bounds.embedding)
    this.#stall = new Deadline(parts.clock, parts.onStalled)
    this.requestId = parts.crypto.randomBytes(16)
    this.name = toHex(this.requestId)
    this.#meter = startClientMeter({
      prices: parts.prices,
      promptTokens: ask.promptTokens,
      completionTokensMax: bounds.completionTokensMax,
      keptUnits: parts.keptUnits,
      streams: streamsAtOnce(parts.keptUnits),
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Resolves when nothing more can be owed for this request: its last receipt came, or never will. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Of an embedding, in the order of its texts; all of them, or the answer is not whole. */
  get vectors(): readonly Float32Array[] {
    return this.#vectors?.vectors ?? []
  }

  /** The last receipt that was good: final, or the checkpoint that counts if nothing follows. */
  get latest(): SettledReceipt | undefined {
    return this.#latest
  }

  /** Sends the ask with the first allocation. @throws SettlementError INSUFFICIENT_DEPOSIT */
  start(): void {
    const { state, effects } = stepClientMeter(this.#meter, { kind: 'start' })
    this.#meter = state
    const first = effects.find((effect) => effect.kind === 'allocate')
    const nano = first?.allocatedNano ?? 0n
    if (!this.#parts.mayAllocate(this.name, nano)) {
      throw new UnavailableError('PROVIDER_BUSY', 'other answers of this channel come first')
    }
    this.#parts.keepSalts(this.name, this.#ask)
    const voucher = this.#parts.desk.allocate(this.name, nano)
    this.#parts.send(this.requestId, { kind: 'ask', ask: this.#ask })
    this.#sendAllocation(nano, voucher)
    this.#expectProgress()
  }

  get cancelled(): boolean {
    return this.#cancelled
  }

  /** The provider says that its work has not begun. */
  get isQueued(): boolean {
    return this.#queuedSinceMs !== undefined && this.deliveredUnits === 0
  }

  /** All that was paid for has arrived, and nothing more is promised until its reader reads on. */
  get isUnread(): boolean {
    if (this.#owedNano === undefined || this.#cancelled || this.#ended) return false
    return this.#isReaderBehind && this.#isPaidOut
  }

  /** Nothing is left to come of what was promised. */
  get #isPaidOut(): boolean {
    return this.deliveredUnits >= unitsAffordable(this.#meter.terms, this.#paidNano)
  }

  get #isReaderBehind(): boolean {
    return this.#waiting > READER_LAG_MESSAGES_MAX
  }

  /** The answer as it arrives. Leaving the loop early cancels the work. */
  async *events(): AsyncGenerator<AnswerEvent> {
    try {
      for await (const event of this.#events) {
        this.#waiting--
        this.payOwed()
        yield event
      }
    } finally {
      this.cancel()
    }
  }

  /** Nobody reads on: nothing more is paid; the provider ends with a receipt for what was. */
  cancel(): void {
    if (this.#ended || this.#cancelled || this.#meter.phase === 'violated') return
    this.#cancelled = true
    this.#expectProgress()
    this.#sayNoMore()
  }

  /** The last frame of this side: a cancel also after the answer, so that neither side keeps its key. */
  #sayNoMore(): void {
    this.#parts.send(this.requestId, { kind: 'cancel', requestId: this.requestId }, true)
  }

  /** Ends the answer with an error: the provider is gone, slow or wrong. */
  fail(error: Error): void {
    this.#stall.clear()
    this.#events.end(error)
    this.#over.resolve()
  }

  /**
   * One message of this request.
   * @throws SettlementError, ProtocolError when the provider is wrong: the session ends
   */
  receive(content: ProviderContent): void {
    switch (content.kind) {
      case 'tokens':
        this.#tokens(content.tokens)
        break
      case 'queued':
        this.#queued(content.ahead)
        break
      case 'vector':
        this.#vector(content.numbers)
        break
      case 'checkpoint':
        this.#checkpoint(content.receipt)
        break
      case 'leaf':
        this.#leaf(content.receipt)
        break
      case 'refusal':
        throw providerRefused(content.refusal)
      default:
        throw new ProtocolError('SESSION_OUT_OF_ORDER', `${content.kind} on a request's stream`)
    }
  }

  #tokens(tokens: Tokens): void {
    checkTokens(tokens, this.#bounds)
    const { ids, promptTokensDone, logprobs } = tokens
    // Only what moves a count is a sign of work: empty messages do not keep an answer waiting.
    if (ids.length > 0 || promptTokensDone > this.#meter.promptDone) this.#expectProgress()
    this.#step({ kind: 'prompt-progress', doneTokens: promptTokensDone })
    if (ids.length > 0) {
      this.#step({ kind: 'tokens', count: ids.length })
      this.#tokenIds.push(...ids)
      this.#push({ kind: 'ids', ids, logprobs })
    }
    // Only now: one half of a message must not be paid for when the other half is wrong.
    this.payOwed()
  }

  /**
   * Waiting in the provider's queue is no silence, as long as it says so and for no longer than any honest
   * one lets a request wait.
   */
  #queued(ahead: number): void {
    if (this.deliveredUnits > 0) {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'work that began does not wait')
    }
    const nowMs = this.#parts.clock.nowMs()
    this.#queuedSinceMs ??= nowMs
    const lastMs = this.#queuedSinceMs + QUEUE_WAIT_MAX_MS + PROVIDER_SILENCE_MS
    this.#stall.set(Math.min(nowMs + PROVIDER_SILENCE_MS, lastMs))
    if (ahead !== this.#ahead) this.#parts.emit({ kind: 'queued', requestId: this.name, ahead })
    this.#ahead = ahead
  }

  #vector(numbers: Float32Array): void {
    if (this.#vectors === undefined) {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'a vector in the answer to a chat')
    }
    this.#vectors.push(numbers)
    this.#expectProgress()
  }

  #checkpoint(receipt: SignedReceipt): void {
    const body = this.#checked(receipt)
    if (body.finish !== 'partial') {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'a final receipt sent as a checkpoint')
    }
    this.#step({ kind: 'checkpoint', ...body })
    if (this.#latest === undefined) this.#parts.onFirstCheckpoint(receipt)
    this.#parts.desk.checkpoint(receipt)
    this.#latest = { receipt, body }
  }

  #leaf(receipt: SignedReceipt): void {
    const body = this.#checked(receipt)
    if (body.finish === 'partial') {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'a checkpoint sent as a final receipt')
    }
    this.#step({ kind: 'ended', ...body })
    const appended = this.#parts.desk.leaf(receipt)
    this.#latest = { receipt, body }
    this.#ended = true
    this.#stall.clear()
    // The answer is whole: what goes wrong from here on is not a reason to ask somebody else.
    this.#push({ kind: 'ended', receipt, body })
    this.#events.end()
    this.#over.resolve()
    this.#parts.onAppended(appended)
    if (!this.#cancelled) this.#sayNoMore()
  }

  #checked(receipt: SignedReceipt): ReceiptBody {
    const body = checkReceipt(this.#parts.crypto, receipt, this.#parts.session, {
      requestId: this.requestId,
      previous: this.#ask.previous,
      askBody: this.#ask.body,
      requestSalt: this.#ask.requestSalt,
      responseSalt: this.#ask.responseSalt,
      tokenIds: this.#tokenIds,
      vectors: this.#vectors?.bytes,
      leafIndex: this.#latest?.body.leafIndex,
    })
    return body
  }

  #step(event: ClientMeterEvent): void {
    const { state, effects } = stepClientMeter(this.#meter, event)
    this.#meter = state
    for (const effect of effects) {
      if (effect.kind === 'violation') {
        throw new SettlementError(
          'PROVIDER_MISCOUNTED',
          `the provider miscounted: ${effect.detail}`,
          { data: { rule: effect.code } },
        )
      }
      this.#owedNano = effect.allocatedNano
    }
  }

  /** The price of what arrived, as this side counts it. */
  get deliveredNano(): bigint {
    const { terms, promptDone, completionDone } = this.#meter
    return unitsCostNano(terms.prices, terms.promptTokens, 0, promptDone + completionDone)
  }

  get deliveredUnits(): number {
    return this.#meter.promptDone + this.#meter.completionDone
  }

  /** The channel is in dispute: what is paid for still arrives, then this answer ends. */
  finishPaid(): void {
    if (this.#isPaidOut) this.cancel()
  }

  /** Promises the next chunk, unless the reader of the answer lags behind or others come first. */
  payOwed(): void {
    if (this.#owedNano === undefined || this.#cancelled || this.#ended) return
    if (!this.#parts.mayAllocate(this.name, this.#owedNano)) {
      this.#withhold()
      return
    }
    if (this.#isReaderBehind) {
      // The provider has nothing to do while this side withholds the next chunk.
      this.#stall.clear()
      return
    }
    const nano = this.#owedNano
    this.#owedNano = undefined
    this.#isWithheld = false
    this.#expectProgress()
    this.#sendAllocation(nano, this.#parts.desk.allocate(this.name, nano))
  }

  #sendAllocation(nano: bigint, voucher: ReturnType<ClientDesk['allocate']>): void {
    const { desk, emit, send } = this.#parts
    this.#paidNano = nano
    const allocate = { requestId: this.requestId, allocatedNano: nano, voucher }
    send(this.requestId, { kind: 'allocate', allocate })
    emit({
      kind: 'payment',
      channel: desk.address,
      requestId: this.name,
      allocatedNano: `${nano}`,
      voucherNano: `${desk.state.best.amountNano}`,
    })
  }

  /** Other answers of the channel come first: a provider that is not paid yet is not silent. */
  #withhold(): void {
    if (this.#isWithheld) return
    this.#isWithheld = true
    this.#expectProgress()
  }

  /** What is withheld for ALLOCATION_WAIT_MS ends on the provider's side, with a receipt. */
  #expectProgress(): void {
    const unpaidMs = this.#isWithheld ? ALLOCATION_WAIT_MS : 0
    this.#stall.set(this.#parts.clock.nowMs() + PROVIDER_SILENCE_MS + unpaidMs)
  }

  #push(event: AnswerEvent): void {
    if (this.#cancelled) return
    this.#waiting++
    this.#events.push(event)
  }
}

/**
 * Ids of the model's vocabulary, each with its log probability if that was asked for. Fewer likely ids
 * than asked for are no fault: a constraint may leave no more.
 * @throws ProtocolError TOKENS_INVALID
 */
function checkTokens({ ids, logprobs }: Tokens, bounds: AnswerBounds): void {
  const { vocabularySize, topLogprobs } = bounds
  const wanted = topLogprobs === undefined ? 0 : ids.length
  const tops = logprobs?.map(({ top }) => top) ?? []
  const isAsked = tops.length === wanted && tops.every((top) => top.length <= (topLogprobs ?? 0))
  const all = [...ids, ...tops.flatMap((top) => top.map(({ id }) => id))]
  if (isAsked && all.every((id) => id < vocabularySize)) return
  throw new ProtocolError('TOKENS_INVALID', 'the provider sent tokens that nobody asked for', {
    data: { vocabularySize, isAsked },
  })
}

/** What the provider said, as the reason of an error of ours: its words are bounded plain text. */
export function providerRefused(refusal: Refusal): UnavailableError {
  const { code, message, remedy } = refusal
  return new UnavailableError('PROVIDER_REFUSED', `the provider refused: ${message}`, {
    remedy,
    data: { code },
  })
}
