/**
 * One embedding request from texts to receipt: choose, attest, fund, ask. When a provider fails, the next
 * one is asked for all of it again; what both used is counted.
 */
import { StoryWriter } from '#node/why/story-writer.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { EmbedRequest, EmbedResult, EstimateView, Spent } from '../client-service.ts'
import { ATTEMPTS_MAX } from '../constants.ts'
import { abortable } from './abortable.ts'
import {
  type AnswerComponents,
  announceChoice,
  engineFailed,
  failed,
  isBusy,
  type Opened,
  openFor,
  tellPayment,
  waitingKind,
  worstNano,
} from './answer.ts'
import { countAttempt, linkAttempt, noProvider } from './answer-progress.ts'
import { Bill } from './bill.ts'
import { Chooser, worstPriceNano } from './choosing.ts'
import { invalid } from './embedding-answer.ts'
import {
  beginEmbedding,
  checkNumbers,
  type EmbeddingProgress,
  embedResult,
} from './embedding-progress.ts'
import type { ClientRequest, SettledReceipt } from './request.ts'
import type { ReadySession } from './sessions.ts'
import type { Place } from './waiting-line.ts'

const NOTHING = { heldTokens: 0, usedNano: 0n }

/** An embedding has no completion. */
type Priced = EmbedRequest & { readonly maxTokens: 0 }

interface Keeping {
  readonly bill: Bill
  readonly story: StoryWriter
  readonly place: Place
}

/**
 * @throws ConfigError as beginEmbedding
 * @throws SettlementError PRICE_ABOVE_MAX, SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
 * @throws UnavailableError PROVIDERS_BUSY, NO_PROVIDER; its data names each provider's reason
 * @param onSpent called once, when every attempt is over, which may be after this resolved
 */
export async function answerEmbedding(
  parts: AnswerComponents,
  request: EmbedRequest,
  signal: AbortSignal,
  onSpent?: (spent: Spent) => void,
): Promise<EmbedResult> {
  const bill = new Bill()
  const priced: Priced = { ...request, maxTokens: 0 }
  const story = new StoryWriter(parts, toHex(parts.crypto.randomBytes(16)), priced)
  const place = parts.sessions.waiting.placeFor(waitingKind(request, undefined))
  try {
    return await attempts(parts, priced, signal, { bill, story, place })
  } catch (thrown) {
    if (!signal.aborted) story.failed(thrown)
    throw thrown
  } finally {
    place.leave(false)
    story.left()
    void bill.total().then(onSpent)
  }
}

/** Counted and ranked like the request itself; nobody is asked. Throws as `answerEmbedding` does. */
export async function estimateEmbedding(
  parts: AnswerComponents,
  request: EmbedRequest,
): Promise<Pick<EstimateView, 'dearestPriceNano'>> {
  const progress = await beginEmbedding(parts, request)
  const chooser = chooserOf(parts, { ...request, maxTokens: 0 }, progress)
  const best = await chooser.next(NOTHING)
  if (best === undefined) throw chooser.spendRefusal(NOTHING) ?? noProvider(progress, chooser)
  const { promptTokens } = progress
  const costs = chooser.ranked
    .filter((one) => one.accepted)
    .map((one) => worstPriceNano(one.offer.prices, { promptTokens, completionTokens: 0 }))
  return { dearestPriceNano: costs.reduce((most, one) => (one > most ? one : most), 0n) }
}

function chooserOf(
  parts: AnswerComponents,
  request: Priced,
  { model, promptTokens, dimensions }: EmbeddingProgress,
): Chooser {
  const embedding = { dimensions }
  return new Chooser(parts, {
    ...{ request, modelRoot: model.root, promptTokens, embedding },
    only: undefined,
  })
}

async function attempts(
  parts: AnswerComponents,
  request: Priced,
  signal: AbortSignal,
  { bill, story, place }: Keeping,
): Promise<EmbedResult> {
  const progress = await beginEmbedding(parts, request)
  story.began(progress.promptTokens)
  const chooser = chooserOf(parts, request, progress)
  if (place.isBehindOthers) await place.turn(signal)
  for (let tries = 0; tries < ATTEMPTS_MAX; ) {
    signal.throwIfAborted()
    const choice = await chooser.next({ ...NOTHING, usedNano: progress.usedNano })
    story.ranked(chooser.ranked, parts.clock.nowMs() - progress.startedMs)
    if (choice === undefined) {
      if (!chooser.hasBusy || !(await place.turn(signal))) break
      chooser.retryBusy()
      continue
    }
    const { offer } = choice
    checkNumbers(progress.texts, offer.embeddingDimensions)
    const hold = parts.spending.hold(offer.provider, worstNano(request, progress, offer.prices))
    tries++
    story.chose(choice)
    let asked: ClientRequest | undefined
    let opened: Opened | undefined
    try {
      opened = await openFor(parts, request, progress, offer, offer.prices)
      const { ready } = opened
      const { verdict, desk } = ready.session
      story.opened({ ...ready, verdict, channel: desk.address })
      signal.throwIfAborted()
      asked = ask(parts, progress, ready, offer)
      place.leave(true)
      story.asked(asked.name, 0)
      announceChoice(parts, asked.name, choice, chooser.ranked)
      progress.requestId ??= asked.name
      const ended = await whole(asked, progress, signal)
      countAttempt(progress, asked)
      parts.discovery.measurements.recordSuccess(offer.provider)
      tellPayment(story, progress, opened, asked)
      const result = embedResult(parts, progress, offer.provider, ready, ended, asked.vectors)
      story.embedded(result, parts.clock.nowMs() - progress.startedMs)
      return result
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
    } finally {
      opened?.giveBack()
      bill.settle(hold, asked)
    }
  }
  const { usedNano, failures } = progress
  const isMoney = failures.length === 0 && !chooser.hasBusy
  const refusal = isMoney ? chooser.spendRefusal({ ...NOTHING, usedNano }) : undefined
  throw refusal ?? noProvider(progress, chooser)
}

function ask(
  { crypto }: AnswerComponents,
  { body, promptTokens, previous, texts }: EmbeddingProgress,
  { session }: ReadySession,
  { embeddingDimensions: dimensions }: Offer,
): ClientRequest {
  const salts = { requestSalt: crypto.randomBytes(32), responseSalt: crypto.randomBytes(32) }
  return session.ask(
    { body, ...salts, promptTokens, resumeTokenIds: [], previous },
    {
      ...{ completionTokensMax: 0, vocabularySize: 0, topLogprobs: undefined },
      embedding: { texts, dimensions },
    },
  )
}

/** @throws UnavailableError ENGINE_FAILED; ProtocolError VECTOR_INVALID when vectors are missing at the end */
async function whole(
  asked: ClientRequest,
  { texts }: EmbeddingProgress,
  signal: AbortSignal,
): Promise<SettledReceipt> {
  let ended: SettledReceipt | undefined
  for await (const event of abortable(asked.events(), signal)) {
    if (event.kind === 'ended') ended = event
  }
  if (ended?.body.finish !== 'stop') throw engineFailed()
  if (asked.vectors.length !== texts) throw invalid('fewer vectors than texts')
  return ended
}
