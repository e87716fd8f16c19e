/** What a command would cost, shown instead of asking: `run --estimate`, `embed --estimate`. */
import type { EstimateDocument } from '#node/gateway/api-schema.ts'
import { counted, shortProvider } from '#node/text.ts'
import type { CliContext } from './context.ts'

type OfferEstimate = EstimateDocument['offers'][number]

/** Of all requests of a command together (docs/spec/cli.md). Amounts in nanoTON. */
export interface EstimateSum {
  readonly model: string
  readonly requests: number
  readonly promptTokens: number
  readonly completionTokensMax: number
  readonly expectedCompletionTokens: number
  readonly maxPriceNano: bigint
  readonly expectedPriceNano: bigint
  readonly dearestPriceNano: bigint
  readonly offers: readonly {
    readonly provider: string
    readonly accepted: boolean
    readonly reasons: readonly string[]
    readonly estimatedPriceNano: bigint
  }[]
}

/** @param parts of one model; at least one */
export function sumOfEstimates(
  parts: readonly [EstimateDocument, ...EstimateDocument[]],
): EstimateSum {
  const count = (of: (one: EstimateDocument) => number) =>
    parts.reduce((sum, one) => sum + of(one), 0)
  const nano = (of: (one: EstimateDocument) => string) =>
    parts.reduce((sum, one) => sum + BigInt(of(one)), 0n)
  return {
    model: parts[0].model,
    requests: parts.length,
    promptTokens: count((one) => one.prompt_tokens),
    completionTokensMax: count((one) => one.max_completion_tokens),
    expectedCompletionTokens: count((one) => one.expected_completion_tokens),
    maxPriceNano: nano((one) => one.max_price_nano),
    expectedPriceNano: nano((one) => one.expected_price_nano),
    dearestPriceNano: nano((one) => one.dearest_price_nano),
    offers: offersOf(parts),
  }
}

/** In the order of the first request; a provider that refuses one of them is not accepted. */
function offersOf(parts: readonly EstimateDocument[]): EstimateSum['offers'] {
  const byProvider = new Map<string, OfferEstimate[]>()
  for (const offer of parts.flatMap(({ offers }) => offers)) {
    byProvider.set(offer.provider, [...(byProvider.get(offer.provider) ?? []), offer])
  }
  return [...byProvider].map(([provider, offers]) => {
    const refused = offers.find(({ accepted }) => !accepted)
    return {
      provider,
      accepted: refused === undefined && offers.length === parts.length,
      reasons: (refused ?? offers[0]!).reasons,
      estimatedPriceNano: offers.reduce((sum, one) => sum + BigInt(one.max_price_nano), 0n),
    }
  })
}

export function showEstimate(
  estimate: EstimateSum,
  json: boolean,
  { output, coins }: Pick<CliContext, 'output' | 'coins'>,
): void {
  if (json) {
    output.json(estimate)
    return
  }
  const { promptTokens, completionTokensMax, requests, offers } = estimate
  const completion = completionTokensMax === 0 ? '' : ` + at most ${completionTokensMax}`
  const first = offers.find(({ accepted }) => accepted)
  const lines = [
    `tokens   ${promptTokens}${completion}, ${counted(requests, 'request')}`,
    `price    ${coins(estimate.expectedPriceNano)} likely, ${coins(estimate.maxPriceNano)} at most`,
    `dearest  ${coins(estimate.dearestPriceNano)}, by any provider that is acceptable`,
    ...(first === undefined ? [] : [`first    ${shortProvider(first.provider)}`]),
  ]
  output.result(lines.join('\n'))
  output.talk('nobody was asked, and nothing was paid')
}
