/** One attempt of a request at one provider: hold, attest, fund, ask, read, settle. */
import type { StoryStore } from '#node/store/peer-store.ts'
import type { StoryWriter } from '#node/why/story-writer.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import type { UnitPrices } from '#protocol/money.ts'
import type { ChatRequest } from '../client-service.ts'
import type { EmitEvent } from '../events.ts'
import { abortable } from './abortable.ts'
import {
  type AttemptsProgress,
  countAttempt,
  type LinkComponents,
  linkAttempt,
  resumedIds,
} from './attempts-progress.ts'
import type { Bill } from './bill.ts'
import { type AwardedProvider, type ChoosingComponents, worstPriceNano } from './choosing.ts'
import { type FundedSession, type FundedSessionComponents, openFunded } from './funded-session.ts'
import type { ClientRequest, SettledReceipt } from './request.ts'
import type { Place } from './waiting-line.ts'
import type { Work } from './work.ts'

export interface AttemptComponents
  extends LinkComponents,
    ChoosingComponents,
    FundedSessionComponents {
  readonly emit: EmitEvent
  readonly store: LinkComponents['store'] & StoryStore
}

/** What is tried, for whom, and where it is kept. */
export interface Attempting<Event> {
  readonly request: Pick<ChatRequest, 'maxTokens' | 'tierMin'>
  readonly only?: AwardedProvider | undefined
  readonly signal: AbortSignal
  readonly work: Work<Event>
  readonly choice: Ranked
  readonly bill: Bill
  readonly story: StoryWriter
  readonly place: Place
}

/** How far it came. */
interface Reached {
  opened?: FundedSession
  asked?: ClientRequest
}

/**
 * A provider without room counts as busy, and as not tried.
 * @throws SettlementError SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
 * @throws the signal's reason
 */
export async function* attempt<Event>(
  parts: AttemptComponents,
  trying: Attempting<Event>,
): AsyncGenerator<Event, 'answered' | 'busy' | 'failed'> {
  const { request, only, signal, work, choice, bill, story } = trying
  const { offer } = choice
  work.check?.(offer)
  const pricesMax = only?.pricesMax ?? offer.prices
  // Durable before anything is signed: the caps hold even if this process dies in the middle.
  const hold = parts.spending.hold(offer.provider, worstNano(request, work.progress, pricesMax))
  story.chose(choice)
  const reached: Reached = {}
  try {
    yield* answered(parts, trying, pricesMax, reached)
    return 'answered'
  } catch (thrown) {
    reached.asked?.cancel()
    tellPayment(story, work.progress, reached)
    if (signal.aborted) throw thrown
    if (isBusy(thrown)) {
      story.busy()
      work.chooser.busy(offer.provider)
      return 'busy'
    }
    countAttempt(work.progress, reached.asked)
    linkAttempt(parts, work.progress, reached.asked)
    recordFailure(parts, work.progress, offer.provider, thrown)
    story.attemptFailed(thrown)
    return 'failed'
  } finally {
    reached.opened?.giveBack()
    bill.settle(hold, reached.asked)
  }
}

async function* answered<Event>(
  parts: AttemptComponents,
  { request, signal, work, choice, story, place }: Attempting<Event>,
  pricesMax: UnitPrices,
  reached: Reached,
): AsyncGenerator<Event> {
  const { progress } = work
  const { ranked } = work.chooser
  const { offer } = choice
  reached.opened = await openFunded(parts, request, progress, offer, pricesMax)
  const { ready } = reached.opened
  const { session } = ready
  story.opened({ ...ready, verdict: session.verdict, channel: session.desk.address })
  signal.throwIfAborted()
  const asked = work.ask(session, offer)
  reached.asked = asked
  place.leave(true)
  story.asked(asked.name, resumedIds(request, progress).length)
  announceChoice(parts, asked.name, choice, ranked)
  progress.requestId ??= asked.name
  yield* work.asked(session, offer)
  let ended: SettledReceipt | undefined
  for await (const event of abortable(asked.events(), signal)) {
    if (event.kind === 'ended') ended = event
    else yield* work.took(event)
  }
  if (ended === undefined) throw engineFailed()
  work.requireWhole(asked, ended)
  countAttempt(progress, asked)
  parts.discovery.measurements.recordSuccess(offer.provider)
  tellPayment(story, progress, reached)
  yield* work.conclude({ choice, ranked, ready, asked, ended }, story)
}

/** The most that the next attempt can cost at these prices. */
function worstNano(
  request: Pick<ChatRequest, 'maxTokens'>,
  progress: AttemptsProgress,
  prices: UnitPrices,
): bigint {
  const resumed = resumedIds(request, progress).length
  return worstPriceNano(prices, {
    promptTokens: progress.promptTokens + resumed,
    completionTokens: request.maxTokens - resumed,
  })
}

/** What this attempt used, and what is promised on its channel by now. */
function tellPayment(
  story: StoryWriter,
  { ids }: AttemptsProgress,
  { opened, asked }: Reached,
): void {
  if (opened === undefined) return
  const { best } = opened.ready.session.desk.state
  const usedNano = asked?.latest?.body.usedNano ?? 0n
  story.paid({ usedNano, voucherNano: best.amountNano, heldTokens: ids.length })
}

function announceChoice(
  { emit }: AttemptComponents,
  requestId: string,
  choice: Ranked,
  ranked: readonly Ranked[],
): void {
  const { provider } = choice.offer
  const reason = choice.reasons.join('; ')
  emit({ kind: 'choice', requestId, provider, reason, considered: ranked.length })
}

function recordFailure(
  { discovery, emit }: AttemptComponents,
  progress: AttemptsProgress,
  provider: string,
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

function isBusy(thrown: unknown): boolean {
  return BUSY_CODES.has(asCocoonError(thrown).code)
}

export function engineFailed(): UnavailableError {
  return new UnavailableError('ENGINE_FAILED', "the provider's engine stopped in the middle")
}
