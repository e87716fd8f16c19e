/**
 * One session on the provider's side, from the opened seal on: requests until the stream ends.
 * Whatever goes wrong ends this session with a typed refusal and nothing else.
 */
import type { ServedStop } from '#node/why/served-story.ts'
import type { ServedStoryWriter } from '#node/why/served-story-writer.ts'
import { toHex } from '#protocol/bytes.ts'
import {
  asCocoonError,
  type CocoonError,
  ProtocolError,
  UnavailableError,
} from '#protocol/errors.ts'
import { requestCommitment } from '#protocol/receipt.ts'
import {
  type Allocate,
  type Ask,
  type ClientContent,
  decodeClientContent,
} from '#protocol/session/client-content.ts'
import { encodeSessionMessage } from '#protocol/session/frames.ts'
import type { SessionState } from '#protocol/session/phases.ts'
import { encodeProviderContent, type ProviderContent } from '#protocol/session/provider-content.ts'
import { startProviderMeter } from '#protocol/session/provider-meter.ts'
import {
  type ProviderSessionEvent,
  startProviderSession,
  stepProviderSession,
} from '#protocol/session/provider-session.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { QUEUE_WAIT_MAX_MS, SEND_WAIT_MS } from '../constants.ts'
import { Deadline } from '../shared/deadline.ts'
import { cacheKeyOf, engineSampling, outputConstraint } from '../shared/engine-request.ts'
import { CONTROL_REQUEST_ID, type OpenedFrame, type SealedLink } from '../shared/sealed-link.ts'
import { type OpenSession, openSession, type ProviderSessionComponents } from './handshake.ts'
import { queuePriority } from './queue-priority.ts'
import { type AskedChat, type AskedEmbedding, readAsk } from './read-ask.ts'
import { type RequestFacts, writeReceipt } from './receipt-writer.ts'
import { FrozenError, ProviderRequest, type SigningMoment } from './request.ts'

/** Serves one stream until it ends. Never throws: errors are sent as refusals and returned. */
export async function serveSession(
  stream: MessageStream,
  parts: ProviderSessionComponents,
): Promise<CocoonError | undefined> {
  const session = new ProviderSession(stream, parts)
  let failure: CocoonError | undefined
  try {
    await session.run()
    return undefined
  } catch (thrown) {
    failure = asCocoonError(thrown)
    await session.refuse(failure)
    return failure
  } finally {
    await session.end(failure)
  }
}

class ProviderSession {
  readonly #stream: MessageStream
  readonly #parts: ProviderSessionComponents
  readonly #deadline: Deadline
  readonly #keysEnd: Deadline
  #keysEndMs = Number.POSITIVE_INFINITY
  readonly #requests = new Map<string, ProviderRequest>()
  readonly #stories = new Map<string, ServedStoryWriter>()
  /** As many as there are seals: SESSION_REQUEST_IDS_MAX. */
  readonly #seenRequests = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  #state: SessionState
  #link: SealedLink | undefined
  #failure: unknown
  /** What the client did wrong: what it paid for is still delivered before the session ends. */
  #dispute: CocoonError | undefined

  constructor(stream: MessageStream, parts: ProviderSessionComponents) {
    this.#stream = stream
    this.#parts = parts
    this.#state = startProviderSession(parts.clock.nowMs())
    this.#deadline = new Deadline(parts.clock, () => {
      stream.abort(new UnavailableError('SESSION_TIMEOUT', 'the client was silent for too long'))
    })
    this.#deadline.set(this.#state.deadlineMs)
    this.#keysEnd = new Deadline(parts.clock, () => this.#endRequests('keys-over'))
  }

  async run(): Promise<void> {
    const opened = await openSession(this.#stream, this.#parts, {
      step: (event) => this.#step(event),
      sealed: (link) => {
        this.#link = link
      },
      stop: (reason) => this.#stop(reason),
    })
    this.#keysEndMs = opened.keysEndMs
    this.#keysEnd.set(opened.keysEndMs)
    for (;;) {
      // The stream is broken because of the failure: that is what the owner should read.
      const frame = await opened.link.receive().catch((error: unknown) => {
        throw this.#failure ?? error
      })
      if (this.#failure !== undefined) throw this.#failure
      if (frame === undefined) return
      await this.#onFrame(frame, opened)
    }
  }

  /** A typed refusal, sealed when there is a seal; best effort, the stream may be gone. */
  async refuse(error: CocoonError): Promise<void> {
    const { code, message, remedy } = error.toDocument()
    const refusal = { code, message, remedy }
    try {
      if (this.#link === undefined) {
        await this.#stream.send(encodeSessionMessage({ kind: 'refusal', refusal }))
      } else {
        const content = encodeProviderContent({ kind: 'refusal', refusal })
        this.#parts.probe?.('provider sends refusal')
        await this.#link.send(CONTROL_REQUEST_ID, content, true)
        this.#parts.probe?.('provider sent refusal')
      }
    } catch {
      // The other side is gone: there is nobody to tell.
    }
  }

  /** Resolves when nothing of this session signs or stores any more. */
  async end(because?: CocoonError): Promise<void> {
    this.#deadline.clear()
    this.#keysEnd.clear()
    this.#endRequests('session-over', this.#failure ?? because)
    await Promise.allSettled(this.#running)
  }

  /** What runs ends with a receipt for what was paid. */
  #endRequests(stop: ServedStop, because?: unknown): void {
    for (const request of this.#requests.values()) request.cancel(stop, because)
  }

  /** Nothing that still arrives is handled: another session has the channel, or time is up. */
  #stop(reason: Error): void {
    this.#failure ??= reason
    this.#stream.abort(reason)
  }

  async #onFrame(frame: OpenedFrame, session: OpenSession): Promise<void> {
    const content = decodeClientContent(frame.content)
    if (this.#dispute !== undefined) return this.#inDispute(frame, content)
    if (frame.control) {
      if (content.kind === 'allocate') {
        await this.#takeVoucher(content.allocate, session)
        if (this.#dispute === undefined) this.#parts.onSettled(session.desk)
        return
      }
      if (content.kind === 'close-request') return this.#close(session)
    } else {
      const requestId = toHex(frame.requestId)
      if (content.kind === 'ask') return this.#ask(frame.requestId, content.ask, session)
      // What crossed the end of a request on the wire is legal and changes nothing.
      const request = this.#requests.get(requestId)
      if (content.kind === 'allocate') {
        await this.#takeVoucher(content.allocate, session)
        if (request === undefined || this.#failure !== undefined) return
        if (this.#dispute !== undefined) return
        const { allocatedNano } = content.allocate
        // What raises nothing is no sign of life, and not worth a write to the disk.
        if (!session.desk.isRaise(requestId, allocatedNano)) return
        this.#step({ kind: 'progress', requestId })
        session.desk.allocate(requestId, allocatedNano)
        this.#stories.get(requestId)?.paid(allocatedNano, session.desk.state.best.amountNano)
        return request.allocated(allocatedNano)
      }
      if (content.kind === 'cancel') return request?.cancel('client-cancelled')
    }
    throw new ProtocolError('SESSION_OUT_OF_ORDER', `${content.kind} on the wrong stream`)
  }

  /** Nothing is taken any more; who cancels what still arrives may. */
  #inDispute({ requestId }: OpenedFrame, content: ClientContent): void {
    if (content.kind !== 'cancel') return
    this.#requests.get(toHex(requestId))?.cancel('client-cancelled')
  }

  /**
   * FORMATS, "Freeze": after a voucher over another tree the channel is frozen on the disk, running
   * answers get what is paid for, then the session ends with this refusal.
   */
  async #disputeOver(error: CocoonError, { desk }: OpenSession): Promise<void> {
    this.#dispute = error
    const running = [...this.#requests.values()]
    for (const request of running) request.finishPaid()
    await desk.durably(() => desk.freeze('root'))
    if (running.length === 0) throw error
  }

  /** A voucher above the deposit known may follow a top-up: the chain is read once more. */
  async #takeVoucher({ voucher }: Allocate, session: OpenSession): Promise<void> {
    if (voucher === undefined) return
    const { desk } = session
    try {
      await desk.durably(() => desk.acceptVoucher(voucher))
    } catch (thrown) {
      const error = asCocoonError(thrown)
      if (error.code === 'VOUCHER_ROOT') return this.#disputeOver(error, session)
      if (error.code !== 'VOUCHER_ABOVE_DEPOSIT') throw thrown
      await this.#parts.channels.refresh(desk)
      await desk.durably(() => desk.acceptVoucher(voucher))
    }
  }

  #ask(requestId: Uint8Array, ask: Ask, session: OpenSession): void {
    const name = toHex(requestId)
    if (this.#seenRequests.has(name)) {
      throw new ProtocolError('REQUEST_ID_INVALID', 'a request id is used once in a session')
    }
    this.#step({ kind: 'ask', requestId: name })
    this.#seenRequests.add(name)
    const story = this.#parts.story({
      id: name,
      model: this.#parts.engine.info.modelId,
      client: this.#stream.remote.peerId,
      channel: session.desk.address,
      promptTokens: ask.promptTokens,
      resumedTokens: ask.resumeTokenIds.length,
    })
    try {
      this.#begin(requestId, ask, session, story)
    } catch (error) {
      story.refused(error)
      throw error
    }
  }

  #begin(requestId: Uint8Array, ask: Ask, session: OpenSession, story: ServedStoryWriter): void {
    const { crypto, clock, engine, prices } = this.#parts
    const name = toHex(requestId)
    if (clock.nowMs() > session.asksUntilMs) {
      throw new UnavailableError(
        'SESSION_EXPIRED',
        'the keys of this session have had their time',
        {
          remedy: 'Open a new session.',
        },
      )
    }
    const asked = readAsk(this.#parts, ask)
    const { promptTokens, completionTokensMax } = asked
    const { leafIndex } = session.desk.ask(name)
    const facts: RequestFacts = {
      requestId,
      previous: ask.previous,
      leafIndex,
      requestCommitment: requestCommitment(crypto, ask.requestSalt, ask.body),
      responseSalt: ask.responseSalt,
      startedAtMs: clock.nowMs(),
    }
    const request = new ProviderRequest({
      engine,
      clock,
      addedLatencyMs: this.#parts.addedLatencyMs,
      meter: startProviderMeter({ prices, promptTokens, completionTokensMax }),
      send: (content, final) => this.#send(requestId, content, final, session.link),
      sign: async (moment) => this.#sign(name, facts, moment, session),
      onFailure: this.#parts.onRequestFailed,
      onStop: (stop, because) => story.stopped(stop, because),
    })
    this.#requests.set(name, request)
    this.#stories.set(name, story)
    story.began(completionTokensMax)
    const running = this.#work(request, asked, ask, session)
      .then(() => this.#ended(name))
      .catch((error: unknown) => this.#broken(name, error))
      .finally(() => {
        this.#running.delete(running)
        this.#parts.running.delete(running)
      })
    this.#running.add(running)
    this.#parts.running.add(running)
  }

  #work(
    request: ProviderRequest,
    asked: AskedChat | AskedEmbedding,
    { resumeTokenIds }: Ask,
    { desk, facts }: OpenSession,
  ): Promise<void> {
    if (asked.kind === 'embedding') return request.runEmbedding(asked.embedder, asked.inputs)
    const { document, promptTokenIds } = asked
    return request.run({
      promptTokenIds,
      messages: document.messages,
      resumeTokenIds,
      maxTokens: document.maxTokens,
      sampling: engineSampling(document),
      stop: document.stop,
      constraint: outputConstraint(document),
      topLogprobs: document.topLogprobs,
      cacheKey: cacheKeyOf(document, desk.address),
      priority: queuePriority(facts.priceQuote.prices),
      queueTimeoutMs: QUEUE_WAIT_MAX_MS,
    })
  }

  #sign(name: string, facts: RequestFacts, moment: SigningMoment, session: OpenSession) {
    const { crypto, clock } = this.#parts
    const sign = (usedElsewhereNano: bigint) =>
      writeReceipt(crypto, session.facts, facts, {
        ...moment,
        usedElsewhereNano,
        nowMs: clock.nowMs(),
      })
    const receipt =
      moment.finish === 'partial'
        ? session.desk.checkpoint(name, sign)
        : session.desk.leaf(name, sign)
    this.#stories.get(name)?.signed(receipt, crypto)
    return receipt
  }

  async #send(
    requestId: Uint8Array,
    content: ProviderContent,
    final: boolean,
    link: SealedLink,
  ): Promise<void> {
    const stuck = new Deadline(this.#parts.clock, () => {
      this.#stop(new UnavailableError('CLIENT_STUCK', 'the client does not read what it asked for'))
    })
    stuck.set(this.#parts.clock.nowMs() + SEND_WAIT_MS)
    try {
      this.#parts.probe?.(`provider sends ${content.kind}`)
      await link.send(requestId, encodeProviderContent(content), final)
      this.#parts.probe?.(`provider sent ${content.kind}`)
    } finally {
      stuck.clear()
    }
    const isText = content.kind === 'tokens' && content.tokens.ids.length > 0
    if (isText) this.#stories.get(toHex(requestId))?.tokensSent()
    if (!final) this.#step({ kind: 'progress', requestId: toHex(requestId) })
    // The timer above is for requests that wait; what streams must not outlive a machine's sleep either.
    if (this.#parts.clock.nowMs() >= this.#keysEndMs) this.#endRequests('keys-over')
  }

  #ended(name: string): void {
    this.#requests.delete(name)
    this.#stories.get(name)?.ended()
    this.#stories.delete(name)
    this.#step({ kind: 'ended', requestId: name })
    this.#parts.onServed(name)
  }

  /** In a dispute the last answer that has all it was paid for ends the session. */
  #broken(name: string, thrown: unknown): void {
    const isOver = this.#dispute !== undefined && thrown instanceof FrozenError
    this.#stories.get(name)?.broken(this.#dispute ?? this.#failure ?? thrown)
    this.#stories.delete(name)
    if (isOver) this.#requests.delete(name)
    if (!isOver) this.#fail(thrown)
    else if (this.#requests.size === 0) this.#fail(this.#dispute)
  }

  /** A failed request ends the session: its last checkpoint is the receipt when both meet again. */
  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = thrown
    const error = asCocoonError(thrown)
    void this.refuse(error).finally(() => this.#stream.abort(error))
  }

  async #close({ link, desk }: OpenSession): Promise<void> {
    this.#endRequests('client-cancelled') // their clients asked for the end
    await Promise.allSettled(this.#running)
    // No claim before it: the voucher also covers credit that was never used, which is the client's.
    await this.#parts.beforeClose(desk)
    const closeAuth = desk.close()
    const content = encodeProviderContent({ kind: 'close-auth', closeAuth })
    this.#parts.probe?.('provider sends close-auth')
    await link.send(CONTROL_REQUEST_ID, content)
    this.#parts.probe?.('provider sent close-auth')
  }

  #step(event: ProviderSessionEvent): void {
    this.#state = stepProviderSession(this.#state, event, this.#parts.clock.nowMs())
    this.#deadline.set(this.#state.deadlineMs)
    this.#parts.probe?.(`provider session ${event.kind}`)
  }
}
