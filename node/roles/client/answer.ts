/**
 * One chat from question to receipt: choose, attest, fund, ask, stream; when a provider fails, go on
 * with the next from the token ids already held. The caller sees one stream.
 */
import { peerIdOf } from '#node/network/peer-ids.ts'
import type { StoryStore } from '#node/store/peer-store.ts'
import { StoryWriter } from '#node/why/story-writer.ts'
import { encodeAsk } from '#protocol/ask.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import type { ChatEvent, ChatRequest, Spent } from '../client-service.ts'
import { ATTEMPTS_MAX } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { abortable } from './abortable.ts'
import {
  answerResult,
  beginAnswer,
  countAttempt,
  linkAttempt,
  noProvider,
  type Progress,
  type ProgressComponents,
} from './answer-progress.ts'
import { Bill } from './bill.ts'
import {
  type AwardedProvider,
  Chooser,
  type ChoosingComponents,
  tierMinOf,
  worstPriceNano,
} from './choosing.ts'
import type { Funding } from './funding.ts'
import type { ClientRequest, SettledReceipt } from './request.ts'
import { samplingOf } from './sampling-of.ts'
import type { ReadySession, Sessions } from './sessions.ts'
import type { Place } from './waiting-line.ts'

export interface AnswerComponents extends ProgressComponents, ChoosingComponents {
  readonly sessions: Sessions
  readonly funding: Funding
  readonly emit: EmitEvent
  readonly store: ProgressComponents['store'] & StoryStore
}

export interface AnswerOptions {
  /** Answers with this provider alone, at no more than its bid: a line of an awarded job. */
  readonly only?: AwardedProvider | undefined
  /** Called once, when every attempt is over, which may be after the last event. */
  readonly onSpent?: ((spent: Spent) => void) | undefined
}

/**
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FILES_MISSING, PROMPT_TOO_LONG, ASK_INVALID
 * @throws SettlementError PRICE_ABOVE_MAX, SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
 * @throws UnavailableError PROVIDERS_BUSY, NO_PROVIDER; its data names each provider's reason
 */
export async function* answerChat(
  parts: AnswerComponents,
  request: ChatRequest,
  signal: AbortSignal,
  { only, onSpent }: AnswerOptions = {},
): AsyncGenerator<ChatEvent> {
  const bill = new Bill()
  const story = new StoryWriter(parts, toHex(parts.crypto.randomBytes(16)), request)
  const place = parts.sessions.waiting.placeFor(waitingKind(request, only))
  try {
    yield* attempts(parts, request, signal, only, { bill, story, place })
  } catch (thrown) {
    if (!signal.aborted) story.failed(thrown)
    throw thrown
  } finally {
    place.leave(false)
    story.left()
    void bill.total().then(onSpent)
  }
}

/** What is kept of an answer besides its events. */
interface Keeping {
  readonly bill: Bill
  readonly story: StoryWriter
  readonly place: Place
}

/** Requests of one kind can be answered by the same providers, but for their caps. */
export function waitingKind(
  request: Pick<ChatRequest, 'model' | 'tierMin'>,
  only: AwardedProvider | undefined,
): string {
  return [only?.provider ?? 'any', tierMinOf(request), request.model].join(' ')
}

async function* attempts(
  parts: AnswerComponents,
  request: ChatRequest,
  signal: AbortSignal,
  only: AwardedProvider | undefined,
  { bill, story, place }: Keeping,
): AsyncGenerator<ChatEvent> {
  const progress = await beginAnswer(parts, request)
  story.began(progress.promptTokens)
  const { promptTokens, model } = progress
  const chooser = new Chooser(parts, { request, modelRoot: model.root, promptTokens, only })
  if (place.isBehindOthers) await place.turn(signal)
  for (let tries = 0; tries < ATTEMPTS_MAX; ) {
    signal.throwIfAborted()
    const { usedNano } = progress
    const choice = await chooser.next({
      heldTokens: resumedIds(request, progress).length,
      usedNano,
      isBegun: progress.ids.length > 0,
    })
    if (tries === 0) progress.discoverMs = parts.clock.nowMs() - progress.startedMs
    story.ranked(chooser.ranked, progress.discoverMs)
    if (choice === undefined) {
      if (!chooser.hasBusy || !(await place.turn(signal))) break
      chooser.retryBusy()
      continue
    }
    const { ranked } = chooser
    const { offer } = choice
    const pricesMax = only?.pricesMax ?? offer.prices
    // Durable before anything is signed: the caps hold even if this process dies in the middle.
    const hold = parts.spending.hold(offer.provider, worstNano(request, progress, pricesMax))
    tries++
    story.chose(choice)
    let asked: ClientRequest | undefined
    let opened: Opened | undefined
    try {
      opened = await openFor(parts, request, progress, offer, pricesMax)
      const { ready } = opened
      const { verdict, desk } = ready.session
      story.opened({ ...ready, verdict, channel: desk.address })
      signal.throwIfAborted()
      asked = start(parts, request, progress, ready)
      place.leave(true)
      story.asked(asked.name, resumedIds(request, progress).length)
      announceChoice(parts, asked.name, choice, ranked)
      progress.requestId ??= asked.name
      const { requestId } = progress
      const { tier } = ready.session.verdict
      yield { kind: 'routed', requestId, provider: offer.provider, tier }
      let ended: SettledReceipt | undefined
      let repeated = progress.ids.length - resumedIds(request, progress).length
      for await (const event of abortable(asked.events(), signal)) {
        if (event.kind === 'ended') ended = event
        else {
          progress.firstTokenMs ??= parts.clock.nowMs() - progress.startedMs
          const ids = event.ids.slice(repeated)
          const logprobs = event.logprobs?.slice(repeated)
          repeated = Math.max(0, repeated - event.ids.length)
          progress.ids.push(...ids)
          yield* progress.text.push(ids, logprobs)
        }
      }
      if (ended === undefined || !WHOLE.has(ended.body.finish)) throw engineFailed()
      countAttempt(progress, asked)
      parts.discovery.measurements.recordSuccess(offer.provider)
      yield* progress.text.end()
      const result = answerResult(parts, progress, { choice, ranked, ready, ended })
      tellPayment(story, progress, opened, asked)
      story.answered(result)
      yield { kind: 'done', result }
      return
    } catch (thrown) {
      asked?.cancel()
      tellPayment(story, progress, opened, asked)
      if (signal.aborted) throw thrown
      if (isBusy(thrown)) {
        tries--
        story.busy()
        chooser.busy(offer.provider)
        continue
      }
      countAttempt(progress, asked)
      linkAttempt(parts, progress, asked)
      failed(parts, progress, offer, thrown)
      story.attemptFailed(thrown)
      // Its ids only spell what was said: nobody can go on from them.
      if (offer.textOnly && progress.ids.length > 0) break
    } finally {
      opened?.giveBack()
      bill.settle(hold, asked)
    }
  }
  const { usedNano } = progress
  const refusal =
    progress.failures.length > 0 || chooser.hasBusy
      ? undefined
      : chooser.spendRefusal({ heldTokens: 0, usedNano })
  throw refusal ?? noProvider(progress, chooser)
}

/** The most that the next attempt can cost at these prices. */
export function worstNano(
  request: Pick<ChatRequest, 'maxTokens'>,
  progress: Pick<Progress, 'ids' | 'promptTokens'>,
  prices: UnitPrices,
): bigint {
  const resumed = resumedIds(request, progress).length
  return worstPriceNano(prices, {
    promptTokens: progress.promptTokens + resumed,
    completionTokens: request.maxTokens - resumed,
  })
}

export type Opened = Awaited<ReturnType<typeof openFor>>

/** What this attempt used, and what is promised on its channel by now. */
export function tellPayment(
  story: StoryWriter,
  { ids }: Pick<Progress, 'ids'>,
  opened: Opened | undefined,
  asked: ClientRequest | undefined,
): void {
  if (opened === undefined) return
  const { best } = opened.ready.session.desk.state
  const usedNano = asked?.latest?.body.usedNano ?? 0n
  story.paid({ usedNano, voucherNano: best.amountNano, heldTokens: ids.length })
}

/** A session at prices no higher than offered or bid, on a channel that covers the whole request. */
export async function openFor(
  parts: AnswerComponents,
  request: Pick<ChatRequest, 'maxTokens' | 'tierMin'>,
  progress: Pick<Progress, 'ids' | 'model' | 'promptTokens'>,
  offer: Offer,
  pricesMax: UnitPrices,
): Promise<{ readonly ready: ReadySession; readonly giveBack: () => void }> {
  const ready = await parts.sessions.get({
    provider: offer.provider,
    peerId: peerIdOf(fromHex(offer.provider)),
    addresses: offer.addresses,
    modelRoot: progress.model.root,
    tierMin: tierMinOf(request),
  })
  const { desk, priceQuote } = ready.session
  const { prices } = priceQuote
  const isHigher =
    prices.promptNanoPerMtok > pricesMax.promptNanoPerMtok ||
    prices.cachedNanoPerMtok > pricesMax.cachedNanoPerMtok ||
    prices.completionNanoPerMtok > pricesMax.completionNanoPerMtok
  if (isHigher) {
    throw new UnavailableError(
      'PRICE_ABOVE_OFFER',
      'the provider quotes more than it offered or bid',
    )
  }
  const units = progress.promptTokens + request.maxTokens
  const promptUnits = progress.promptTokens + resumedIds(request, progress).length
  const costNano = unitsCostNano(prices, promptUnits, 0, units)
  return { ready, giveBack: await parts.funding.reserve(desk, costNano) }
}

/**
 * What the next provider goes on from. At least one token is left to make: an answer that was whole
 * but for its final receipt has its last token made again, which gives it a receipt.
 */
function resumedIds(
  { maxTokens }: Pick<ChatRequest, 'maxTokens'>,
  { ids }: Pick<Progress, 'ids'>,
): readonly number[] {
  return ids.slice(0, maxTokens - 1)
}

/** Any other end leaves the answer unfinished: the next provider goes on from there. */
const WHOLE: ReadonlySet<string> = new Set(['stop', 'length'])

/** Sends the ask; a later provider goes on from the ids already held, and bills them as prompt. */
function start(
  { crypto }: AnswerComponents,
  request: ChatRequest,
  progress: Progress,
  { session }: ReadySession,
): ClientRequest {
  const resumeTokenIds = resumedIds(request, progress)
  const maxTokens = request.maxTokens - resumeTokenIds.length
  const { messages, topLogprobs } = request
  const document = { ...samplingOf(request), modelId: progress.model.id, messages, maxTokens }
  const ask = {
    body: encodeAsk(document),
    requestSalt: crypto.randomBytes(32),
    responseSalt: crypto.randomBytes(32),
    promptTokens: progress.promptTokens + resumeTokenIds.length,
    resumeTokenIds,
    previous: progress.previous,
  }
  const { vocabularySize } = progress.tokenizer
  return session.ask(ask, { completionTokensMax: maxTokens, vocabularySize, topLogprobs })
}

export function announceChoice(
  { emit }: AnswerComponents,
  requestId: string,
  choice: Ranked,
  ranked: readonly Ranked[],
): void {
  const { provider } = choice.offer
  const reason = choice.reasons.join('; ')
  emit({ kind: 'choice', requestId, provider, reason, considered: ranked.length })
}

export function failed(
  { discovery, emit }: AnswerComponents,
  progress: Pick<Progress, 'failures'>,
  { provider }: Offer,
  thrown: unknown,
): void {
  const error = asCocoonError(thrown)
  discovery.measurements.recordFailure(provider)
  progress.failures.push({ provider, error })
  const message = `${provider.slice(0, 12)}: ${error.message}`
  emit({ kind: 'warning', code: error.code, message })
}

/** No room for one more request: said before anything of it was sent. */
const BUSY_CODES = new Set(['PROVIDER_BUSY', 'SESSION_TOO_MANY_REQUESTS', 'REQUESTS_TOO_MANY'])

export function isBusy(thrown: unknown): boolean {
  return BUSY_CODES.has(asCocoonError(thrown).code)
}

export function engineFailed(): UnavailableError {
  return new UnavailableError('ENGINE_FAILED', "the provider's engine stopped in the middle")
}
