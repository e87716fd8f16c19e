/** What a request would cost: counted and ranked like the request itself, asking and signing nothing. */
import { priceNano } from '#protocol/money.ts'
import type { ChatRequest, EstimateView, ReceiptView } from '../client-service.ts'
import { type AnswerComponents, beginAnswer, routeView } from './answer-progress.ts'
import type { AttemptsProgress } from './attempts-progress.ts'
import { Chooser, worstPriceNano } from './choosing.ts'
import { noProvider } from './no-provider.ts'

/** Receipts of a model that its expected answer length is taken from, newest first. */
const RECEIPTS_LOOKED_AT_MAX = 100

const NOTHING = { heldTokens: 0, usedNano: 0n }

/**
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FILES_MISSING, PROMPT_TOO_LONG
 * @throws SettlementError PRICE_ABOVE_MAX, SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
 * @throws UnavailableError NO_PROVIDER
 */
export async function estimateChat(
  parts: AnswerComponents & { readonly store: { receipts(): readonly Receipt[] } },
  request: ChatRequest,
): Promise<EstimateView> {
  const progress = await beginAnswer(parts, request)
  const { promptTokens, model } = progress
  const chooser = new Chooser(parts, {
    request,
    modelRoot: model.root,
    promptTokens,
    only: undefined,
  })
  const completionTokensMax = request.maxTokens
  const expectedCompletionTokens = expectedTokens(parts.store.receipts(), model.id, request)
  return estimateOf(progress, chooser, { completionTokensMax, expectedCompletionTokens })
}

/**
 * What the chosen provider would take, likely and at most, beside the dearest that is acceptable.
 * @param chooser that has not chosen yet
 * @throws SettlementError, UnavailableError as estimateChat
 */
export async function estimateOf(
  progress: Pick<AttemptsProgress, 'failures' | 'model' | 'promptTokens'>,
  chooser: Chooser,
  {
    completionTokensMax,
    expectedCompletionTokens,
  }: Pick<EstimateView, 'completionTokensMax' | 'expectedCompletionTokens'>,
): Promise<EstimateView> {
  const best = await chooser.next(NOTHING)
  if (best === undefined) throw chooser.spendRefusal(NOTHING) ?? noProvider(progress, chooser)
  const { promptTokens } = progress
  const counts = { promptTokens, completionTokens: completionTokensMax }
  const worst = chooser.ranked
    .filter((one) => one.accepted)
    .map((one) => worstPriceNano(one.offer.prices, counts))
  return {
    promptTokens,
    completionTokensMax,
    offers: chooser.ranked.map(routeView),
    maxPriceNano: worstPriceNano(best.offer.prices, counts),
    expectedCompletionTokens,
    expectedPriceNano: priceNano(best.offer.prices, {
      promptTokens,
      cachedTokens: 0,
      completionTokens: expectedCompletionTokens,
    }),
    dearestPriceNano: worst.reduce((most, one) => (one > most ? one : most), 0n),
  }
}

type Receipt = Pick<ReceiptView, 'model' | 'completionTokens'>

/** The mean length of this client's last answers by the model; without one, all that was asked for. */
function expectedTokens(
  receipts: readonly Receipt[],
  modelId: string,
  { maxTokens }: ChatRequest,
): number {
  const lengths = receipts
    .filter(({ model }) => model === modelId)
    .slice(0, RECEIPTS_LOOKED_AT_MAX)
    .map(({ completionTokens }) => completionTokens)
  if (lengths.length === 0) return maxTokens
  const mean = lengths.reduce((sum, one) => sum + one, 0) / lengths.length
  return Math.min(maxTokens, Math.ceil(mean))
}
