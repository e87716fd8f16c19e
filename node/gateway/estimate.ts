/** POST /v1/estimate: what a chat or an embedding would cost. Takes its body; asks nobody, moves no coin. */
import { budgetSpent } from '#node/keys/key-rules.ts'
import type { KeyStore } from '#node/keys/key-store.ts'
import type { ChatRequest, EmbedRequest, EstimateView } from '#node/roles/client-service.ts'
import { type Call, withShare } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { chatBodySchema, toChatRequest } from './chat-schema.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { embeddingBodySchema, toEmbedRequest } from './embeddings.ts'
import { jsonResponse } from './json.ts'
import { parseBody, readJson } from './validate.ts'

interface Estimated {
  readonly model: string
  readonly n: number
  readonly estimate: EstimateView
}

export async function answerEstimate(
  call: Call,
  { req }: GatewayContext,
  keys: KeyStore,
): Promise<Response> {
  const { key } = call.caller
  const body = await readJson(req)
  const { model, n, estimate } = await (isEmbedding(body) ? ofTexts : ofChat)(call, body)
  const leftNano = key === undefined ? undefined : keys.leftNano(key)
  if (leftNano !== undefined && estimate.maxPriceNano > leftNano) throw budgetSpent(leftNano)
  return jsonResponse({
    object: 'cocoon.estimate',
    model,
    n,
    prompt_tokens: estimate.promptTokens,
    max_completion_tokens: estimate.completionTokensMax,
    expected_completion_tokens: estimate.expectedCompletionTokens,
    max_price_nano: estimate.maxPriceNano,
    expected_price_nano: estimate.expectedPriceNano,
    dearest_price_nano: estimate.dearestPriceNano,
    offers: estimate.offers.map((offer) => ({
      provider: offer.provider,
      rank: offer.rank,
      accepted: offer.accepted,
      reasons: offer.reasons,
      max_price_nano: offer.estimatedPriceNano,
    })),
  })
}

/** Only the body of an embedding has `input`. */
function isEmbedding(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'input' in body && body.input !== null
}

async function ofChat(call: Call, document: unknown): Promise<Estimated> {
  const { service } = call.parts
  const body = parseBody(chatBodySchema, document)
  const { model, n = 1 } = body
  const tokensMax = await defaultTokensMax(service, model)
  const wanted = withShare(call.capped(toChatRequest(body, tokensMax)), n)
  const estimate = await service.estimate(permitted(call, wanted))
  return { model, n, estimate: times(n, estimate) }
}

async function ofTexts(call: Call, document: unknown): Promise<Estimated> {
  const wanted = call.capped(toEmbedRequest(parseBody(embeddingBodySchema, document)))
  const estimate = await call.parts.service.estimateEmbedding(permitted(call, wanted))
  return { model: wanted.model, n: 1, estimate }
}

/** Within the rate and the limits of the caller's key. Throws as Admission does. */
function permitted<Request extends ChatRequest | EmbedRequest>(
  { caller: { key }, parts: { admission } }: Call,
  wanted: Request,
): Request {
  if (key === undefined) return wanted
  admission.takeRate(key)
  return admission.restrict(key, wanted)
}

/** Of n choices: as many requests, each of which reads the prompt. */
function times(n: number, one: EstimateView): EstimateView {
  const factor = BigInt(n)
  return {
    promptTokens: one.promptTokens * n,
    completionTokensMax: one.completionTokensMax * n,
    expectedCompletionTokens: one.expectedCompletionTokens * n,
    maxPriceNano: one.maxPriceNano * factor,
    expectedPriceNano: one.expectedPriceNano * factor,
    dearestPriceNano: one.dearestPriceNano * factor,
    offers: one.offers.map((offer) => ({
      ...offer,
      estimatedPriceNano: offer.estimatedPriceNano * factor,
    })),
  }
}
