/** POST /v1/estimate: what a chat would cost. Takes a chat's body; asks nobody, moves no coin. */

import { budgetSpent } from '#node/keys/key-rules.ts'
import type { KeyStore } from '#node/keys/key-store.ts'
import type { EstimateView } from '#node/roles/client-service.ts'
import { type Call, withShare } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { chatBodySchema, toChatRequest } from './chat-schema.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { jsonResponse } from './json.ts'
import { parseBody, readJson } from './validate.ts'

export async function answerEstimate(
  call: Call,
  { req }: GatewayContext,
  keys: KeyStore,
): Promise<Response> {
  const { service, admission } = call.parts
  const { key } = call.caller
  const body = parseBody(chatBodySchema, await readJson(req))
  const { n = 1 } = body
  const tokensMax = await defaultTokensMax(service, body.model)
  const wanted = withShare(call.capped(toChatRequest(body, tokensMax)), n)
  if (key !== undefined) admission.takeRate(key)
  const request = key === undefined ? wanted : admission.restrict(key, wanted)
  const estimate = times(n, await service.estimate(request))
  const leftNano = key === undefined ? undefined : keys.leftNano(key)
  if (leftNano !== undefined && estimate.maxPriceNano > leftNano) throw budgetSpent(leftNano)
  return jsonResponse({
    object: 'cocoon.estimate',
    model: body.model,
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
