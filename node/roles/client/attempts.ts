/**
 * One request from question to receipt, whatever is asked for: providers are tried one after the other until
 * one has answered. Every way of asking goes through here, so that money, stories and places in line are kept
 * in one way.
 */
import { StoryWriter } from '#node/why/story-writer.ts'
import { toHex } from '#protocol/bytes.ts'
import type { SettlementError, UnavailableError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import type { ChatRequest, Spent } from '../client-service.ts'
import { ATTEMPTS_MAX } from '../constants.ts'
import { type AttemptComponents, attempt } from './attempt.ts'
import { resumedIds } from './attempts-progress.ts'
import { Bill } from './bill.ts'
import { type AwardedProvider, tierMinOf } from './choosing.ts'
import { noProvider } from './no-provider.ts'
import type { Place } from './waiting-line.ts'
import type { Work } from './work.ts'

/** What a caller says of a request besides the work itself. */
export interface Order {
  readonly request: OrderedRequest
  readonly signal: AbortSignal
  /** Asks this provider alone, at no more than its bid: a line of an awarded job. */
  readonly only?: AwardedProvider | undefined
  /** Called once, when every attempt is over, which may be after the last event. */
  readonly onSpent?: ((spent: Spent) => void) | undefined
}

type OrderedRequest = Pick<
  ChatRequest,
  'model' | 'maxTokens' | 'tierMin' | 'maxPriceNano' | 'callerId'
>

/** What is kept of a request besides its events. */
export interface Keeping {
  readonly bill: Bill
  readonly story: StoryWriter
  readonly place: Place
}

/**
 * @param begin finds everything that is wrong with the request by itself, before anybody is asked
 * @throws what `begin` throws
 * @throws SettlementError PRICE_ABOVE_MAX, SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
 * @throws UnavailableError PROVIDERS_BUSY, NO_PROVIDER; its data names each provider's reason
 */
export async function* attempts<Event>(
  parts: AttemptComponents,
  order: Order,
  begin: () => Promise<Work<Event>>,
): AsyncGenerator<Event> {
  const { request, only, signal, onSpent } = order
  const bill = new Bill()
  const story = new StoryWriter(parts, toHex(parts.crypto.randomBytes(16)), request)
  const place = parts.sessions.waiting.placeFor(waitingKind(request, only))
  try {
    const work = await begin()
    story.began(work.progress.promptTokens)
    yield* tryInTurn(parts, order, work, { bill, story, place })
  } catch (thrown) {
    if (!signal.aborted) story.failed(thrown)
    throw thrown
  } finally {
    place.leave(false)
    story.left()
    void bill.total().then(onSpent)
  }
}

/** Requests of one kind can be answered by the same providers, but for their caps. */
function waitingKind(
  request: Pick<ChatRequest, 'model' | 'tierMin'>,
  only: AwardedProvider | undefined,
): string {
  return [only?.provider ?? 'any', tierMinOf(request), request.model].join(' ')
}

async function* tryInTurn<Event>(
  parts: AttemptComponents,
  order: Order,
  work: Work<Event>,
  keeping: Keeping,
): AsyncGenerator<Event> {
  const { progress, chooser } = work
  const { place } = keeping
  const { signal } = order
  if (place.isBehindOthers) await place.turn(signal)
  for (let tries = 0; tries < ATTEMPTS_MAX; ) {
    signal.throwIfAborted()
    const choice = await choose(work, order)
    if (tries === 0) progress.discoverMs = parts.clock.nowMs() - progress.startedMs
    keeping.story.ranked(chooser.ranked, progress.discoverMs)
    if (choice === undefined) {
      if (!chooser.hasBusy || !(await place.turn(signal))) break
      chooser.retryBusy()
      continue
    }
    const end = yield* attempt(parts, { ...order, ...keeping, work, choice })
    if (end === 'answered') return
    if (end === 'failed') tries++
    // Its ids only spell what was said: nobody can go on from them.
    if (end === 'failed' && choice.offer.textOnly && progress.ids.length > 0) break
  }
  throw refusalOf(work)
}

function choose<Event>(
  { progress, chooser }: Work<Event>,
  { request }: Order,
): Promise<Ranked | undefined> {
  const { usedNano, ids } = progress
  const heldTokens = resumedIds(request, progress).length
  return chooser.next({ heldTokens, usedNano, isBegun: ids.length > 0 })
}

/** Money is the reason only where nothing else is. */
function refusalOf<Event>({ progress, chooser }: Work<Event>): SettlementError | UnavailableError {
  const { usedNano, failures } = progress
  const isMoney = failures.length === 0 && !chooser.hasBusy
  const refusal = isMoney ? chooser.spendRefusal({ heldTokens: 0, usedNano }) : undefined
  return refusal ?? noProvider(progress, chooser)
}
