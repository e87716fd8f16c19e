/**
 * The second half of a session's opening on the client's side: seal, channel, transcript, prices. It
 * begins only after the verdict on the evidence was good.
 */
import type { Verdict, VerdictStep } from '#attestation/types.ts'
import { withStep } from '#attestation/verdict.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  AttestationError,
  ProtocolError,
  SettlementError,
  UnavailableError,
} from '#protocol/errors.ts'
import { priceNano } from '#protocol/money.ts'
import { decodeReceiptBody, receiptSigningBytes, type SignedReceipt } from '#protocol/receipt.ts'
import { encodeClientContent } from '#protocol/session/client-content.ts'
import { startClientSession, stepClientSession } from '#protocol/session/client-session.ts'
import { encodeSessionMessage } from '#protocol/session/frames.ts'
import type { SessionState } from '#protocol/session/phases.ts'
import { decodeProviderContent, type SessionAccept } from '#protocol/session/provider-content.ts'
import { parseSealSuite, sealInfo, sealOpenSender } from '#protocol/session/seal.ts'
import { PROTOCOL_VERSIONS, transcriptBytes } from '#protocol/session/transcript.ts'
import type { MessageStream, PeerRef } from '#protocol/transport.ts'
import { billCell, openBill, openDelegate, openPriceQuote } from '#settlement/cells.ts'
import type { PriceQuote } from '#settlement/types.ts'
import type { Probe } from '../shared/probe.ts'
import { CONTROL_REQUEST_ID, SealedLink } from '../shared/sealed-link.ts'
import type { AttestedProvider } from './attest.ts'
import type { ClientDesk } from './channel-desk.ts'
import type { SessionExpectation } from './receipt-check.ts'
import { providerRefused } from './request.ts'
export interface OpeningComponents {
  readonly self: PeerRef
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly probe?: Probe
}

export interface OpenedSession {
  readonly link: SealedLink
  readonly state: SessionState
  readonly provider: AttestedProvider
  readonly verdict: Verdict
  readonly desk: ClientDesk
  readonly accept: SessionAccept
  readonly priceQuote: PriceQuote
}

export async function openSession(
  stream: MessageStream,
  provider: AttestedProvider,
  desk: ClientDesk,
  parts: OpeningComponents,
): Promise<OpenedSession> {
  const { crypto, clock, self, probe } = parts
  const { evidence, hello, clientNonce, core } = provider
  const { statement, quote } = evidence
  const { providerChallenge } = hello
  let state = startClientSession(clock.nowMs())
  const step = (kind: 'provider-hello' | 'verdict-passed' | 'seal-sent' | 'accept'): void => {
    state = stepClientSession(state, { kind }, clock.nowMs())
    probe?.(`client session ${kind}`)
  }
  step('provider-hello')
  step('verdict-passed')
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
  probe?.('client sends open')
  await link.send(CONTROL_REQUEST_ID, encodeClientContent({ kind: 'open', open }))
  probe?.('client sent open')
  step('seal-sent')
  const accept = await receiveAccept(link)
  step('accept')
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
    term: 'key possession over the session transcript',
    evidence: 'session',
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
  const { responseKey } = body
  const known = desk.checkpointOf(toHex(body.requestId))
  const billed = openBill(
    crypto,
    { boc: receipt.billBoc, signature: receipt.billSignature },
    responseKey,
    desk.state.address,
  )
  const isOurs =
    body.channel === desk.address &&
    equal(body.settlementKey, provider.core.settlementKey) &&
    (known === undefined || equal(responseKey, known.responseKey)) &&
    body.usedNano === priceNano(body.prices, body) &&
    billed.usedNano === body.usedNano &&
    equal(new Uint8Array(billCell(billed).hash()), body.billHash) &&
    crypto.ed25519Verify(responseKey, receiptSigningBytes(receipt.body), receipt.signature)
  if (isOurs) return
  throw new SettlementError('RECEIPT_REFUSED', 'a leaf that was missed is not signed for us', {
    data: { field: 'missing leaf' },
  })
}

export function expectationOf(crypto: CryptoPort, opened: OpenedSession): SessionExpectation {
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
