/**
 * One open session with one provider: attested, authenticated on its channel, many requests at once.
 * A single loop takes in every message in order; the first wrong one ends the session.
 */
import type { Verdict } from '#attestation/types.ts'
import type { AskStore } from '#node/store/peer-store.ts'
import { toHex } from '#protocol/bytes.ts'
import {
  asCocoonError,
  type CocoonError,
  ProtocolError,
  UnavailableError,
} from '#protocol/errors.ts'
import { decodeReceiptBody, type SignedReceipt } from '#protocol/receipt.ts'
import {
  type Ask,
  type ClientContent,
  encodeClientContent,
} from '#protocol/session/client-content.ts'
import { type ClientSessionEvent, stepClientSession } from '#protocol/session/client-session.ts'
import { isSessionExpired, type SessionState } from '#protocol/session/phases.ts'
import { decodeProviderContent } from '#protocol/session/provider-content.ts'
import { exposureMaxNano, streamsAtOnce } from '#protocol/session/units.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { neededNano } from '#settlement/channel/state.ts'
import type { PriceQuote, SignedBytes } from '#settlement/types.ts'
import { CLOSE_WAIT_MS, PROVIDER_SILENCE_MS } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { Deadline } from '../shared/deadline.ts'
import { CONTROL_REQUEST_ID, type OpenedFrame, type SealedLink } from '../shared/sealed-link.ts'
import type { AttestedProvider } from './attest.ts'
import type { AppendedReceipt, ClientDesk } from './channel-desk.ts'
import {
  expectationOf,
  type OpenedSession,
  type OpeningComponents,
  openSession,
} from './open-session.ts'
import type { SessionExpectation } from './receipt-check.ts'
import { type AnswerBounds, ClientRequest, providerRefused } from './request.ts'

export interface ClientSessionComponents extends OpeningComponents {
  readonly emit: EmitEvent
  readonly store: AskStore
  readonly keptUnits: () => number
  readonly onFirstCheckpoint: (session: ClientSession, receipt: SignedReceipt) => void
  readonly onAppended: (session: ClientSession, appended: readonly AppendedReceipt[]) => void
  readonly onClosed: (session: ClientSession) => void
}

export class ClientSession {
  readonly provider: AttestedProvider
  readonly verdict: Verdict
  readonly desk: ClientDesk
  readonly priceQuote: PriceQuote
  readonly signedPriceQuote: SignedBytes
  readonly delegate: SignedBytes
  readonly #parts: ClientSessionComponents
  readonly #link: SealedLink
  readonly #expectation: SessionExpectation
  readonly #requests = new Map<string, ClientRequest>()
  #state: SessionState
  #closeAuth: { resolve: (cell: SignedBytes) => void; reject: (error: Error) => void } | undefined
  #closed: CocoonError | undefined
  /** What the provider did wrong: nothing more is signed, what is paid for still arrives. */
  #dispute: CocoonError | undefined
  readonly #disputed = new Set<string>()
  #lastFrameMs = 0

  private constructor(parts: ClientSessionComponents, opened: OpenedSession) {
    this.#parts = parts
    this.#link = opened.link
    this.#state = opened.state
    this.provider = opened.provider
    this.verdict = opened.verdict
    this.desk = opened.desk
    this.priceQuote = opened.priceQuote
    this.signedPriceQuote = opened.accept.priceQuote
    this.delegate = opened.accept.delegate
    this.#expectation = expectationOf(parts.crypto, opened)
  }

  /**
   * Seals, authenticates the channel and meets the provider on it.
   * @throws AttestationError TRANSCRIPT_REFUSED
   * @throws SettlementError PRICE_QUOTE_REFUSED, CHANNEL_DISPUTED
   * @throws UnavailableError PROVIDER_REFUSED, PROVIDER_GONE
   */
  static async open(
    stream: MessageStream,
    provider: AttestedProvider,
    desk: ClientDesk,
    parts: ClientSessionComponents,
  ): Promise<ClientSession> {
    const opened = await openSession(stream, provider, desk, parts).catch((error: unknown) => {
      heedRefusal(desk, asCocoonError(error))
      throw error
    })
    const session = new ClientSession(parts, opened)
    // Leaves of requests that died with an earlier session are settled first.
    session.#appended(
      opened.accept.missingLeaves.map((receipt) => ({
        leafIndex: decodeReceiptBody(receipt.body).leafIndex,
        receipt,
      })),
    )
    void session.#readLoop()
    return session
  }

  /** A session whose time is over counts as closed: after a sleep or a jump of the clock nobody said so. */
  get isOpen(): boolean {
    if (this.#closed !== undefined) return false
    return !isSessionExpired(this.#state, this.#parts.clock.nowMs())
  }

  /** Grows with kept promises: all streams of a channel share one exposure. */
  get requestsMax(): number {
    return streamsAtOnce(this.#parts.keptUnits())
  }

  get openRequests(): number {
    return this.#requests.size
  }

  /** Of them those that are paid no further until somebody reads their answers. */
  get unreadRequests(): number {
    return [...this.#requests.values()].filter(({ isUnread }) => isUnread).length
  }

  /** Sends an ask with its first allocation. @throws SettlementError INSUFFICIENT_DEPOSIT */
  ask(ask: Ask, bounds: AnswerBounds): ClientRequest {
    if (this.#closed !== undefined) throw this.#closed
    const request = new ClientRequest(
      {
        crypto: this.#parts.crypto,
        clock: this.#parts.clock,
        desk: this.desk,
        session: this.#expectation,
        prices: this.priceQuote.prices,
        keptUnits: this.#parts.keptUnits(),
        emit: this.#parts.emit,
        send: (requestId, content, final) => this.#send(requestId, content, final),
        keepSalts: (requestId, { requestSalt, responseSalt }) =>
          this.#parts.store.saveAsk({
            requestId,
            channel: this.desk.address,
            requestSalt,
            responseSalt,
          }),
        onFirstCheckpoint: (receipt) => this.#parts.onFirstCheckpoint(this, receipt),
        onAppended: (appended) => this.#appended(appended),
        onStalled: () => this.#stalled(request.name),
        mayAllocate: (requestId, nano) => this.#mayAllocate(requestId, nano),
      },
      ask,
      bounds,
    )
    if (this.#requests.size >= this.requestsMax) {
      throw new UnavailableError(
        'PROVIDER_BUSY',
        'this provider has earned no more streams at once',
      )
    }
    this.#step({ kind: 'ask', requestId: request.name })
    this.#requests.set(request.name, request)
    try {
      request.start()
    } catch (error) {
      this.#ended(request.name)
      throw error
    }
    return request
  }

  /** Asks the provider to claim and to authorise a cooperative close. */
  async requestClose(): Promise<SignedBytes> {
    if (this.#closed !== undefined) throw this.#closed
    const timeout = new Deadline(this.#parts.clock, () => {
      this.#closeAuth?.reject(
        new UnavailableError('PROVIDER_SILENT', 'the provider did not authorise the close'),
      )
    })
    timeout.set(this.#parts.clock.nowMs() + CLOSE_WAIT_MS)
    try {
      return await new Promise<SignedBytes>((resolve, reject) => {
        this.#closeAuth = { resolve, reject }
        this.#send(CONTROL_REQUEST_ID, { kind: 'close-request' })
      })
    } finally {
      timeout.clear()
      this.#closeAuth = undefined
    }
  }

  /** Ends the session; open requests fail with the error. Idempotent. */
  end(error: CocoonError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#link.abort(error)
    for (const request of this.#requests.values()) request.fail(error)
    this.#requests.clear()
    this.#closeAuth?.reject(error)
    this.#parts.onClosed(this)
  }

  async #readLoop(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#link.receive()
        if (frame === undefined) {
          throw new UnavailableError('PROVIDER_GONE', 'the provider ended the session')
        }
        this.#receive(frame)
      }
    } catch (thrown) {
      const error = streamError(thrown)
      // A wrong receipt or count: nothing more is ever signed on this channel.
      const isNew = this.#closed === undefined && this.#dispute === undefined
      if (isProviderWrong(error) && isNew) this.#freeze()
      heedRefusal(this.desk, error)
      this.end(error)
    }
  }

  #freeze(): void {
    const { desk } = this
    desk.freeze('checkpoint')
    const amountNano = `${desk.state.best.amountNano}`
    this.#parts.emit({ kind: 'channel', channel: desk.address, action: 'frozen', amountNano })
  }

  #receive(frame: OpenedFrame): void {
    this.#lastFrameMs = this.#parts.clock.nowMs()
    const content = decodeProviderContent(frame.content)
    if (frame.control) {
      if (content.kind === 'refusal') throw providerRefused(content.refusal)
      if (content.kind !== 'close-auth' || this.#closeAuth === undefined) {
        throw new ProtocolError('SESSION_OUT_OF_ORDER', `${content.kind} on the control stream`)
      }
      this.#closeAuth.resolve(content.closeAuth)
      return
    }
    const name = toHex(frame.requestId)
    const request = this.#requests.get(name)
    if (this.#disputed.has(name)) return
    if (request === undefined) {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'a message of a request that is not open')
    }
    try {
      request.receive(content)
    } catch (thrown) {
      this.#disputeOver(name, thrown)
      return
    }
    if (request.ended) this.#ended(name)
    else this.#step({ kind: 'progress', requestId: name })
    this.#goOn()
  }

  /**
   * FORMATS, "Freeze": on a wrong receipt or count the channel freezes and that answer fails at once;
   * the other answers get what is paid for before the session ends.
   */
  #disputeOver(name: string, thrown: unknown): void {
    const error = asCocoonError(thrown)
    if (!isProviderWrong(error) || this.#requests.size < 2) throw thrown
    if (this.#dispute === undefined) this.#freeze()
    this.#dispute ??= error
    this.#requests.get(name)?.fail(error)
    this.#disputed.add(name)
    this.#ended(name)
    this.#goOn()
  }

  /** What others wait for may be affordable now; in a dispute nothing is, and paid chunks run out. */
  #goOn(): void {
    if (this.#dispute !== undefined && this.#requests.size === 0) throw this.#dispute
    for (const one of this.#requests.values()) {
      if (this.#dispute === undefined) one.payOwed()
      else one.finishPaid()
    }
  }

  /** Over all streams: what is paid and not delivered, with this allocation, stays within the bound. */
  #mayAllocate(requestId: string, nano: bigint): boolean {
    if (this.#dispute !== undefined) return false
    const { state } = this.desk
    const own = state.requests.find((one) => one.requestId === requestId)?.allocatedNano ?? 0n
    const voucherNano = neededNano(state) - own + nano
    // Paid already: a signed voucher is spent, and its credit may be used by any answer.
    if (voucherNano <= state.best.amountNano) return true
    let deliveredNano = state.settledNano
    let units = this.#parts.keptUnits()
    for (const one of state.requests) {
      const request = this.#requests.get(one.requestId)
      deliveredNano += request?.deliveredNano ?? one.usedNano
      units += request?.deliveredUnits ?? 0
    }
    return voucherNano - deliveredNano <= exposureMaxNano(this.priceQuote.prices, units)
  }

  #ended(name: string): void {
    this.#requests.delete(name)
    this.#step({ kind: 'ended', requestId: name })
  }

  /** The last leaf of an answer is settled by a voucher of equal amount and higher count. */
  #appended(appended: readonly AppendedReceipt[]): void {
    // A channel that closes takes no voucher: its last leaves are in the close authorisation.
    const voucher = this.desk.state.status === 'open' ? this.desk.finalVoucher() : undefined
    if (voucher !== undefined) {
      const allocate = { requestId: CONTROL_REQUEST_ID, allocatedNano: 0n, voucher }
      this.#send(CONTROL_REQUEST_ID, { kind: 'allocate', allocate })
    }
    if (appended.length > 0) this.#parts.onAppended(this, appended)
  }

  /**
   * One answer makes no progress. A provider that says nothing at all, or does not even end what was
   * cancelled, is given up; one that serves others only loses this request.
   */
  #stalled(name: string): void {
    const request = this.#requests.get(name)
    if (request === undefined) return
    const error = request.isQueued
      ? new UnavailableError('QUEUE_DEADLINE', 'the provider let the request wait for too long')
      : new UnavailableError('PROVIDER_SILENT', 'the provider was silent for too long')
    const silentMs = this.#parts.clock.nowMs() - this.#lastFrameMs
    if (request.cancelled || silentMs >= PROVIDER_SILENCE_MS) {
      this.end(error)
      return
    }
    request.fail(error)
    request.cancel()
  }

  #send(requestId: Uint8Array, content: ClientContent, final = false): void {
    if (this.#closed !== undefined) return
    const { probe } = this.#parts
    probe?.(`client sends ${content.kind}`)
    this.#link
      .send(requestId, encodeClientContent(content), final)
      .then(() => probe?.(`client sent ${content.kind}`))
      .catch((thrown: unknown) => this.end(streamError(thrown)))
  }

  #step(event: ClientSessionEvent): void {
    this.#state = stepClientSession(this.#state, event, this.#parts.clock.nowMs())
    this.#parts.probe?.(`client session ${event.kind}`)
  }
}

/** Limits of this side's own, met while it wanted to pay: no fault of the provider. */
const OWN_LIMITS = new Set(['INSUFFICIENT_DEPOSIT', 'CHANNEL_NOT_OPEN', 'CHANNEL_EXPIRED'])

/** The provider takes nothing more on this channel: neither does this side, so that it can be settled. */
function heedRefusal(desk: ClientDesk, error: CocoonError): void {
  if (error.code !== 'PROVIDER_REFUSED') return
  const { code } = error.data
  if (code === 'CHANNEL_DISPUTED' || code === 'CHANNEL_FROZEN') desk.freeze('checkpoint')
  if (code === 'CHANNEL_NOT_OPEN' || code === 'CHANNEL_TOO_FAR_BEHIND') desk.beginClosing()
}

function isProviderWrong(error: CocoonError): boolean {
  return error.kind === 'settlement' && !OWN_LIMITS.has(error.code)
}

/** What a broken stream throws is not ours: to the caller it means that the provider is gone. */
function streamError(thrown: unknown): CocoonError {
  const error = asCocoonError(thrown)
  if (error.code !== 'INTERNAL') return error
  return new UnavailableError('PROVIDER_GONE', 'the connection to the provider broke', {
    cause: thrown,
  })
}
