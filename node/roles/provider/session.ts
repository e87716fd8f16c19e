/**
 * One session on the provider's side: evidence, seal, channel, then requests until the stream ends.
 * Whatever goes wrong ends this session with a typed refusal and nothing else.
 */
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { decodeAsk } from '#protocol/ask.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import {
  asCocoonError,
  type CocoonError,
  ProtocolError,
  UnavailableError,
} from '#protocol/errors.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { requestCommitment } from '#protocol/receipt.ts'
import { type Allocate, type Ask, decodeClientContent } from '#protocol/session/client-content.ts'
import { decodeSessionMessage, encodeSessionMessage } from '#protocol/session/frames.ts'
import type { SessionState } from '#protocol/session/phases.ts'
import { encodeProviderContent, type ProviderContent } from '#protocol/session/provider-content.ts'
import { startProviderMeter } from '#protocol/session/provider-meter.ts'
import {
  type ProviderSessionEvent,
  startProviderSession,
  stepProviderSession,
} from '#protocol/session/provider-session.ts'
import { sealInfo, sealOpenReceiver } from '#protocol/session/seal.ts'
import {
  negotiateVersion,
  PROTOCOL_VERSIONS,
  transcriptBytes,
} from '#protocol/session/transcript.ts'
import type { TierName } from '#protocol/tier.ts'
import type { MessageStream, PeerRef } from '#protocol/transport.ts'
import { delegateCell, priceQuoteCell, signCell } from '#settlement/cells.ts'
import type { PriceQuote } from '#settlement/types.ts'
import { PRICE_QUOTE_LIFE_S } from '../constants.ts'
import { Deadline } from '../shared/deadline.ts'
import { CONTROL_REQUEST_ID, type OpenedFrame, SealedLink } from '../shared/sealed-link.ts'
import type { ProviderDesk } from './channel-desk.ts'
import type { ProviderChannels } from './channels.ts'
import type { Enclave, EnclaveEpoch } from './enclave.ts'
import { type RequestFacts, type SessionFacts, writeReceipt } from './receipt-writer.ts'
import { ProviderRequest, type SigningMoment } from './request.ts'

export interface ProviderSessionComponents {
  readonly self: PeerRef
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly engine: Engine
  readonly tokenizer: ChatTokenizer
  readonly enclave: Enclave
  readonly channels: ProviderChannels
  readonly settlementKey: Ed25519KeyPair
  readonly prices: UnitPrices
  readonly tier: TierName
  readonly addedLatencyMs: number
  /** Ends another session of the same channel: one session a channel. */
  readonly takeOver: (channel: string, end: (reason: Error) => void) => void
  /** Claims what the channel's voucher covers, before it is closed. */
  readonly claim: (desk: ProviderDesk) => Promise<void>
  readonly onServed: (requestId: string) => void
  /** Why an engine failed a request: for the owner's eyes, the client gets finish `failed`. */
  readonly onRequestFailed: (error: CocoonError) => void
}

/** Serves one stream until it ends. Never throws: errors are sent as refusals and returned. */
export async function serveSession(
  stream: MessageStream,
  parts: ProviderSessionComponents,
): Promise<CocoonError | undefined> {
  const session = new ProviderSession(stream, parts)
  try {
    await session.run()
    return undefined
  } catch (thrown) {
    const error = asCocoonError(thrown)
    await session.refuse(error)
    return error
  } finally {
    session.end()
  }
}

class ProviderSession {
  readonly #stream: MessageStream
  readonly #parts: ProviderSessionComponents
  readonly #deadline: Deadline
  readonly #requests = new Map<string, ProviderRequest>()
  readonly #running = new Set<Promise<void>>()
  #state: SessionState
  #link: SealedLink | undefined
  #failure: unknown

  constructor(stream: MessageStream, parts: ProviderSessionComponents) {
    this.#stream = stream
    this.#parts = parts
    this.#state = startProviderSession(parts.clock.nowMs())
    this.#deadline = new Deadline(parts.clock, () => {
      stream.abort(new UnavailableError('SESSION_TIMEOUT', 'the client was silent for too long'))
    })
    this.#deadline.set(this.#state.deadlineMs)
  }

  async run(): Promise<void> {
    const opened = await this.#handshake()
    for (;;) {
      const frame = await opened.link.receive()
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
        await this.#link.send(CONTROL_REQUEST_ID, content, true)
      }
    } catch {
      // The other side is gone: there is nobody to tell.
    }
  }

  end(): void {
    this.#deadline.clear()
    for (const request of this.#requests.values()) request.cancel()
  }

  async #handshake(): Promise<OpenSession> {
    const { crypto, enclave, engine, channels, self } = this.#parts
    const hello = await this.#receive('client-hello')
    this.#step({ kind: 'client-hello' })
    if (!equal(hello.hello.modelRoot, engine.info.modelRoot)) {
      throw new UnavailableError('MODEL_NOT_SERVED', 'this provider serves another model')
    }
    const version = negotiateVersion(hello.hello.versions, PROTOCOL_VERSIONS)
    const epoch = await enclave.epoch()
    const { clientNonce, mode } = hello.hello
    const evidence = await enclave.evidence(epoch, mode, clientNonce)
    const providerChallenge = crypto.randomBytes(32)
    const answer = { versions: PROTOCOL_VERSIONS, version, providerChallenge, evidence }
    await this.#stream.send(encodeSessionMessage({ kind: 'provider-hello', hello: answer }))
    this.#step({ kind: 'evidence-sent' })

    const { enc } = await this.#receive('seal-open')
    const { statement, quote } = evidence
    const info = sealInfo(crypto, { statement, quote, clientNonce, providerChallenge })
    const { secrets } = await sealOpenReceiver(epoch.sealingKey, enc, info, epoch.guard)
    this.#step({ kind: 'seal-open' })
    const link = new SealedLink(this.#stream, secrets, 'provider')
    this.#link = link

    const open = await receiveOpen(link)
    const transcript = (channel: string): Uint8Array =>
      transcriptBytes({
        crypto,
        clientVersions: hello.hello.versions,
        providerVersions: PROTOCOL_VERSIONS,
        version,
        statement,
        quote,
        clientNonce,
        providerChallenge,
        channel,
        clientPeerId: this.#stream.remote.peerId,
        providerPeerId: self.peerId,
      })
    const desk = await channels.authenticate(open, transcript)
    this.#parts.takeOver(desk.address, (reason) => this.#stream.abort(reason))
    const met = desk.meet(open)
    const { facts, priceQuote, delegate } = this.#facts(epoch, statement, quote, desk)
    const accept = {
      transcriptSignature: crypto.ed25519Sign(epoch.responseKey, transcript(desk.address)),
      priceQuote,
      delegate,
      bestVoucher: met.best,
      peaks: met.peaks,
      leafCount: met.leafCount,
      missingLeaves: met.missing,
      usedTotalNano: met.usedTotalNano,
    }
    await link.send(CONTROL_REQUEST_ID, encodeProviderContent({ kind: 'accept', accept }))
    this.#step({ kind: 'open-accepted' })
    return { link, desk, facts }
  }

  /** Prices and the response key, fixed for this session and signed by the settlement key. */
  #facts(epoch: EnclaveEpoch, statement: Uint8Array, quote: Uint8Array, desk: ProviderDesk) {
    const { crypto, clock, engine, settlementKey, prices, tier } = this.#parts
    const { terms } = desk.state
    const nowS = Math.floor(clock.nowMs() / 1000)
    const quoted: PriceQuote = {
      globalId: terms.globalId,
      modelRoot: engine.info.modelRoot,
      prices,
      validUntil: nowS + PRICE_QUOTE_LIFE_S,
    }
    const delegated = {
      globalId: terms.globalId,
      responseKey: epoch.responseKey.publicKey,
      notAfter: Math.floor(epoch.notAfterMs / 1000),
    }
    const facts: SessionFacts = {
      globalId: terms.globalId,
      channel: desk.state.address,
      settlementKey: settlementKey.publicKey,
      responseKey: epoch.responseKey,
      statementDigest: crypto.sha256(statement),
      quoteDigest: crypto.sha256(quote),
      tier,
      engine: engine.info,
      priceQuote: quoted,
    }
    return {
      facts,
      priceQuote: signCell(crypto, settlementKey, priceQuoteCell(quoted)),
      delegate: signCell(crypto, settlementKey, delegateCell(delegated)),
    }
  }

  async #onFrame(frame: OpenedFrame, session: OpenSession): Promise<void> {
    const content = decodeClientContent(frame.content)
    if (frame.control) {
      if (content.kind === 'allocate') return this.#takeVoucher(content.allocate, session)
      if (content.kind === 'close-request') return this.#close(session)
    } else {
      const requestId = toHex(frame.requestId)
      if (content.kind === 'ask') return this.#ask(frame.requestId, content.ask, session)
      // What crossed the end of a request on the wire is legal and changes nothing.
      const request = this.#requests.get(requestId)
      if (content.kind === 'allocate') {
        await this.#takeVoucher(content.allocate, session)
        if (request === undefined || !session.desk.isRunning(requestId)) return
        this.#step({ kind: 'progress', requestId })
        session.desk.allocate(requestId, content.allocate.allocatedNano)
        return request.allocated(content.allocate.allocatedNano)
      }
      if (content.kind === 'cancel') return request?.cancel()
    }
    throw new ProtocolError('SESSION_OUT_OF_ORDER', `${content.kind} on the wrong stream`)
  }

  /** A voucher above the deposit known may follow a top-up: the chain is read once more. */
  async #takeVoucher({ voucher }: Allocate, { desk }: OpenSession): Promise<void> {
    if (voucher === undefined) return
    try {
      desk.acceptVoucher(voucher)
    } catch (error) {
      if (asCocoonError(error).code !== 'VOUCHER_ABOVE_DEPOSIT') throw error
      await this.#parts.channels.refresh(desk)
      desk.acceptVoucher(voucher)
    }
  }

  #ask(requestId: Uint8Array, ask: Ask, session: OpenSession): void {
    const { crypto, clock, engine, tokenizer, prices } = this.#parts
    const name = toHex(requestId)
    this.#step({ kind: 'ask', requestId: name })
    const document = decodeAsk(ask.body)
    const { temperature, topP, seed } = document
    const promptTokenIds = tokenizer.encodeChat(document.messages)
    const promptTokens = promptTokenIds.length + ask.resumeTokenIds.length
    if (ask.promptTokens !== promptTokens) {
      throw new ProtocolError('PROMPT_COUNT', 'the two sides count the prompt differently', {
        data: { client: ask.promptTokens, provider: promptTokens },
      })
    }
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
      meter: startProviderMeter({ prices, promptTokens, completionTokensMax: document.maxTokens }),
      send: (content, final) => this.#send(requestId, content, final, session.link),
      sign: async (moment) => this.#sign(name, facts, moment, session),
      onFailure: this.#parts.onRequestFailed,
    })
    this.#requests.set(name, request)
    const running = request
      .run({
        promptTokenIds,
        resumeTokenIds: ask.resumeTokenIds,
        maxTokens: document.maxTokens,
        sampling: { temperature, topP, seed },
        stop: document.stop,
      })
      .then(() => this.#ended(name))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #sign(name: string, facts: RequestFacts, moment: SigningMoment, session: OpenSession) {
    const { crypto, clock } = this.#parts
    const sign = (usedElsewhereNano: bigint) =>
      writeReceipt(crypto, session.facts, facts, {
        ...moment,
        usedElsewhereNano,
        nowMs: clock.nowMs(),
      })
    return moment.finish === 'partial'
      ? session.desk.checkpoint(name, sign)
      : session.desk.leaf(name, sign)
  }

  async #send(
    requestId: Uint8Array,
    content: ProviderContent,
    final: boolean,
    link: SealedLink,
  ): Promise<void> {
    await link.send(requestId, encodeProviderContent(content), final)
    if (!final) this.#step({ kind: 'progress', requestId: toHex(requestId) })
  }

  #ended(name: string): void {
    this.#requests.delete(name)
    this.#step({ kind: 'ended', requestId: name })
    this.#parts.onServed(name)
  }

  /** A failed request ends the session: its last checkpoint is the receipt when both meet again. */
  #fail(error: unknown): void {
    this.#failure ??= error
    this.#stream.abort(asCocoonError(error))
  }

  async #close({ link, desk }: OpenSession): Promise<void> {
    await Promise.all(this.#running)
    await this.#parts.claim(desk)
    const closeAuth = desk.close()
    const content = encodeProviderContent({ kind: 'close-auth', closeAuth })
    await link.send(CONTROL_REQUEST_ID, content)
  }

  async #receive<Kind extends 'client-hello' | 'seal-open'>(kind: Kind) {
    const bytes = await this.#stream.receive()
    if (bytes === undefined) {
      throw new UnavailableError('CLIENT_GONE', `the client ended the session before its ${kind}`)
    }
    const message = decodeSessionMessage(bytes)
    if (message.kind !== kind) {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', `a ${message.kind} instead of a ${kind}`)
    }
    return message as Extract<typeof message, { kind: Kind }>
  }

  #step(event: ProviderSessionEvent): void {
    this.#state = stepProviderSession(this.#state, event, this.#parts.clock.nowMs())
    this.#deadline.set(this.#state.deadlineMs)
  }
}

interface OpenSession {
  readonly link: SealedLink
  readonly desk: ProviderDesk
  readonly facts: SessionFacts
}

async function receiveOpen(link: SealedLink) {
  const frame = await link.receive()
  if (frame === undefined) {
    throw new UnavailableError('CLIENT_GONE', 'the client ended the session before its channel')
  }
  const content = frame.control ? decodeClientContent(frame.content) : undefined
  if (content?.kind !== 'open') {
    throw new ProtocolError('SESSION_OUT_OF_ORDER', 'the first sealed message names the channel')
  }
  return content.open
}
