/**
 * The first half of a session on the provider's side: evidence out, seal in, channel authenticated.
 * No channel state is shown or changed before the session key's signature verified.
 */
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import type { Asked, ServedStoryWriter } from '#node/why/served-story-writer.ts'
import { equal } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import {
  asCocoonError,
  type CocoonError,
  ProtocolError,
  UnavailableError,
} from '#protocol/errors.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { decodeClientContent } from '#protocol/session/client-content.ts'
import { decodeSessionMessage, encodeSessionMessage } from '#protocol/session/frames.ts'
import { encodeProviderContent } from '#protocol/session/provider-content.ts'
import type { ProviderSessionEvent } from '#protocol/session/provider-session.ts'
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
import { KEYS_END_MARGIN_MS, PRICE_QUOTE_LIFE_S } from '../constants.ts'
import type { Probe } from '../shared/probe.ts'
import { CONTROL_REQUEST_ID, SealedLink } from '../shared/sealed-link.ts'
import type { ProviderDesk } from './channel-desk.ts'
import type { ProviderChannels } from './channels.ts'
import type { Embedder } from './embedding-work.ts'
import type { Enclave, EnclaveEpoch } from './enclave.ts'
import type { SessionFacts } from './receipt-writer.ts'
export interface ProviderSessionComponents {
  readonly self: PeerRef
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly engine: Engine
  /** Undefined where `embedder` is not. */
  readonly tokenizer: ChatTokenizer | undefined
  /** Present where the model embeds: nothing else is answered then. */
  readonly embedder?: Embedder | undefined
  readonly enclave: Enclave
  readonly channels: ProviderChannels
  readonly settlementKey: Ed25519KeyPair
  readonly prices: UnitPrices
  readonly tier: TierName
  readonly addedLatencyMs: number
  /** Ends another session of the same channel: one session a channel. */
  readonly takeOver: (channel: string, end: (reason: Error) => void) => void
  readonly onServed: (requestId: string) => void
  /** Requests of all sessions that run now; a session puts its own in and takes them out. */
  readonly running: Set<Promise<void>>
  /** Why an engine failed a request: for the owner's eyes, the client gets finish `failed`. */
  readonly onRequestFailed: (error: CocoonError) => void
  /** What `cocoon why` will tell of a request. */
  readonly story: (asked: Asked) => ServedStoryWriter
  /** A voucher has settled the last leaf. */
  readonly onSettled: (desk: ProviderDesk) => void
  /** Waits for claims on their way: a CloseAuth must not be below what they claim. */
  readonly beforeClose: (desk: ProviderDesk) => Promise<void>
  readonly probe?: Probe
}

/** What both halves of a session work on. */
export interface OpenSession {
  readonly link: SealedLink
  readonly desk: ProviderDesk
  readonly facts: SessionFacts
  /** Unix milliseconds: nothing is asked with keys of an epoch that is over. */
  readonly asksUntilMs: number
  /** Unix milliseconds: what runs then is ended while its receipt can still be signed. */
  readonly keysEndMs: number
}

export interface HandshakeProgress {
  readonly step: (event: ProviderSessionEvent) => void
  /** From here on everything that is said is sealed, refusals too. */
  readonly sealed: (link: SealedLink) => void
  /** Ends this session at once: a newer one has its channel. */
  readonly stop: (reason: Error) => void
}

export async function openSession(
  stream: MessageStream,
  parts: ProviderSessionComponents,
  { step, sealed, stop }: HandshakeProgress,
): Promise<OpenSession> {
  const { crypto, enclave, engine, channels, self } = parts
  const hello = await receive(stream, 'client-hello')
  step({ kind: 'client-hello' })
  if (!equal(hello.hello.modelRoot, engine.info.modelRoot)) {
    throw new UnavailableError('MODEL_NOT_SERVED', 'this provider serves another model')
  }
  const version = negotiateVersion(hello.hello.versions, PROTOCOL_VERSIONS)
  const epoch = await enclave.epoch()
  const { clientNonce, mode } = hello.hello
  const evidence = await enclave.evidence(epoch, mode, clientNonce)
  const providerChallenge = crypto.randomBytes(32)
  const answer = { versions: PROTOCOL_VERSIONS, version, providerChallenge, evidence }
  await stream.send(encodeSessionMessage({ kind: 'provider-hello', hello: answer }))
  step({ kind: 'evidence-sent' })

  const { enc } = await receive(stream, 'seal-open')
  const { statement, quote } = evidence
  const info = sealInfo(crypto, { statement, quote, clientNonce, providerChallenge })
  const { secrets } = await sealOpenReceiver(epoch.sealingKey, enc, info, epoch.guard).catch(
    (error: unknown) => {
      if (asCocoonError(error).code === 'SEAL_GUARD_FULL') enclave.retire(epoch)
      throw error
    },
  )
  step({ kind: 'seal-open' })
  const link = new SealedLink(stream, secrets, 'provider')
  sealed(link)

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
      clientPeerId: stream.remote.peerId,
      providerPeerId: self.peerId,
    })
  const desk = await channels.authenticate(open, transcript)
  parts.takeOver(desk.address, stop)
  const met = desk.meet(open)
  const { facts, priceQuote, delegate } = factsOf(parts, epoch, statement, quote, desk)
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
  parts.probe?.('provider sends accept')
  await link.send(CONTROL_REQUEST_ID, encodeProviderContent({ kind: 'accept', accept }))
  parts.probe?.('provider sent accept')
  step({ kind: 'open-accepted' })
  const { asksUntilMs, notAfterMs } = epoch
  return { link, desk, facts, asksUntilMs, keysEndMs: notAfterMs - KEYS_END_MARGIN_MS }
}

/** Prices and the response key, fixed for this session and signed by the settlement key. */
function factsOf(
  parts: ProviderSessionComponents,
  epoch: EnclaveEpoch,
  statement: Uint8Array,
  quote: Uint8Array,
  desk: ProviderDesk,
) {
  const { crypto, clock, engine, settlementKey, prices, tier } = parts
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

async function receive<Kind extends 'client-hello' | 'seal-open'>(
  stream: MessageStream,
  kind: Kind,
) {
  const bytes = await stream.receive()
  if (bytes === undefined) {
    throw new UnavailableError('CLIENT_GONE', `the client ended the session before its ${kind}`)
  }
  const message = decodeSessionMessage(bytes)
  if (message.kind !== kind) {
    throw new ProtocolError('SESSION_OUT_OF_ORDER', `a ${message.kind} instead of a ${kind}`)
  }
  return message as Extract<typeof message, { kind: Kind }>
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
