/**
 * One chat from question to receipt: choose, attest, fund, ask, stream; when a provider fails, go on
 * with the next from the token ids already held. The caller sees one stream.
 */
import type { ChatTokenizer } from '#inference/engine.ts'
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import { peerIdOf } from '#node/network/peer-ids.ts'
import { encodeAsk } from '#protocol/ask.ts'
import { fromHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError, type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { type Ranked, rankOffers } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import { leafHash } from '#protocol/merkle.ts'
import { leafData, type ReceiptBody, receiptId, type SignedReceipt } from '#protocol/receipt.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import type { ChatEvent, ChatRequest, ChatResult, RouteView } from '../client-service.ts'
import { ATTEMPTS_MAX, DISCOVERY_TIMEOUT_MS } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import type { Funding } from './funding.ts'
import type { ClientModels, KnownModel } from './models.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import type { ClientRequest } from './request.ts'
import type { ReadySession, Sessions } from './sessions.ts'

export interface AnswerComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly models: ClientModels
  readonly discovery: OfferDiscovery
  readonly sessions: Sessions
  readonly funding: Funding
  readonly receipts: ReceiptFiles
  readonly priceCapNano: bigint | undefined
  readonly emit: EmitEvent
}

/** What one answer gathers over its attempts. */
interface Progress {
  readonly model: KnownModel
  readonly tokenizer: ChatTokenizer
  readonly promptTokens: number
  readonly startedMs: number
  readonly ids: number[]
  readonly failures: { readonly provider: string; readonly error: CocoonError }[]
  /** Of the first attempt: it names the whole answer. */
  requestId: string | undefined
  discoverMs: number
  firstTokenMs: number | undefined
  usedNano: bigint
  previous: Uint8Array
}

interface Ended {
  readonly receipt: SignedReceipt
  readonly body: ReceiptBody
}

/**
 * @param only answers with this provider alone (hexadecimal identity key): a line of an awarded job
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FILES_MISSING, PROMPT_TOO_LONG, ASK_INVALID
 * @throws UnavailableError NO_PROVIDER; its data names each provider's reason
 */
export async function* answerChat(
  parts: AnswerComponents,
  request: ChatRequest,
  signal: AbortSignal,
  only?: string,
): AsyncGenerator<ChatEvent> {
  const progress = await begin(parts, request)
  const ranked = await rank(parts, request, progress, only)
  const text = progress.tokenizer.textStream(request.stop)
  const accepted = ranked.filter((one) => one.accepted)
  for (const choice of accepted.slice(0, ATTEMPTS_MAX)) {
    signal.throwIfAborted()
    const { offer } = choice
    let asked: ClientRequest | undefined
    try {
      const ready = await openFor(parts, request, progress, offer)
      asked = start(parts, request, progress, ready)
      announceChoice(parts, asked.name, choice, ranked)
      progress.requestId ??= asked.name
      const { requestId } = progress
      const { tier } = ready.session.verdict
      yield { kind: 'routed', requestId, provider: offer.provider, tier }
      let ended: Ended | undefined
      for await (const event of abortable(asked.events(), signal)) {
        if (event.kind === 'ended') ended = event
        else {
          progress.firstTokenMs ??= parts.clock.nowMs() - progress.startedMs
          progress.ids.push(...event.ids)
          const piece = event.ids.map((id) => text.push(id)).join('')
          yield { kind: 'text', text: piece, tokens: event.ids.length }
        }
      }
      if (ended === undefined || ended.body.finish === 'failed') throw engineFailed()
      count(parts, progress, asked)
      parts.discovery.measurements.recordSuccess(offer.provider)
      const rest = text.end()
      if (rest !== '') yield { kind: 'text', text: rest, tokens: 0 }
      const result = resultOf(parts, progress, { choice, ranked, ready, requestId, ended })
      yield { kind: 'done', result }
      return
    } catch (thrown) {
      if (signal.aborted) throw thrown
      count(parts, progress, asked)
      const error = asCocoonError(thrown)
      parts.discovery.measurements.recordFailure(offer.provider)
      progress.failures.push({ provider: offer.provider, error })
      const message = `${offer.provider.slice(0, 12)}: ${error.message}`
      parts.emit({ kind: 'warning', code: error.code, message })
    }
  }
  throw noProvider(progress, ranked)
}

async function begin(parts: AnswerComponents, request: ChatRequest): Promise<Progress> {
  const startedMs = parts.clock.nowMs()
  const model = parts.models.find(request.model)
  const { tokenizer, contextTokens } = await parts.models.load(model)
  const promptTokens = tokenizer.encodeChat(request.messages).length
  if (promptTokens >= contextTokens) {
    throw new ConfigError('PROMPT_TOO_LONG', `the prompt has ${promptTokens} tokens`, {
      remedy: `Send fewer messages: ${model.id} reads ${contextTokens} tokens, its answer included.`,
      data: { promptTokens, contextTokens },
    })
  }
  return {
    model,
    tokenizer,
    promptTokens,
    startedMs,
    ids: [],
    failures: [],
    requestId: undefined,
    discoverMs: 0,
    firstTokenMs: undefined,
    usedNano: 0n,
    previous: new Uint8Array(0),
  }
}

/** The book is the standing auction; a cold client asks the DHT first. */
async function rank(
  parts: AnswerComponents,
  request: ChatRequest,
  progress: Progress,
  only: string | undefined,
): Promise<readonly Ranked[]> {
  const { discovery, clock } = parts
  const { root } = progress.model
  const wanted = (offers: readonly Offer[]): readonly Offer[] =>
    only === undefined ? offers : offers.filter((offer) => offer.provider === only)
  let offers = wanted(discovery.offers(root))
  if (offers.length === 0) {
    const timeout = AbortSignal.timeout(DISCOVERY_TIMEOUT_MS)
    offers = wanted(await discovery.refresh(root, timeout).catch(() => discovery.offers(root)))
  }
  const cap = request.maxPriceNano ?? parts.priceCapNano
  const ranked = rankOffers(offers, {
    modelRoot: root,
    promptTokens: progress.promptTokens,
    completionTokensMax: request.maxTokens,
    tierMin: request.tierMin ?? 'simulated',
    measurements: discovery.measurements.all,
    nowMs: clock.nowMs(),
    ...(cap === undefined ? {} : { priceCapNano: cap }),
  })
  progress.discoverMs = clock.nowMs() - progress.startedMs
  return ranked
}

/** A session at prices no higher than offered, on a channel that covers the whole request. */
async function openFor(
  parts: AnswerComponents,
  request: ChatRequest,
  progress: Progress,
  offer: Offer,
): Promise<ReadySession> {
  const ready = await parts.sessions.get({
    provider: offer.provider,
    peerId: peerIdOf(fromHex(offer.provider)),
    addresses: offer.addresses,
    modelRoot: progress.model.root,
  })
  const { desk, priceQuote } = ready.session
  const { prices } = priceQuote
  const isHigher =
    prices.promptNanoPerMtok > offer.prices.promptNanoPerMtok ||
    prices.cachedNanoPerMtok > offer.prices.cachedNanoPerMtok ||
    prices.completionNanoPerMtok > offer.prices.completionNanoPerMtok
  if (isHigher) {
    throw new UnavailableError('PRICE_ABOVE_OFFER', 'the provider quotes more than it offered')
  }
  const units = progress.promptTokens + request.maxTokens
  await parts.funding.ensure(desk, unitsCostNano(prices, progress.promptTokens, 0, units))
  return ready
}

/** Sends the ask; a later provider goes on from the token ids already held, and bills them as prompt. */
function start(
  parts: AnswerComponents,
  request: ChatRequest,
  progress: Progress,
  { session }: ReadySession,
): ClientRequest {
  const { crypto } = parts
  const resumeTokenIds = [...progress.ids]
  const maxTokens = request.maxTokens - resumeTokenIds.length
  const ask = {
    body: encodeAsk({
      modelId: progress.model.id,
      messages: request.messages,
      maxTokens,
      temperature: request.temperature,
      topP: request.topP,
      seed: request.seed,
      stop: request.stop,
    }),
    requestSalt: crypto.randomBytes(32),
    responseSalt: crypto.randomBytes(32),
    promptTokens: progress.promptTokens + resumeTokenIds.length,
    resumeTokenIds,
    previous: progress.previous,
  }
  return session.ask(ask, maxTokens)
}

function announceChoice(
  parts: AnswerComponents,
  requestId: string,
  choice: Ranked,
  ranked: readonly Ranked[],
): void {
  const { provider } = choice.offer
  const reason = choice.reasons.join('; ')
  parts.emit({ kind: 'choice', requestId, provider, reason, considered: ranked.length })
}

/**
 * What this attempt used, by its last receipt: the final one, or the checkpoint that became the leaf.
 * Providers cannot link the parts of one answer: each sees a hash under a salt that it does not know.
 */
function count(
  { crypto }: AnswerComponents,
  progress: Progress,
  asked: ClientRequest | undefined,
): void {
  const latest = asked?.latest
  if (latest === undefined) return
  progress.usedNano += latest.body.usedNano
  const leaf = leafHash(crypto, leafData(latest.receipt))
  progress.previous = crypto.hmacSha256(crypto.randomBytes(32), leaf)
}

function resultOf(
  parts: AnswerComponents,
  progress: Progress,
  route: {
    readonly choice: Ranked
    readonly ranked: readonly Ranked[]
    readonly ready: ReadySession
    readonly requestId: string
    readonly ended: Ended
  },
): ChatResult {
  const { choice, ranked, ready, requestId, ended } = route
  const { session } = ready
  const id = receiptId(parts.crypto, ended.receipt)
  const totalMs = parts.clock.nowMs() - progress.startedMs
  const text = progress.tokenizer.textStream([])
  return {
    requestId,
    text: progress.ids.map((one) => text.push(one)).join('') + text.end(),
    finish: ended.body.finish === 'stop' ? 'stop' : 'length',
    usage: {
      promptTokens: progress.promptTokens,
      cachedTokens: ended.body.cachedTokens,
      completionTokens: progress.ids.length,
    },
    priceNano: progress.usedNano,
    provider: choice.offer.provider,
    model: progress.model.id,
    engine: choice.offer.engine,
    tier: session.verdict.tier,
    reason: choice.reasons.join('; '),
    offers: ranked.map(routeView),
    verdict: session.verdict,
    receiptId: id,
    receiptFile: parts.receipts.fileOf(id),
    channel: session.desk.address,
    timings: {
      discoverMs: progress.discoverMs,
      attestMs: ready.attestMs,
      fundMs: ready.fundMs,
      firstTokenMs: progress.firstTokenMs ?? totalMs,
      totalMs,
    },
  }
}

function routeView(one: Ranked, index: number): RouteView {
  return {
    provider: one.offer.provider,
    rank: index + 1,
    accepted: one.accepted,
    reasons: one.reasons,
    estimatedPriceNano: one.estimatedPriceNano,
  }
}

function engineFailed(): UnavailableError {
  return new UnavailableError('ENGINE_FAILED', "the provider's engine stopped in the middle")
}

/** Why each provider was refused, in words that name no prompt. */
function noProvider(progress: Progress, ranked: readonly Ranked[]): UnavailableError {
  const refused = ranked
    .filter((one) => !one.accepted)
    .map((one) => [one.offer.provider, one.reasons.join('; ')] as const)
  const failed = progress.failures.map(
    ({ provider, error }) => [provider, `${error.code}: ${error.message}`] as const,
  )
  const why = [...refused, ...failed].map(([who, reason]) => [
    `provider ${who.slice(0, 12)}`,
    reason,
  ])
  const summary =
    why.length === 0 ? 'nobody offers it' : why.map((one) => one.join(': ')).join(' | ')
  return new UnavailableError(
    'NO_PROVIDER',
    `no provider answered for ${progress.model.id}: ${summary}`,
    {
      remedy: 'Try again, raise the price cap, or look at `cocoon offers`.',
      data: Object.fromEntries(why),
    },
  )
}

/** Ends the iteration with the signal's reason; leaving the loop cancels the work at the provider. */
async function* abortable<T>(events: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    for (;;) {
      const next = await Promise.race([events.next(), aborted.promise])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    void events.return(undefined).catch(() => undefined)
  }
}
