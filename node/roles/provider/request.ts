/**
 * One request on the provider's side: pulls the engine only as far as the client has paid, sends
 * token ids, signs a checkpoint at the end of every chunk and a final receipt at the end.
 */
import type { Engine, GenerateEvent, GenerateFinish, GenerateRequest } from '#inference/engine.ts'
import { sleep } from '#node/async.ts'
import type { ServedStop } from '#node/why/served-story.ts'
import { concat } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { type CocoonError, ConfigError, ProtocolError, UnavailableError } from '#protocol/errors.ts'
import type { TokenCounts } from '#protocol/money.ts'
import type { ReceiptFinish, SignedReceipt } from '#protocol/receipt.ts'
import { numbersToWire } from '#protocol/session/embedding-content.ts'
import type { ProviderContent } from '#protocol/session/provider-content.ts'
import {
  type ProviderMeter,
  type ProviderMeterEvent,
  stepProviderMeter,
} from '#protocol/session/provider-meter.ts'
import { ALLOCATION_WAIT_MS, TOKENS_COALESCE_MS, TOKENS_MESSAGE_MAX } from '../constants.ts'
import type { Embedder } from './embedding-work.ts'
import { QueueNotices } from './queue-notices.ts'
import type { AskedEmbedding } from './read-ask.ts'

/** A moment of the request that is to be signed, stored, and only then sent. */
export interface SigningMoment {
  readonly counts: TokenCounts
  readonly tokenIds: readonly number[]
  /** Of an embedding: the numbers of all vectors so far, as they travel. */
  readonly vectors: Uint8Array | undefined
  readonly finish: ReceiptFinish
}

export interface ProviderRequestComponents {
  readonly engine: Engine
  readonly clock: Clock
  readonly meter: ProviderMeter
  readonly addedLatencyMs: number
  /** Seals and sends; resolves with backpressure. */
  readonly send: (content: ProviderContent, final: boolean) => Promise<void>
  /** Signs and stores durably; `finish: partial` is a checkpoint, anything else the final receipt. */
  readonly sign: (moment: SigningMoment) => Promise<SignedReceipt>
  readonly onFailure: (error: CocoonError) => void
  /** It ends early: for its story. The first reason counts. */
  readonly onStop: (stop: ServedStop, because?: unknown) => void
}

type TokenEvent = Pick<Extract<GenerateEvent, { kind: 'token' }>, 'id' | 'logprobs'>

export class ProviderRequest {
  readonly #parts: ProviderRequestComponents
  readonly #abort = new AbortController()
  #meter: ProviderMeter
  /** Tokens at the beginning of the prompt that an earlier request of this customer paid to read. */
  #cachedTokens = 0
  #tokenIds: number[] = []
  #vectors: Uint8Array | undefined
  #unsent: TokenEvent[] = []
  #flushedAtMs = 0
  #wake: (() => void) | undefined
  #isFrozen = false

  constructor(parts: ProviderRequestComponents) {
    this.#parts = parts
    this.#meter = parts.meter
  }

  /** Credit that a stored voucher covers, cumulative for this request. */
  allocated(nano: bigint): void {
    const { state, effects } = stepProviderMeter(this.#meter, { kind: 'allocated', nano })
    this.#meter = state
    const violation = effects.find((effect) => effect.kind === 'violation')
    if (violation !== undefined) throw new ProtocolError('METER_ALLOCATION', violation.detail)
    this.#wake?.()
  }

  /** The client cancelled, or the session is gone. */
  cancel(stop: ServedStop, because?: unknown): void {
    this.#parts.onStop(stop, because)
    this.#abort.abort(new UnavailableError('REQUEST_CANCELLED', 'the request was cancelled'))
    this.#wake?.()
  }

  /** The channel is in dispute: what is paid for is still delivered, and nothing more is signed. */
  finishPaid(): void {
    this.#parts.onStop('disputed')
    this.#isFrozen = true
    this.#wake?.()
  }

  /**
   * Runs to the final receipt.
   * @throws FrozenError when the channel froze: all that was paid for is on the wire
   * @throws what the link throws when the client is gone: the last checkpoint then is the receipt
   */
  async run(request: Omit<GenerateRequest, 'signal'>): Promise<void> {
    const { signal } = this.#abort
    const notices = new QueueNotices(this.#parts.clock, (ahead) => this.#tellQueued(ahead))
    const onQueue = (ahead: number | undefined) => notices.moved(ahead)
    await this.#toReceipt(() => this.#generate({ ...request, signal, onQueue }))
  }

  /** As `run`: each text is embedded once something is paid, and its vector sent when all of it is. */
  async runEmbedding(embedder: Embedder, inputs: AskedEmbedding['inputs']): Promise<void> {
    this.#vectors = new Uint8Array(0)
    await this.#toReceipt(() => this.#embed(embedder, inputs))
  }

  #tellQueued(ahead: number): void {
    // A link that is broken ends the session, which cancels this request.
    this.#parts.send({ kind: 'queued', ahead }, false).catch(() => undefined)
  }

  async #toReceipt(work: () => Promise<ReceiptFinish>): Promise<void> {
    await this.#step({ kind: 'start' })
    const finish = await this.#orFailed(work)
    await this.#flush()
    if (this.#isFrozen) throw new FrozenError()
    const receipt = await this.#parts.sign(this.#moment(finish))
    await this.#step({ kind: 'ended' })
    await this.#parts.send({ kind: 'leaf', receipt }, true)
  }

  async #generate(request: GenerateRequest): Promise<ReceiptFinish> {
    // Nothing is read before something is paid: an ask alone costs the engine nothing.
    await this.#allowance()
    let finish: GenerateFinish = 'cancelled'
    for await (const event of this.#parts.engine.generate(request)) {
      if (event.kind === 'prefilled') {
        this.#cachedTokens = event.cachedTokens
        const isWhole = event.tokens >= request.promptTokenIds.length
        await this.#promptRead(isWhole ? this.#meter.terms.promptTokens : event.tokens)
      } else if (event.kind === 'token') await this.#tokenMade(event, request)
      else finish = event.finish
    }
    return finish
  }

  async #embed(embedder: Embedder, inputs: AskedEmbedding['inputs']): Promise<ReceiptFinish> {
    let [text, read] = [0, 0]
    await this.#allowance()
    for await (const numbers of embedder.embed(inputs, this.#abort.signal)) {
      read += inputs[text++]?.length ?? 0
      await this.#promptRead(read)
      this.#vectors = concat(this.#vectors ?? new Uint8Array(0), numbersToWire(numbers))
      await this.#parts.send({ kind: 'vector', numbers }, false)
      if (text < inputs.length) await this.#allowance()
    }
    return 'stop'
  }

  async #orFailed(work: () => Promise<ReceiptFinish>): Promise<ReceiptFinish> {
    try {
      return await work()
    } catch (error) {
      if (this.#abort.signal.aborted || error instanceof FrozenError) return 'cancelled'
      if (error instanceof UnpaidError) {
        this.#parts.onStop('client-stopped-paying')
        return 'cancelled'
      }
      // What the engine refuses or loses is the end of this request, not of the session.
      if (!(error instanceof UnavailableError || error instanceof ConfigError)) throw error
      this.#parts.onStop('engine', error)
      this.#parts.onFailure(error)
      return 'failed'
    }
  }

  /**
   * The engine read the prompt so far; it is delivered in the pieces that are paid for. Token ids of
   * an answer that is continued here were read with it, and count as prompt.
   */
  async #promptRead(read: number): Promise<void> {
    while (this.#meter.promptDone < read) {
      const allowed = await this.#allowance()
      const units = Math.min(allowed, read - this.#meter.promptDone)
      const owesCheckpoint = this.#produce(units, 'prompt')
      await this.#sendTokens([])
      if (owesCheckpoint) await this.#checkpoint()
    }
  }

  async #tokenMade(token: TokenEvent, { topLogprobs }: GenerateRequest): Promise<void> {
    if (topLogprobs !== undefined && token.logprobs === undefined) {
      throw new UnavailableError('ENGINE_FAILED', 'the engine gives no log probabilities')
    }
    await this.#allowance()
    const owesCheckpoint = this.#produce(1, 'completion')
    this.#tokenIds.push(token.id)
    this.#unsent.push(topLogprobs === undefined ? { id: token.id } : token)
    const isDue = this.#parts.clock.nowMs() - this.#flushedAtMs >= TOKENS_COALESCE_MS
    if (owesCheckpoint || isDue || this.#unsent.length >= TOKENS_MESSAGE_MAX) await this.#flush()
    if (owesCheckpoint) {
      await this.#checkpoint()
      if (this.#parts.addedLatencyMs > 0) {
        await sleep(this.#parts.addedLatencyMs, this.#abort.signal)
      }
    }
  }

  /** Units that may be produced now; waits for the client's next allocation when there are none. */
  async #allowance(): Promise<number> {
    const waitUntilMs = this.#parts.clock.nowMs() + ALLOCATION_WAIT_MS
    // By the steady clock too: a wall clock that is set back must not hold a slot for hours.
    const steadyUntilMs = performance.now() + ALLOCATION_WAIT_MS
    for (;;) {
      this.#abort.signal.throwIfAborted()
      const { unitsAllowed, promptDone, completionDone } = this.#meter
      const allowed = unitsAllowed - promptDone - completionDone
      if (allowed > 0) return allowed
      if (this.#unsent.length > 0) {
        // An allocation may come while this is sent: look again before waiting.
        await this.#flush()
        continue
      }
      if (this.#isFrozen) throw new FrozenError()
      const leftMs = Math.min(
        waitUntilMs - this.#parts.clock.nowMs(),
        steadyUntilMs - performance.now(),
      )
      if (leftMs <= 0) throw new UnpaidError()
      await this.#woken(leftMs)
    }
  }

  async #woken(timeoutMs: number): Promise<void> {
    const done = new AbortController()
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([woken, sleep(timeoutMs, done.signal).catch(() => undefined)])
    done.abort()
    this.#wake = undefined
  }

  #produce(units: number, part: 'prompt' | 'completion'): boolean {
    const { state, effects } = stepProviderMeter(this.#meter, { kind: 'produced', units, part })
    this.#meter = state
    return effects.some((effect) => effect.kind === 'checkpoint')
  }

  async #step(event: ProviderMeterEvent): Promise<void> {
    const { state, effects } = stepProviderMeter(this.#meter, event)
    this.#meter = state
    if (effects.some((effect) => effect.kind === 'checkpoint')) await this.#checkpoint()
  }

  async #checkpoint(): Promise<void> {
    if (this.#isFrozen) return
    const receipt = await this.#parts.sign(this.#moment('partial'))
    await this.#parts.send({ kind: 'checkpoint', receipt }, false)
  }

  #moment(finish: ReceiptFinish): SigningMoment {
    const { promptDone, completionDone } = this.#meter
    const cachedTokens = Math.min(this.#cachedTokens, promptDone)
    return {
      counts: { promptTokens: promptDone, cachedTokens, completionTokens: completionDone },
      tokenIds: this.#tokenIds,
      vectors: this.#vectors,
      finish,
    }
  }

  async #flush(): Promise<void> {
    if (this.#unsent.length === 0) return
    const unsent = this.#unsent
    this.#unsent = []
    await this.#sendTokens(unsent)
  }

  async #sendTokens(unsent: readonly TokenEvent[]): Promise<void> {
    this.#flushedAtMs = this.#parts.clock.nowMs()
    const ids = unsent.map(({ id }) => id)
    const logprobs = unsent.flatMap((token) => token.logprobs ?? [])
    const tokens = { ids, promptTokensDone: this.#meter.promptDone, logprobs }
    await this.#parts.send({ kind: 'tokens', tokens }, false)
  }
}

/** The channel froze while this request ran: no receipt follows the last checkpoint. */
export class FrozenError extends Error {}

/** The client stopped paying: the request ends with what was paid for. */
class UnpaidError extends Error {}
