/**
 * One open session with one provider: attested, authenticated on its channel, many requests at once.
 * A single loop takes in every message in order; the first wrong one ends the session.
 */
import type { Verdict, VerdictStep } from '#attestation/types.ts'
import { withStep } from '#attestation/verdict.ts'
import type { AskStore } from '#node/store/peer-store.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  AttestationError,
  asCocoonError,
  type CocoonError,
  ProtocolError,
  SettlementError,
  UnavailableError,
} from '#protocol/errors.ts'
import { decodeReceiptBody, receiptSigningBytes, type SignedReceipt } from '#protocol/receipt.ts'
import {
  type Ask,
  type ClientContent,
  encodeClientContent,
} from '#protocol/session/client-content.ts'
import {
  type ClientSessionEvent,
  startClientSession,
  stepClientSession,
} from '#protocol/session/client-session.ts'
import { encodeSessionMessage } from '#protocol/session/frames.ts'
import type { SessionState } from '#protocol/session/phases.ts'
import { decodeProviderContent, type SessionAccept } from '#protocol/session/provider-content.ts'
import { parseSealSuite, sealInfo, sealOpenSender } from '#protocol/session/seal.ts'
import { PROTOCOL_VERSIONS, transcriptBytes } from '#protocol/session/transcript.ts'
import type { MessageStream, PeerRef } from '#protocol/transport.ts'
import { openDelegate, openPriceQuote } from '#settlement/cells.ts'
import type { PriceQuote, SignedBytes } from '#settlement/types.ts'
import { CLOSE_WAIT_MS, PROVIDER_SILENCE_MS } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { Deadline } from '../shared/deadline.ts'
import { CONTROL_REQUEST_ID, type OpenedFrame, SealedLink } from '../shared/sealed-link.ts'
import type { AttestedProvider } from './attest.ts'
import type { AppendedReceipt, ClientDesk } from './channel-desk.ts'
import type { SessionExpectation } from './receipt-check.ts'
import { ClientRequest, providerRefused } from './request.ts'

export interface ClientSessionComponents {
  readonly self: PeerRef
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly emit: EmitEvent
  readonly store: AskStore
  readonly keptUnits: () => number
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
  readonly #silence: Deadline
  #state: SessionState
  #closeAuth: { resolve: (cell: SignedBytes) => void; reject: (error: Error) => void } | undefined
  #closed: CocoonError | undefined

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
    this.#silence = new Deadline(parts.clock, () => {
      this.end(new UnavailableError('PROVIDER_SILENT', 'the provider was silent for too long'))
    })
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
    const opened = await openSession(stream, provider, desk, parts)
    const session = new ClientSession(parts, opened)
    void session.#readLoop()
    return session
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  get openRequests(): number {
    return this.#requests.size
  }

  /** Sends an ask with its first allocation. @throws SettlementError INSUFFICIENT_DEPOSIT */
  ask(ask: Ask, completionTokensMax: number): ClientRequest {
    if (this.#closed !== undefined) throw this.#closed
    const request = new ClientRequest(
      {
        crypto: this.#parts.crypto,
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
        onAppended: (appended) => this.#appended(appended),
      },
      ask,
      completionTokensMax,
    )
    this.#step({ kind: 'ask', requestId: request.name })
    this.#requests.set(request.name, request)
    try {
      request.start()
    } catch (error) {
      this.#ended(request.name)
      throw error
    }
    this.#watch()
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
    this.#silence.clear()
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
      if (error.kind === 'settlement' && this.#closed === undefined) this.desk.freeze()
      this.end(error)
    }
  }

  #receive(frame: OpenedFrame): void {
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
    if (request === undefined) {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', 'a message of a request that is not open')
    }
    request.receive(content)
    if (request.ended) this.#ended(name)
    else this.#step({ kind: 'progress', requestId: name })
    this.#watch()
  }

  #ended(name: string): void {
    this.#requests.delete(name)
    this.#step({ kind: 'ended', requestId: name })
  }

  /** The last leaf of an answer is settled by a voucher of equal amount and higher count. */
  #appended(appended: readonly AppendedReceipt[]): void {
    if (appended.length === 0) return
    const voucher = this.desk.finalVoucher()
    if (voucher !== undefined) {
      const allocate = { requestId: CONTROL_REQUEST_ID, allocatedNano: 0n, voucher }
      this.#send(CONTROL_REQUEST_ID, { kind: 'allocate', allocate })
    }
    this.#parts.onAppended(this, appended)
  }

  /** While a request is open the provider must say something within PROVIDER_SILENCE_MS. */
  #watch(): void {
    if (this.#requests.size === 0) this.#silence.clear()
    else this.#silence.set(this.#parts.clock.nowMs() + PROVIDER_SILENCE_MS)
  }

  #send(requestId: Uint8Array, content: ClientContent, final = false): void {
    if (this.#closed !== undefined) return
    this.#link.send(requestId, encodeClientContent(content), final).catch((thrown: unknown) => {
      this.end(streamError(thrown))
    })
  }

  #step(event: ClientSessionEvent): void {
    this.#state = stepClientSession(this.#state, event, this.#parts.clock.nowMs())
  }
}

interface OpenedSession {
  readonly link: SealedLink
  readonly state: SessionState
  readonly provider: AttestedProvider
  readonly verdict: Verdict
  readonly desk: ClientDesk
  readonly accept: SessionAccept
  readonly priceQuote: PriceQuote
}

async function openSession(
  stream: MessageStream,
  provider: AttestedProvider,
  desk: ClientDesk,
  parts: ClientSessionComponents,
): Promise<OpenedSession> {
  const { crypto, clock, self } = parts
  const { evidence, hello, clientNonce, core } = provider
  const { statement, quote } = evidence
  const { providerChallenge } = hello
  const nowMs = clock.nowMs()
  let state = startClientSession(nowMs)
  for (const kind of ['provider-hello', 'verdict-passed'] as const) {
    state = stepClientSession(state, { kind }, nowMs)
  }
  const info = sealInfo(crypto, { statement, quote, clientNonce, providerChallenge })
  const { enc, secrets } = await sealOpenSender(parseSealSuite(core.hpkeSuite), core.hpkeKey, info)
  await stream.send(encodeSessionMessage({ kind: 'seal-open', enc }))
  const link = new SealedLink(stream, secrets, 'client')
  const transcript = transcriptBytes({
    crypto,
    clientVersions: PROTOCOL_VERSIONS,
    providerVersions: hello.versions,
    version: provider.version,
    statement,
    quote,
    clientNonce,
    providerChallenge,
    channel: desk.address,
    clientPeerId: self.peerId,
    providerPeerId: stream.remote.peerId,
  })
  const open = {
    ...desk.opening(),
    transcriptSignature: crypto.ed25519Sign(desk.sessionKey, transcript),
  }
  await link.send(CONTROL_REQUEST_ID, encodeClientContent({ kind: 'open', open }))
  state = stepClientSession(state, { kind: 'seal-sent' }, nowMs)
  const accept = await receiveAccept(link)
  state = stepClientSession(state, { kind: 'accept' }, clock.nowMs())
  const verdict = checkTranscript(crypto, provider, transcript, accept)
  const priceQuote = checkTerms(crypto, provider, accept, clock.nowMs())
  for (const leaf of accept.missingLeaves) checkMissingLeaf(crypto, leaf, desk, provider)
  desk.meet(accept)
  return { link, state, provider, verdict, desk, accept, priceQuote }
}

async function receiveAccept(link: SealedLink): Promise<SessionAccept> {
  const frame = await link.receive()
  if (frame === undefined) {
    throw new UnavailableError('PROVIDER_GONE', 'the provider ended the session before it accepted')
  }
  const content = decodeProviderContent(frame.content)
  if (content.kind === 'refusal') throw providerRefused(content.refusal)
  if (!frame.control || content.kind !== 'accept') {
    throw new ProtocolError('SESSION_OUT_OF_ORDER', `${content.kind} instead of an acceptance`)
  }
  return content.accept
}

/** The last step of the verdict: the attested response key is alive and speaks in this session. */
function checkTranscript(
  crypto: CryptoPort,
  provider: AttestedProvider,
  transcript: Uint8Array,
  accept: SessionAccept,
): Verdict {
  const { responseKey } = provider.core
  const isSigned = crypto.ed25519Verify(responseKey, transcript, accept.transcriptSignature)
  const step: VerdictStep = {
    name: 'session-transcript',
    status: isSigned ? 'passed' : 'failed',
    found: isSigned ? 'signed by the attested response key' : 'not signed by it',
    required: 'a signature over both nonces, the evidence, the channel and both peers',
    reference: 'docs/spec/session.md',
    detail: '',
  }
  const verdict = withStep(provider.verdict, step)
  if (!isSigned) {
    throw new AttestationError(
      'TRANSCRIPT_REFUSED',
      'the provider did not prove its attested key: session-transcript',
      { data: { step: step.name } },
    )
  }
  return verdict
}

/** The price quote and the delegation come from the settlement key inside the statement. */
function checkTerms(
  crypto: CryptoPort,
  provider: AttestedProvider,
  accept: SessionAccept,
  nowMs: number,
): PriceQuote {
  const { settlementKey, globalId, modelRoot, responseKey } = provider.core
  const nowS = Math.floor(nowMs / 1000)
  const quote = openPriceQuote(crypto, accept.priceQuote, settlementKey)
  const delegate = openDelegate(crypto, accept.delegate, settlementKey)
  const isGood =
    quote.globalId === globalId &&
    equal(quote.modelRoot, modelRoot) &&
    quote.validUntil > nowS &&
    delegate.globalId === globalId &&
    equal(delegate.responseKey, responseKey) &&
    delegate.notAfter > nowS
  if (!isGood) {
    throw new SettlementError('PRICE_QUOTE_REFUSED', "the provider's signed terms are not usable")
  }
  return quote
}

/** A leaf that this client has not seen: signed, and of this channel and provider. */
function checkMissingLeaf(
  crypto: CryptoPort,
  receipt: SignedReceipt,
  desk: ClientDesk,
  provider: AttestedProvider,
): void {
  const body = decodeReceiptBody(receipt.body)
  const isOurs =
    body.channel === desk.address &&
    equal(body.settlementKey, provider.core.settlementKey) &&
    crypto.ed25519Verify(body.responseKey, receiptSigningBytes(receipt.body), receipt.signature)
  if (isOurs) return
  throw new SettlementError('RECEIPT_REFUSED', 'a leaf that was missed is not signed for us', {
    data: { field: 'missing leaf' },
  })
}

function expectationOf(crypto: CryptoPort, opened: OpenedSession): SessionExpectation {
  const { provider, desk, priceQuote } = opened
  const { core, evidence } = provider
  return {
    globalId: core.globalId,
    channel: desk.address,
    settlementKey: core.settlementKey,
    responseKey: core.responseKey,
    statementDigest: crypto.sha256(evidence.statement),
    quoteDigest: crypto.sha256(evidence.quote),
    tier: provider.verdict.tier,
    modelRoot: core.modelRoot,
    runtimeDigest: core.runtimeDigest,
    priceQuote,
  }
}

/** What a broken stream throws is not ours: to the caller it means that the provider is gone. */
function streamError(thrown: unknown): CocoonError {
  const error = asCocoonError(thrown)
  if (error.code !== 'INTERNAL') return error
  return new UnavailableError('PROVIDER_GONE', 'the connection to the provider broke', {
    cause: thrown,
  })
}
